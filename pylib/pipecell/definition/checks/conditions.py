"""Conditions: of types that SageMaker knows, with what each type needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.conditions import TYPES
from pipecell.errors import did_you_mean

_NEEDS = {"In": ("QueryValue", "Values"), "Or": ("Conditions",), "Not": ()}
_COMPARISON = ("LeftValue", "RightValue")


def conditions(subject: Subject) -> Iterator[Finding]:
    """Find conditions that could never be decided."""
    for step in subject.steps:
        if step.type == "Condition":
            given = step.arguments.get("Conditions")
            for index, condition in enumerate(given if isinstance(given, list) else []):
                for message, hint, path in _faults(condition, f"Arguments.Conditions[{index}]"):
                    yield Finding(message, hint, step.name, path)


def _faults(condition: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(condition, Mapping):
        yield "A condition must be an object.", "", path
        return
    kind = condition.get("Type")
    if kind not in TYPES:
        yield f'"{kind}" is not a condition type.', did_you_mean(str(kind), TYPES), f"{path}.Type"
        return
    for key in _NEEDS.get(kind, _COMPARISON):
        if key not in condition:
            yield f"{kind} needs {key}.", "", path
    if kind == "Not":
        inner = next((key for key in ("Condition", "Expression") if key in condition), None)
        if inner is None:
            yield "Not needs a Condition.", "", path
        else:
            yield from _faults(condition[inner], f"{path}.{inner}")
    if kind == "Or" and isinstance(condition.get("Conditions"), list):
        for index, inner_condition in enumerate(condition["Conditions"]):
            yield from _faults(inner_condition, f"{path}.Conditions[{index}]")


RULES = (
    Rule(
        "PC120",
        "error",
        "AWS refuses the definition.",
        pipeline(a_step("If", "Condition", Conditions=[{"Type": "Equal"}], IfSteps=[], ElseSteps=[])),
        conditions,
    ),
)
