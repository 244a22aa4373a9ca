"""Conditions of written values: those that are decided, or cannot be decided, before any run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.conditions import evaluate
from pipecell.definition.references import find_references
from pipecell.errors import DefinitionError

_SAME_IS_TRUE = frozenset({"Equals", "GreaterThanOrEqualTo", "LessThanOrEqualTo"})
_COMPARISONS = _SAME_IS_TRUE | {"GreaterThan", "LessThan"}


def constant_conditions(subject: Subject) -> Iterator[Finding]:
    """Find conditions that are always true or always false."""
    for step, path, condition in _conditions(subject):
        value = _constant(condition)
        if value is not None:
            never = "ElseSteps" if value else "IfSteps"
            yield Finding(
                f"This condition is always {str(value).lower()}"
                + (f": its {never} never run." if _decides(step.arguments, value) else "."),
                "Compare with a parameter, a property or a value from a step's report.",
                step.name,
                path,
            )


def incomparable(subject: Subject) -> Iterator[Finding]:
    """Find conditions whose written values have no order between them."""
    for step, path, condition in _conditions(subject):
        try:
            _decided(condition)
        except DefinitionError as error:
            if error.code == "PC121":
                yield Finding(error.message, error.hint, step.name, path)


def _conditions(subject: Subject) -> Iterator[tuple[Any, str, Mapping[str, Any]]]:
    """Yield (step, path, condition) of every condition of a list."""
    for step in subject.steps:
        given = step.arguments.get("Conditions") if step.type == "Condition" else None
        for index, condition in enumerate(given if isinstance(given, list) else []):
            if isinstance(condition, Mapping):
                yield step, f"Arguments.Conditions[{index}]", condition


def _decides(arguments: Mapping[str, Any], value: bool) -> bool:
    """Tell whether one constant condition decides the step: a false one does, a true one if it is alone."""
    return not value or len(arguments["Conditions"]) == 1


def _constant(condition: Any) -> bool | None:
    """Return what a condition always is; None where it depends on the run, or cannot be decided."""
    if not isinstance(condition, Mapping):
        return None
    kind, left = str(condition.get("Type")), condition.get("LeftValue")
    if kind in _COMPARISONS and left is not None and left == condition.get("RightValue"):
        return kind in _SAME_IS_TRUE
    if kind == "Or" and isinstance(condition.get("Conditions"), list):
        values = [_constant(inner) for inner in condition["Conditions"]]
        return True if True in values else False if values and set(values) == {False} else None
    try:
        return _decided(condition)
    except DefinitionError:
        return None  # PC120 and PC121 say what is wrong with it


def _decided(condition: Mapping[str, Any]) -> bool | None:
    """Return what a condition of nothing but written values is, None where it refers to something.

    Raises:
        DefinitionError: it cannot be decided.
    """
    if any(True for _ in find_references(dict(condition))):
        return None
    return evaluate([condition], _NOTHING)


class _Nothing:
    """A run that is never asked: conditions with references are not evaluated here."""

    def parameter(self, name: str) -> Any:
        raise DefinitionError(name)

    def step_property(self, step: str, property_path: str) -> Any:
        raise DefinitionError(f"{step}.{property_path}")

    def execution(self, variable: str) -> Any:
        raise DefinitionError(variable)

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        raise DefinitionError(f"{step}.{file_name}.{json_path}")

    def s3_json(self, uri: str, json_path: str) -> Any:
        raise DefinitionError(f"{uri}.{json_path}")


_NOTHING = _Nothing()
_TRUE = {"Type": "GreaterThan", "LeftValue": 1, "RightValue": 0}


def _deciding(condition: Mapping[str, Any]) -> dict[str, Any]:
    return pipeline(a_step("If", "Condition", Conditions=[condition], IfSteps=[], ElseSteps=[]))


RULES = (
    Rule(
        "PC121",
        "error",
        "The condition cannot be decided, and the execution fails.",
        _deciding({**_TRUE, "LeftValue": "high"}),
        incomparable,
    ),
    Rule(
        "PC122",
        "warning",
        "One branch never runs, and nobody is told.",
        _deciding(_TRUE),
        constant_conditions,
    ),
)
