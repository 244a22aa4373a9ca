"""The functions of a SageMaker definition: ``Get``, ``Std:Join`` and ``Std:JsonGet``.

`find_references` says what a value refers to, without running anything; `resolve` puts the values
in, asking a `Scope` for each. Both know every function, nested in each other or in arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from pipecell.definition.document import CONTAINERS
from pipecell.definition.paths import (
    Key,
    Segment,
    format_path,
    parse_property_path,
    read_path,
)
from pipecell.errors import DefinitionError

__all__ = [
    "Key",
    "Reference",
    "Scope",
    "Segment",
    "find_references",
    "format_path",
    "parse_property_path",
    "read_path",
    "resolve",
    "to_text",
]

ReferenceKind = Literal["parameter", "step", "execution", "unknown"]

GET = "Get"
JOIN = "Std:Join"
JSON_GET = "Std:JsonGet"


@dataclass(frozen=True)
class Reference:
    """One place where a definition refers to something that is known only when it runs.

    Attributes:
        kind: what is referred to; ``unknown`` for a ``Get`` of no known form.
        name: the parameter, step or execution variable; the whole text when unknown.
        property: for a step, the path of the property, for example ``ModelArtifacts.S3ModelArtifacts``;
            ``PropertyFiles.X`` for a property file.
        path: where the reference stands, for example ``Arguments.InputDataConfig[0].DataSource``.
        property_file: name of the property file that ``Std:JsonGet`` reads, else None.
        json_path: path inside that file, or inside the JSON object on S3 whose URI the reference is
            a part of; else None.
    """

    kind: ReferenceKind
    name: str
    property: str = ""
    path: str = ""
    property_file: str | None = None
    json_path: str | None = None


class Scope(Protocol):
    """What references mean during one execution."""

    def parameter(self, name: str) -> Any:
        """Return the bound value of a pipeline parameter."""

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step that has ended."""

    def execution(self, variable: str) -> Any:
        """Return an execution variable, for example ``PipelineExecutionId``."""

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        """Return the value at ``json_path`` of a step's property file."""

    def s3_json(self, uri: str, json_path: str) -> Any:
        """Return the value at ``json_path`` of the JSON object at an S3 URI."""


def function_of(value: Any) -> str | None:
    """Return the function that a value calls (``Get``, ``Std:Join``, ``Std:JsonGet``), else None."""
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        argument = value[key]
        if key == GET and isinstance(argument, str):
            return GET
        if key in (JOIN, JSON_GET) and isinstance(argument, Mapping):
            return str(key)
    return None


def parse_get(text: str) -> tuple[ReferenceKind, str, str]:
    """Split the argument of ``Get`` into kind, name and property.

    ``Steps.Train.ModelArtifacts.Uri`` is ``("step", "Train", "ModelArtifacts.Uri")``.
    """
    head, _, rest = text.partition(".")
    if head == "Parameters" and rest:
        return "parameter", rest, ""
    if head == "Execution" and rest:
        return "execution", rest, ""
    if head == "Steps" and rest:
        end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
        if end:
            return "step", rest[:end], rest[end:].removeprefix(".")
    return "unknown", text, ""


def find_references(value: Any, path: str = "") -> Iterator[Reference]:
    """Yield every reference inside ``value``, in its order, nested functions included.

    Args:
        value: any part of a definition.
        path: where ``value`` stands; the prefix of the paths that are yielded.
    """
    found: list[Reference] = []
    _collect(value, [path] if path else [], found)
    return iter(found)


def _collect(value: Any, trail: list[Segment], found: list[Reference]) -> None:
    if isinstance(value, dict):
        if len(value) == 1 and (function := function_of(value)) is not None:
            if function == GET:
                kind, name, tail = parse_get(value[GET])
                found.append(Reference(kind, name, tail, format_path(trail)))
                return
            if function == JSON_GET:
                _collect_json_get(value[JSON_GET], trail, found)
                return
        for key, item in value.items():
            if isinstance(item, CONTAINERS):
                trail.append(key)
                _collect(item, trail, found)
                trail.pop()
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, CONTAINERS):
                trail.append(index)
                _collect(item, trail, found)
                trail.pop()


def _collect_json_get(call: Mapping[str, Any], trail: list[Segment], found: list[Reference]) -> None:
    """Add the property file that is read, or what the S3 URI is made of."""
    json_path = call.get("Path") if isinstance(call.get("Path"), str) else ""
    target = _property_file(call)
    if target is not None:
        step, file_name = target
        found.append(
            Reference("step", step, f"PropertyFiles.{file_name}", format_path(trail), file_name, json_path)
        )
        return
    start = len(found)
    _collect(dict(call), [*trail, JSON_GET], found)
    found[start:] = [
        reference if reference.json_path is not None else replace(reference, json_path=json_path)
        for reference in found[start:]
    ]


def _property_file(call: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (step, property file) of a ``Std:JsonGet`` call, None when it reads an S3 URI."""
    target = call.get("PropertyFile")
    if function_of(target) != GET or not isinstance(target, Mapping):
        return None
    kind, step, tail = parse_get(target[GET])
    if kind != "step" or not tail.startswith("PropertyFiles"):
        return None
    rest = tail.removeprefix("PropertyFiles")
    # The SDK writes the name bare after the dot, whatever is in it.
    file_name = rest[1:] if rest.startswith(".") else rest.strip("[]'\"")
    return (step, file_name) if file_name else None


def resolve(value: Any, scope: Scope) -> Any:
    """Return ``value`` with every function replaced by what it means in ``scope``.

    The input is not changed. Whatever the scope raises passes through.

    Raises:
        DefinitionError: ``PC111``, a function that cannot be understood.
    """
    if isinstance(value, list):
        return [resolve(item, scope) for item in value]
    if not isinstance(value, Mapping):
        return value
    function = function_of(value)
    if function == GET:
        return _resolve_get(value[GET], scope)
    if function == JOIN:
        return _resolve_join(value[JOIN], scope)
    if function == JSON_GET:
        return _resolve_json_get(value[JSON_GET], scope)
    return {key: resolve(item, scope) for key, item in value.items()}


def _resolve_get(text: str, scope: Scope) -> Any:
    kind, name, tail = parse_get(text)
    if kind == "parameter":
        return scope.parameter(name)
    if kind == "execution":
        return scope.execution(name)
    if kind == "step":
        return scope.step_property(name, tail)
    raise DefinitionError(
        f'"{text}" is not a reference.',
        code="PC111",
        hint="A Get begins with Parameters., Steps. or Execution.",
    )


def _resolve_join(call: Mapping[str, Any], scope: Scope) -> str:
    values = resolve(call.get("Values") or [], scope)
    if not isinstance(values, list):
        values = [values]
    return str(call.get("On") or "").join(to_text(value) for value in values)


def _resolve_json_get(call: Mapping[str, Any], scope: Scope) -> Any:
    json_path = resolve(call.get("Path", ""), scope)
    target = _property_file(call)
    if target is not None:
        return scope.property_file(*target, json_path)
    if call.get("S3Uri") is not None:
        return scope.s3_json(to_text(resolve(call["S3Uri"], scope)), json_path)
    raise DefinitionError(
        "Std:JsonGet reads a PropertyFile or an S3Uri; this one names neither.", code="PC111"
    )


def to_text(value: Any) -> str:
    """Return the string that ``Std:Join`` makes of a value: strings as they are, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)
