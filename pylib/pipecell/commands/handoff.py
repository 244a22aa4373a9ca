"""How a kernel that ran a notebook for the shell hands over what the notebook declared.

Files in a private folder, because a definition and the files it needs may be large, and because
nothing that the notebook prints can be mistaken for them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell import errors
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled, LambdaFunction
    from pipecell.definition.checks import Diagnostic
    from pipecell.profiles import Profile

READING = "_PIPECELL_READING"
"""Environment variable of a kernel whose notebook is only read: verbs that launch do nothing."""

_MANIFEST = "pipeline.json"
_FIELDS = ("message", "code", "hint", "cell", "step", "path")


def reading() -> bool:
    """Tell whether this kernel only reads a notebook for the shell."""
    return os.environ.get(READING) == "1"


def write(folder: str, name: str | None) -> None:
    """Write a pipeline of this kernel, or the error that compiling it raised, for `read`."""
    target = Path(folder)
    try:
        manifest = _describe(target, name)
    except PipecellError as error:
        manifest = {"error": {"kind": type(error).__name__, **{key: getattr(error, key) for key in _FIELDS}}}
    _write_private(target / _MANIFEST, json.dumps(manifest).encode())


def read(folder: Path) -> tuple[Compiled, tuple[Diagnostic, ...], tuple[Profile, ...]]:
    """Return what `write` wrote: the compiled pipeline, what declaring it found, and its profiles.

    Raises:
        PipecellError: the one that was raised in the kernel.
    """
    from pipecell.declare.compiled import Compiled, Missing, Upload
    from pipecell.definition.checks import Diagnostic
    from pipecell.definition.document import read_document
    from pipecell.definition.notes import Notes
    from pipecell.profiles import Profile

    manifest = json.loads((folder / _MANIFEST).read_bytes())
    if "error" in manifest:
        raise _error(manifest["error"])
    document = read_document(
        manifest["body"],
        name=manifest["name"],
        origin=manifest["origin"],
        cells=manifest["cells"],
        inputs=manifest.get("inputs"),
        notes=Notes.from_json(manifest["notes"]),
    )
    uploads = tuple(
        Upload(
            source=(folder / entry["file"]).read_bytes() if "file" in entry else Path(entry["path"]),
            **{key: entry[key] for key in ("bucket", "key", "digest", "kms_key")},
        )
        for entry in manifest["uploads"]
    )
    compiled = Compiled(
        document,
        uploads,
        tags=tuple(manifest["tags"]),
        role=manifest["role"],
        region=manifest["region"],
        parallelism=manifest["parallelism"],
        input=manifest.get("input"),
        functions=tuple(_function(folder, entry) for entry in manifest["functions"]),
        missing=tuple(Missing(**entry) for entry in manifest["missing"]),
    )
    profiles = tuple(Profile(**entry) for entry in manifest["profiles"])
    return compiled, tuple(Diagnostic(**entry) for entry in manifest["diagnostics"]), profiles


def _describe(folder: Path, name: str | None) -> dict[str, Any]:
    from IPython.core.getipython import get_ipython

    from pipecell.loaded import loaded

    magics = loaded(get_ipython())
    if magics is None:
        raise errors.UsageError(
            "The notebook never loads pipecell.",
            code="PC919",
            hint="Its first cell needs %load_ext pipecell.",
        )
    workspace = magics.workspace
    names = workspace.names()
    if name is None and len(names) > 1:
        raise errors.UsageError(
            f"The notebook declares {len(names)} pipelines.",
            code="PC912",
            hint=f"Choose with --pipeline: {', '.join(names)}.",
        )
    pipeline = workspace.pipeline(name)
    compiled = pipeline.compiled
    uploads = []
    for number, upload in enumerate(compiled.uploads):
        entry: dict[str, Any] = {key: getattr(upload, key) for key in ("bucket", "key", "digest", "kms_key")}
        if isinstance(upload.source, bytes):
            entry["file"] = f"upload-{number}"
            _write_private(folder / entry["file"], upload.source)
        else:
            entry["path"] = str(upload.source.absolute())
        uploads.append(entry)
    return {
        "name": compiled.document.name,
        "origin": compiled.document.origin,
        "body": compiled.document.body,
        "cells": dict(compiled.document.cells),
        "inputs": dict(compiled.document.inputs),
        "notes": compiled.document.notes.to_json(),
        "uploads": uploads,
        "tags": [dict(tag) for tag in compiled.tags],
        "role": compiled.role,
        "region": compiled.region,
        "parallelism": compiled.parallelism,
        "input": compiled.input,
        "functions": [
            _described_function(folder, number, function)
            for number, function in enumerate(compiled.functions)
        ],
        "missing": [asdict(missed) for missed in compiled.missing],
        "profiles": [asdict(profile) for profile in workspace.profiles.changed(pipeline.name)],
        "diagnostics": [
            entry.to_json()
            for entry in (*workspace.declared_diagnostics(pipeline.name), *compiled.diagnostics)
        ],
    }


def _described_function(folder: Path, number: int, function: LambdaFunction) -> dict[str, Any]:
    entry = {key: getattr(function, key) for key in ("name", "arn", "bucket", "key")}
    if function.code is not None:
        entry["file"] = f"function-{number}"
        _write_private(folder / entry["file"], function.code)
    return {**entry, "settings": dict(function.settings)}


def _function(folder: Path, entry: dict[str, Any]) -> LambdaFunction:
    from pipecell.declare.compiled import LambdaFunction

    file = entry.pop("file", None)
    return LambdaFunction(**entry, code=(folder / file).read_bytes() if file else None)


def _error(fields: Mapping[str, Any]) -> PipecellError:
    kind = getattr(errors, fields["kind"], PipecellError)
    details = {key: fields[key] for key in _FIELDS if key != "message"}
    return (
        kind(fields["message"], **details)
        if kind is not errors.CheckFailedError
        else PipecellError(fields["message"], **details)
    )


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read: it may hold what the user's code holds."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
