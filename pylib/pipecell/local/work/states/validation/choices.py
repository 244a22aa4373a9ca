"""The rules of a JSONPath Choice: one comparison each, with a value of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.local.work.states.choice import COMBINATIONS, OPERATORS
from pipecell.local.work.states.clock import parse_timestamp
from pipecell.local.work.states.validation.diagnostic import Diagnostic, required, schema


def jsonpath_rule(rule: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    """Yield the problems of a rule and of those that it combines."""
    combined = [name for name in COMBINATIONS if name in rule]
    if combined:
        inner = rule[combined[0]]
        for index, one in enumerate(inner if isinstance(inner, list) else [inner]):
            suffix = f"[{index}]" if isinstance(inner, list) else ""
            here = f"{place}/{combined[0]}{suffix}"
            if isinstance(one, dict):
                yield from jsonpath_rule(one, here)
            else:
                yield schema("Expected value of type Object", here)
        return
    if "Variable" not in rule:
        yield required(["Variable"], place)
    elif not paths.is_path(rule["Variable"]):
        yield schema("Value is not a valid JSONPath", f"{place}/Variable")
    operators = [name for name in rule if name in OPERATORS]
    if len(operators) != 1:
        yield schema("A choice rule must have exactly one comparison operator", place)
    for operator in operators:
        problem = _operand(operator, rule[operator])
        if problem:
            yield schema(problem, f"{place}/{operator}")


def _operand(operator: str, value: Any) -> str | None:
    """Return what is wrong with the value that an operator compares with."""
    if operator.endswith("Path"):
        return None if paths.is_path(value) else "Value is not a valid JSONPath"
    if operator.startswith(("Is", "Boolean")):
        return None if isinstance(value, bool) else "Expected value of type Boolean"
    if operator.startswith("Numeric"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if number else "Expected value of type Number"
    if not isinstance(value, str):
        return "Expected value of type String"
    if operator.startswith("Timestamp") and parse_timestamp(value) is None:
        return "String does not match RFC3339 timestamp"
    return None
