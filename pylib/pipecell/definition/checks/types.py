"""Types: what a reference stands for is of the type, and in the form, that its place takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.checks.properties import property_type
from pipecell.definition.checks.shapes import walked
from pipecell.definition.parameters import Parameter
from pipecell.definition.references import GET, JOIN, find_references, function_of, parse_get
from pipecell.definition.shapes import WORDS, Placeholder, Shape, Walk

_NUMBERS = frozenset({"integer", "long", "float", "double"})
_CONTAINERS = frozenset({"structure", "list", "map"})
_OF_PARAMETER = {"String": "string", "Integer": "integer", "Float": "float", "Boolean": "boolean"}


def mismatches(subject: Subject) -> Iterator[Finding]:
    """Find references whose value is of another type than AWS's operation takes there."""
    for step, placeholder in walked(subject).placeholders:
        given = _given(placeholder, subject)
        if given is None:
            continue
        words, kind, parameter = given
        if not _fits(kind, placeholder.shape.type):
            yield Finding(
                f"{words} is {_word(kind)}; {WORDS[placeholder.shape.type]} is needed here.",
                f"Declare it as {_declare(placeholder.shape)}." if parameter else "",
                step.name,
                placeholder.path,
                parameter=parameter,
            )


def unfit_defaults(subject: Subject) -> Iterator[Finding]:
    """Find defaults of parameters that AWS's operation would not take where the parameter stands."""
    told: set[str] = set()
    for step, placeholder in walked(subject).placeholders:
        parameter = _parameter(placeholder.value, subject)
        if parameter is None or parameter.name in told or parameter.default in (None, ""):
            continue
        if not _fits(_OF_PARAMETER.get(parameter.type, ""), placeholder.shape.type):
            continue  # that is what PC134 says
        walk = Walk()
        if isinstance(parameter.default, str) == (placeholder.shape.type == "string"):
            walk.walk(placeholder.shape, parameter.default)
        for fault in walk.faults[:1]:
            told.add(parameter.name)
            yield Finding(
                f'The default of parameter "{parameter.name}" does not fit here: {_lower(fault.message)}',
                fault.hint,
                step.name,
                placeholder.path,
                # A choice that does not exist is a slip; a form may be a stand-in that every run replaces.
                severity="error" if fault.kind == "enum" else "warning",
                parameter=parameter.name,
            )


def _given(placeholder: Placeholder, subject: Subject) -> tuple[str, str, str | None] | None:
    """Return (words for it, its type, the parameter that it is) of a reference; None where unknown."""
    value = placeholder.value
    function = function_of(value)
    if function == JOIN:
        return "A Std:Join", "string", None
    if function != GET:
        return None
    parameter = _parameter(value, subject)
    if parameter is not None:
        kind = _OF_PARAMETER.get(parameter.type)
        return (f'Parameter "{parameter.name}"', kind, parameter.name) if kind else None
    for reference in find_references(value):
        if reference.kind == "execution":
            return f"Execution.{reference.name}", "string", None
        source = subject.by_name.get(reference.name) if reference.kind == "step" else None
        known = property_type(reference, source) if source is not None else None
        if known is not None:
            return f"{reference.name}'s {reference.property}", known.type, None
    return None


def _parameter(value: Any, subject: Subject) -> Parameter | None:
    if function_of(value) != GET:
        return None
    kind, name, _ = parse_get(value[GET])
    return subject.parameters.get(name) if kind == "parameter" else None


def _fits(given: str, wanted: str) -> bool:
    """Tell whether a value of one type can stand where another is wanted; in doubt it can.

    AWS writes numbers and booleans out where text is wanted, and times are texts.
    """
    if given == wanted or "timestamp" in (given, wanted) or given == "":
        return True
    if wanted in _CONTAINERS or given in _CONTAINERS:
        return {given, wanted} <= {"structure", "map"}
    if wanted == "string":
        return True
    if wanted in _NUMBERS:
        return given in _NUMBERS
    return False


def _word(kind: str) -> str:
    return WORDS.get(kind, kind)


def _declare(wanted: Shape) -> str:
    if wanted.type == "boolean":
        return "ParameterBoolean"
    if wanted.type in ("integer", "long"):
        return "ParameterInteger"
    return "ParameterFloat" if wanted.type in _NUMBERS else "ParameterString"


def _lower(message: str) -> str:
    return message.removeprefix("It ")


def _limited(kind: str, default: Any) -> dict[str, Any]:
    limit = {"MaxRuntimeInSeconds": {"Get": "Parameters.Limit"}}
    return pipeline(
        a_step("Train", "Training", StoppingCondition=limit),
        Parameters=[{"Name": "Limit", "Type": kind, "DefaultValue": default}],
    )


RULES = (
    Rule(
        "PC134",
        "error",
        "AWS refuses the job when its step starts.",
        _limited("String", "1 h"),
        mismatches,
    ),
    Rule(
        "PC135",
        "warning",
        "Every run that keeps the default fails when the step starts.",
        _limited("Integer", 0),
        unfit_defaults,
    ),
)
