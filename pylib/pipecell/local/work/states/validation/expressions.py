"""Paths, payload templates and JSONata in the fields of a state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.definition.asl.intrinsics import is_call
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.validation.diagnostic import (
    INVALID_JSONATA,
    UNSUPPORTED_JSONATA,
    Diagnostic,
    schema,
)

_PATH_FIELDS = ("InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign")
_GROUPS = ("ItemProcessor", "Iterator", "Branches", "Comment")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/", re.DOTALL)
_ROOT = re.compile(r"(?<![\w$])\$\$(?![\w$])")
_ERROR_OUTPUT = re.compile(r"\$states\s*\.\s*errorOutput\b")


def of_jsonpath(body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    """Yield paths and templates of a JSONPath state that cannot be read."""
    for field in _PATH_FIELDS:
        value = body.get(field)
        if value is not None and not (paths.is_path(value) or is_call(value)):
            yield schema("Value is not a valid JSONPath", f"{place}/{field}")
    value = body.get("ResultPath")
    if value is not None and not paths.is_reference_path(value):
        yield schema("Value is not a Reference Path: Illegal use of character", f"{place}/ResultPath")
    for field in _TEMPLATES:
        if field in body:
            yield from _template(body[field], f"{place}/{field}")


def _template(template: Any, place: str) -> Iterator[Diagnostic]:
    if isinstance(template, Mapping):
        for key, value in template.items():
            if not key.endswith(".$"):
                yield from _template(value, f"{place}/{key}")
                continue
            if key[:-2] in template:
                yield schema(f"Only one of '{key[:-2]}' and '{key}' can be given", place)
            if not (paths.is_path(value) or is_call(value)):
                message = (
                    f"The value for the field '{key}' must be a valid JSONPath"
                    " or a valid intrinsic function call"
                )
                yield schema(message, place)
    elif isinstance(template, list):
        for index, item in enumerate(template):
            yield from _template(item, f"{place}[{index}]")


def of_jsonata(value: Any, place: str, *, caught: bool = False) -> Iterator[Diagnostic]:
    """Yield expressions of a JSONata state that cannot be read; groups of states in it are not looked at.

    Args:
        value: the state, or a part of it.
        place: where it stands.
        caught: whether it belongs to a catcher, where ``$states.errorOutput`` is.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _GROUPS:
                yield from of_jsonata(item, f"{place}/{key}", caught=caught or key == "Catch")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from of_jsonata(item, f"{place}[{index}]", caught=caught)
    else:
        text = jsonata.expression(value)
        if text is not None:
            yield from _expression(text, place, caught=caught)


def _expression(text: str, place: str, *, caught: bool) -> Iterator[Diagnostic]:
    problem = jsonata.syntax_error(text)
    if problem:
        yield Diagnostic(INVALID_JSONATA, re.sub(r"^[A-Z]\d{4}: ", "", problem), place)
        return
    plain = _QUOTED.sub('""', text)
    if _ROOT.search(plain):
        yield Diagnostic(UNSUPPORTED_JSONATA, "Reference to '$$' is not supported.", place)
    if not caught and _ERROR_OUTPUT.search(plain):
        message = "Field '$states.errorOutput' does not exist."
        yield Diagnostic(UNSUPPORTED_JSONATA, message, place)
