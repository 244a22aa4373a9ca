"""Exports of a compiled pipeline: the definition and all that goes with it, in others' forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.definition.code.places import code_places
from pipecell.definition.export import EXPORT_FORMATS
from pipecell.definition.export.grants import Surroundings
from pipecell.definition.export.policy import Policy, caller_policy, role_policy
from pipecell.definition.export.python import File
from pipecell.definition.parameters import defaults
from pipecell.definition.sagemaker import iterate_steps
from pipecell.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.document import Document

_ARN_COLONS = 4  # arn:PARTITION:SERVICE:REGION:ACCOUNT:…
_MOST_CODE = 256 * 1024
"""Bytes of one file that a script holds: code, not data."""


def require_format(format: str) -> None:  # noqa: A002 - the option's name
    """Refuse a format that there is none of.

    Raises:
        UsageError: it is not one of `EXPORT_FORMATS` (``PC911``).
    """
    if format not in EXPORT_FORMATS:
        raise UsageError(
            f'export cannot write "{format}".', code="PC911", hint=did_you_mean(format, EXPORT_FORMATS)
        )


def export(compiled: Compiled, format: str, *, file: str, several: bool) -> str:  # noqa: A002 - the option's name
    """Return a compiled pipeline in one of the `EXPORT_FORMATS`.

    Args:
        compiled: the pipeline.
        format: one of them.
        file: the notebook or definition that it is from.
        several: that file holds other pipelines, too.
    """
    document = compiled.document
    if format == "python":
        from pipecell.definition.export.python import to_python

        here = surroundings(compiled)
        return to_python(
            document,
            region=compiled.region,
            files=list(_files(compiled)),
            account=here.account,
            role=here.role,
        )
    if format == "github-actions":
        from pipecell.definition.export.workflow import to_workflow

        return to_workflow(document.name, file, region=compiled.region, one_of_several=several)
    return json.dumps(_json(compiled, format), indent=2, ensure_ascii=False) + "\n"


def _json(compiled: Compiled, form: str) -> Any:
    document = compiled.document
    if form == "json":
        return document.body
    role = role_policy(document, defaults(document), surroundings(compiled))
    if form == "policy":
        uploads = [upload.uri for upload in compiled.uploads]
        caller = caller_policy(document, surroundings(compiled), uploads)
        return {"role": role.document(), "caller": caller.document()}
    return _template(compiled, role)


def _template(compiled: Compiled, role: Policy) -> dict[str, Any]:
    from pipecell.definition.export.cloudformation import to_template

    here = surroundings(compiled)
    return to_template(
        compiled.document,
        policy=role,
        account=here.account,
        role=here.role,
        tags=compiled.tags,
        parallelism=compiled.parallelism,
        uploads=[upload.uri for upload in compiled.uploads],
    )


def surroundings(compiled: Compiled) -> Surroundings:
    """Return the account, region and role that a compiled pipeline names."""
    from pipecell.declare.compiled import PLACEHOLDER_ROLE

    role = _role_of(compiled.document) or compiled.role
    if compiled.role != PLACEHOLDER_ROLE:
        role = compiled.role
    return Surroundings(role.split(":")[4], compiled.region or "us-east-1", role)


def _role_of(document: Document) -> str:
    """Return the role that the jobs of a definition run under; empty when it names none."""
    return next(_roles(document.body), "")


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        role = value.get("RoleArn")
        if isinstance(role, str) and role.count(":") > _ARN_COLONS and role.startswith("arn:"):
            yield role
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _roles(item)


def _files(compiled: Compiled) -> Iterator[File]:
    code = {
        place.uri for step in iterate_steps(compiled.document) for place in code_places(dict(step.arguments))
    }
    for upload in compiled.uploads:
        small = isinstance(upload.source, bytes) and len(upload.source) <= _MOST_CODE
        wanted = small or any(uri and upload.uri.startswith(uri) for uri in code)
        content = upload.source if wanted and isinstance(upload.source, bytes) else None
        if content is None and wanted and isinstance(upload.source, Path):
            content = upload.source.read_bytes()
        yield File(upload.bucket, upload.key, content)
