"""Parameters and Arguments of a Task, against AWS's own model of the operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl import models
from pipecell.definition.asl.expressions import expression
from pipecell.definition.asl.machine import State, states
from pipecell.definition.asl.models import Shape
from pipecell.definition.asl.resources import parse_resource
from pipecell.definition.asl.results import LIKE_API
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import task
from pipecell.errors import did_you_mean

_SCALARS = {"string", "integer", "long", "float", "double", "boolean", "timestamp"}
_NESTED = {"structure", "list", "map"}
_SHOWN = 8
_NUMBERS = {"integer", "long", "float", "double"}
_OWN_FIELDS = {"stepfunctions": frozenset({"AssociateWithExecution"})}


def arguments(subject: Subject) -> Iterator[Finding]:
    """Find arguments that an operation does not take, lacks, or takes in another form."""
    for state in states(subject.document):
        key = "Arguments" if state.jsonata else "Parameters"
        given = state.body.get(key, {})
        resource = (
            parse_resource(state.body["Resource"]) if isinstance(state.body.get("Resource"), str) else None
        )
        if (
            state.type != "Task"
            or resource is None
            or resource.kind != "service"
            or not isinstance(given, Mapping)
        ):
            continue
        service = models.service_name(resource.service) if resource.sdk else LIKE_API.get(resource.service)
        found = models.operation(service, resource.action) if service else None
        if found is None:
            continue
        if found.input is None:
            continue
        strict = found.service == "sagemaker"  # elsewhere an object that is given for text is sent as JSON
        if key not in state.body and not found.input.required:
            continue
        look = _Look(state, found.name, strict, _OWN_FIELDS.get(found.service, frozenset()))
        yield from look.structure(given, found.input, key if key in state.body else "")


class _Look:
    def __init__(self, state: State, operation: str, strict: bool, own: frozenset[str]) -> None:
        self._state, self._operation, self._strict, self._own = state, operation, strict, own

    def structure(self, given: Mapping[str, Any], shape: Shape, path: str) -> Iterator[Finding]:
        members = shape.members
        by_name = {name.lower(): name for name in members}
        seen: set[str] = set()
        for key, value in given.items():
            plain = str(key).removesuffix(".$")
            member = by_name.get(plain.lower())
            here = f"{path}.{key}" if path else str(key)
            if member is None:
                if plain not in self._own:
                    yield self._unknown(plain, list(members), here)
                continue
            seen.add(member)
            if plain[:1].islower() and plain != models.pascal(plain):
                yield self._finding(
                    f"{self._operation} takes {models.pascal(member)}, not {plain}.",
                    "Names begin with a capital letter.",
                    here,
                )
            if value is None and member in shape.required:
                yield self._finding(f"{models.pascal(member)} is null.", "Give it a value.", here)
            elif not str(key).endswith(".$"):
                yield from self.value(value, members[member], here)
        missing = [models.pascal(name) for name in shape.required if name not in seen]
        if missing:
            where = path or ("Arguments" if self._state.jsonata else "Parameters")
            verb = "is" if len(missing) == 1 else "are"
            yield self._finding(
                f"{self._operation} needs {' and '.join(missing)}, which {verb} not here.", "", where
            )

    def value(self, value: Any, shape: Shape, path: str) -> Iterator[Finding]:
        if value is None or self._later(value):
            return
        kind = shape.type
        if shape.facts.get("document") or shape.facts.get("jsonvalue") or _is_short_form(value, shape):
            return
        expected, words = (list, "a list") if kind == "list" else (Mapping, "an object")
        if kind in _NESTED and not isinstance(value, expected):
            yield self._wrong(value, words, path)
        elif kind == "structure":
            yield from self.structure(value, shape, path)
        elif kind == "list":
            for index, item in enumerate(value):
                yield from self.value(item, shape.inner("member"), f"{path}[{index}]")
        elif kind == "map":
            for key, item in value.items():
                if not str(key).endswith(".$"):
                    yield from self.value(item, shape.inner("value"), f"{path}.{key}")
        elif kind in _SCALARS:
            yield from self._scalar(value, shape, path)

    def _scalar(self, value: Any, shape: Shape, path: str) -> Iterator[Finding]:
        if isinstance(value, Mapping | list):
            if shape.type != "string" or self._strict:
                yield self._wrong(value, _KINDS.get(shape.type, "text"), path)
            return
        if shape.type in _NUMBERS and not _is_number(value):
            yield self._wrong(value, "a number", path)
            return
        choices = shape.facts.get("enum")
        if choices and isinstance(value, str) and value not in choices:
            hint = did_you_mean(value, choices)
            # A value that resembles none may be newer than the models here.
            yield self._finding(
                f'"{value}" is not a value of {path.rsplit(".", 1)[-1]}.', hint, path, severe=bool(hint)
            )
            return
        yield from self._bounds(value, shape, path)

    def _bounds(self, value: Any, shape: Shape, path: str) -> Iterator[Finding]:
        size = float(value) if shape.type in _NUMBERS else len(value) if isinstance(value, str) else None
        words = "" if shape.type in _NUMBERS else " characters"
        name = path.rsplit(".", 1)[-1]
        least, most = shape.facts.get("min"), shape.facts.get("max")
        if size is not None and most is not None and size > most:
            yield self._finding(
                f"{name} has at most {most:,}{words}; here it is {size:g}."
                if words
                else f"{name} is at most {most:,}, not {value}.",
                "",
                path,
            )
        elif size is not None and least is not None and size < least:
            yield self._finding(
                f"{name} has at least {least:,}{words}."
                if words
                else f"{name} is at least {least:,}, not {value}.",
                "",
                path,
            )

    def _later(self, value: Any) -> bool:
        """Tell whether a value is known only in a run, or when CloudFormation fills it in."""
        return isinstance(value, str) and (
            "${" in value or (self._state.jsonata and expression(value) is not None)
        )

    def _unknown(self, name: str, members: list[str], path: str) -> Finding:
        known = [models.pascal(member) for member in members]
        hint = did_you_mean(name, known) or (
            f"It takes {', '.join(known[:_SHOWN])}{'…' if len(known) > _SHOWN else ''}." if known else ""
        )
        return self._finding(f'{self._operation} takes no "{name}" here.', hint, path)

    def _wrong(self, value: Any, words: str, path: str) -> Finding:
        shown = (
            "an object"
            if isinstance(value, Mapping)
            else "a list"
            if isinstance(value, list)
            else repr(value)
        )
        return self._finding(f"{path.rsplit('.', 1)[-1]} is {words}, not {shown}.", "", path)

    def _finding(self, message: str, hint: str, path: str, *, severe: bool = True) -> Finding:
        return Finding(message, hint, self._state.name, path, None if severe else "warning")


_KINDS = {"boolean": "true or false", "timestamp": "a time", **dict.fromkeys(_NUMBERS, "a number")}


def _is_short_form(value: Any, shape: Shape) -> bool:
    """Tell whether a DynamoDB value is written without its type: ``"done"`` for ``{"S": "done"}``."""
    return not isinstance(value, Mapping) and {"S", "N", "BOOL"} <= set(shape.facts.get("members", ()))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        try:
            float(value)  # Step Functions reads numbers that are written as text
        except ValueError:
            return False
        return True
    return isinstance(value, int | float)


RULES = (
    Rule(
        "PC290",
        "error",
        "AWS refuses the state machine, or the call.",
        task("arn:aws:states:::sagemaker:createModel", Parameters={"ModelNam": "m"}),
        arguments,
        "stepfunctions",
    ),
)
