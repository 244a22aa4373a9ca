"""What differs between two definitions of one pipeline, step by step and field by field."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.fields import ABSENT, path_text
from pipecell.definition.document import Document
from pipecell.definition.order import sorted_steps
from pipecell.definition.sagemaker import iterate_steps

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled

_MADE_UP = re.compile(r"[^/]+-[0-9a-f]{16}(?=/)")
_WHOLE = frozenset({"RetryPolicies", "PropertyFiles", "DependsOn", "CacheConfig", "Conditions"})
"""Fields of a step that are said, or not said, as a whole."""


@dataclass(frozen=True)
class Difference:
    """A field that differs.

    Attributes:
        step: the step's name; empty for one of the pipeline itself.
        path: from the step, or the pipeline, downwards.
        wanted: what it was; `ABSENT` where it was not there.
        found: what it would be; `ABSENT` where it would not be there.
    """

    step: str
    path: tuple[str | int, ...]
    wanted: Any
    found: Any

    def __str__(self) -> str:
        at = path_text(self.path)
        return f"{self.step}: {at}" if self.step else at


def canonical(body: Mapping[str, Any]) -> str:
    """Return a definition as text in which nothing depends on the order of cells or of keys."""
    ordered = sorted_steps(body)
    ordered["Parameters"] = sorted(body.get("Parameters") or (), key=lambda each: str(each["Name"]))
    return json.dumps(ordered, sort_keys=True)


def differences(before: Compiled, after: Compiled) -> list[Difference]:
    """Return what differs, the pipeline's own fields first; names made up from the clock do not."""
    known, made = _with_stable_names(before), _with_stable_names(after)
    return [*_of_pipeline(known.body, made.body), *_of_steps(known, made)]


def made_up_names(before: Compiled, after: Compiled) -> list[str]:
    """Return the folders of code that a definition names and that get another made-up name in the other."""
    text, other = json.dumps(before.document.body), json.dumps(after.document.body)
    return [name for name in _stable_names(before) if name in text and name not in other]


def _with_stable_names(compiled: Compiled) -> Document:
    text = json.dumps(compiled.document.body)
    for name, stable in _stable_names(compiled).items():
        text = text.replace(name, stable)
    return replace(compiled.document, body=json.loads(text))


def _stable_names(compiled: Compiled) -> dict[str, str]:
    """Return a name made of what is uploaded below it for each folder whose name the SDK makes up.

    The SDK puts the time into it; pipecell, which cell asked. Neither is part of what the pipeline does.
    """
    below: dict[str, list[str]] = {}
    for upload in compiled.uploads:
        found = _MADE_UP.search(upload.key)
        if found is not None:
            below.setdefault(found[0], []).append(f"{upload.key.partition(found[0])[2]} {upload.digest}")
    return {
        name: f"{name[:-16]}{hashlib.sha256(' '.join(sorted(files)).encode()).hexdigest()[:16]}"
        for name, files in below.items()
    }


def _of_pipeline(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    known, made = ({each["Name"]: each for each in body.get("Parameters") or ()} for body in (before, after))
    for name in sorted(known.keys() | made.keys()):
        yield from _compare("", ("Parameters", name), known.get(name, ABSENT), made.get(name, ABSENT))
    for key in before.keys() | after.keys():
        if key not in ("Parameters", "Steps"):
            yield from _compare("", (key,), before.get(key, ABSENT), after.get(key, ABSENT))


def _of_steps(before: Document, after: Document) -> Iterator[Difference]:
    known, made = ({view.name: _alone(view.body) for view in iterate_steps(each)} for each in (before, after))
    for name in dict.fromkeys([*known, *made]):
        wanted, found = known.get(name, ABSENT), made.get(name, ABSENT)
        if wanted is ABSENT or found is ABSENT:
            yield Difference(name, (), wanted, found)
        else:
            yield from _compare(name, (), wanted, found)


def _alone(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step with the names of the steps in its branches instead of these."""
    if step.get("Type") != "Condition":
        return dict(step)
    arguments = {
        key: [inner["Name"] for inner in value] if key in ("IfSteps", "ElseSteps") else value
        for key, value in step["Arguments"].items()
    }
    return {**step, "Arguments": arguments}


def _compare(step: str, path: tuple[str | int, ...], wanted: Any, found: Any) -> Iterator[Difference]:
    if json.dumps(_plain(wanted), sort_keys=True) == json.dumps(_plain(found), sort_keys=True):
        return
    is_whole = bool(path) and path[-1] in _WHOLE
    if (
        isinstance(wanted, Mapping)
        and isinstance(found, Mapping)
        and not _is_expression(wanted, found)
        and not is_whole
    ):
        for key in dict.fromkeys([*wanted, *found]):
            yield from _compare(step, (*path, key), wanted.get(key, ABSENT), found.get(key, ABSENT))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found) and not is_whole:
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _compare(step, (*path, number), one, other)
    else:
        yield Difference(step, path, wanted, found)


def _is_expression(*values: Mapping[str, Any]) -> bool:
    return any(len(value) == 1 and next(iter(value)).startswith(("Get", "Std:")) for value in values)


def _plain(value: Any) -> Any:
    return "\0absent" if value is ABSENT else value


def uploads_that_differ(before: Compiled, after: Compiled) -> list[str]:
    """Return the URIs of files that only one of two pipelines uploads, or with another content.

    Where the definition names a file's place, the place must be the same. Others the SDK keeps for itself,
    under names that it makes up: there the content must be.
    """
    text = canonical(_with_stable_names(before).body)
    known, made = (_uploads(each) for each in (before, after))
    left = [uri for uri in sorted(known.keys() | made.keys()) if known.get(uri) != made.get(uri)]
    named = [uri for uri in left if any(f'"{place}"' in text for place in places(uri))]
    unnamed = [uri for uri in left if uri not in named]
    contents = [sorted(each[uri] for uri in unnamed if uri in each) for each in (known, made)]
    return named if contents[0] == contents[1] else left


def _uploads(compiled: Compiled) -> dict[str, str]:
    names = _stable_names(compiled)
    found = {}
    for upload in compiled.uploads:
        made_up = _MADE_UP.search(upload.key)
        uri = upload.uri if made_up is None else upload.uri.replace(made_up[0], names[made_up[0]])
        found[uri] = upload.digest
    return found


def places(uri: str) -> Iterator[str]:
    """Yield a file's URI and those of the folders above it that are not all of a pipeline's."""
    bucket, *parts = uri.removeprefix("s3://").split("/")
    for count in range(min(2, len(parts)), len(parts) + 1):
        place = "/".join(["s3:/", bucket, *parts[:count]])
        yield from (place, f"{place}/")
