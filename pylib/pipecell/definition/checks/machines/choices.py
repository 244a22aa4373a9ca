"""The rules of a Choice: one comparison each, with a value of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl.expressions import expression
from pipecell.definition.asl.machine import State, states
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import machine
from pipecell.errors import did_you_mean

_ORDERED = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "String": (str, "text"),
    "Numeric": ((int, float), "a number"),
    "Boolean": (bool, "true or false"),
    "Timestamp": (str, "a time such as 2026-01-31T08:00:00Z"),
}
OPERATORS: tuple[str, ...] = (
    *(
        f"{kind}{order}{suffix}"
        for kind in ("String", "Numeric", "Timestamp")
        for order in _ORDERED
        for suffix in ("", "Path")
    ),
    "BooleanEquals",
    "BooleanEqualsPath",
    "StringMatches",
    "IsNull",
    "IsPresent",
    "IsNumeric",
    "IsString",
    "IsBoolean",
    "IsTimestamp",
)
"""Every comparison of a JSONPath Choice."""

_COMBINED = ("And", "Or", "Not")
_BESIDE = ("Variable", "Next", "Comment", "Assign", "Output")
_OPERATOR = re.compile(r"(String|Numeric|Boolean|Timestamp)\w+?(Path)?$")


def rules(subject: Subject) -> Iterator[Finding]:
    """Find Choice rules that AWS refuses."""
    for state in states(subject.document):
        if state.type == "Choice":
            for path, rule in state.objects("Choices"):
                yield from _rule(state, rule, path, top=True)


def no_default(subject: Subject) -> Iterator[Finding]:
    """Find Choices that fail where no rule holds."""
    for state in states(subject.document):
        if state.type == "Choice" and "Default" not in state.body and not _covers(state):
            yield Finding(
                "Where no rule holds, the execution fails with States.NoChoiceMatched.",
                'Add "Default": "STATE".',
                state.name,
                "Default",
            )


def _covers(state: State) -> bool:
    """Tell whether two rules are plainly all there is: one asks what the other denies."""
    seen = [
        (rule.get("Variable"), operator, value)
        for _, rule in state.objects("Choices")
        for operator, value in rule.items()
        if operator.startswith(("Is", "Boolean"))
    ]
    return any(
        (variable, operator, not value) in seen
        for variable, operator, value in seen
        if isinstance(value, bool)
    )


def _rule(state: State, rule: Mapping[str, Any], path: str, *, top: bool) -> Iterator[Finding]:
    if top and not isinstance(rule.get("Next"), str):
        yield Finding("A Choice rule says what is next.", "Add Next.", state.name, f"{path}.Next")
    if not top and "Next" in rule:
        yield Finding("Only the outer rule has a Next.", "Remove it here.", state.name, f"{path}.Next")
    if state.jsonata:
        yield from _condition(state, rule, path)
        return
    if "Condition" in rule and "Variable" not in rule:
        return  # the two languages are mixed, and another rule says so
    combined = [key for key in _COMBINED if key in rule]
    if combined:
        yield from _inside(state, rule, path, combined)
        return
    operators = [key for key in rule if key not in _BESIDE]
    if "Variable" not in rule:
        yield Finding(
            "A comparison needs a Variable.",
            'Such as "Variable": "$.status".',
            state.name,
            f"{path}.Variable",
        )
    if not operators:
        yield Finding(
            "The rule compares with nothing.", f"Add an operator, such as {OPERATORS[0]}.", state.name, path
        )
    elif len(operators) > 1:
        yield Finding(
            f"The rule has {len(operators)} comparisons: {', '.join(operators)}.",
            "Join them with And.",
            state.name,
            path,
        )
    for operator in operators:
        yield from _comparison(state, operator, rule[operator], path)


def _inside(state: State, rule: Mapping[str, Any], path: str, combined: list[str]) -> Iterator[Finding]:
    key = combined[0]
    extra = [other for other in rule if other != key and other not in _BESIDE] + (
        ["Variable"] if "Variable" in rule else []
    )
    if extra:
        yield Finding(
            f"A rule with {key} has nothing beside it: {', '.join(extra)}.",
            "Put it inside.",
            state.name,
            path,
        )
    value = rule[key]
    parts = [value] if key == "Not" else value
    if not isinstance(parts, list) or not parts or not all(isinstance(part, Mapping) for part in parts):
        kind = "one rule" if key == "Not" else "a list of rules"
        yield Finding(f"{key} holds {kind}.", "", state.name, f"{path}.{key}")
        return
    for index, part in enumerate(parts):
        yield from _rule(
            state, part, f"{path}.{key}" if key == "Not" else f"{path}.{key}[{index}]", top=False
        )


def _comparison(state: State, operator: str, value: Any, path: str) -> Iterator[Finding]:
    if operator not in OPERATORS:
        yield Finding(
            f'"{operator}" is not a comparison.',
            did_you_mean(operator, OPERATORS),
            state.name,
            f"{path}.{operator}",
        )
        return
    if isinstance(value, str) and "${" in value:
        return
    found = _OPERATOR.match(operator)
    if found is None:
        expected: type | tuple[type, ...] = bool
        words = "true or false"
    elif operator.endswith("Path"):
        expected, words = str, "a path"
    else:
        expected, words = _KINDS[found[1]]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        hint = f"Write {value} without quotes." if isinstance(value, str) else ""
        yield Finding(
            f"{operator} compares with {words}, not {value!r}.", hint, state.name, f"{path}.{operator}"
        )


def _condition(state: State, rule: Mapping[str, Any], path: str) -> Iterator[Finding]:
    condition = rule.get("Condition")
    if condition is None:
        yield Finding(
            "A rule of a JSONata Choice needs a Condition.",
            'Such as "{% $states.input.ok %}".',
            state.name,
            f"{path}.Condition",
        )
    elif not isinstance(condition, bool) and expression(condition) is None:
        yield Finding(
            "A Condition is an expression or a boolean.", 'Write "{% … %}".', state.name, f"{path}.Condition"
        )


_END = {"Type": "Succeed"}

RULES = (
    Rule(
        "PC161",
        "error",
        "AWS refuses the state machine.",
        machine(
            A={
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "NumericGreater": 1, "Next": "B"}],
                "Default": "B",
            },
            B=_END,
        ),
        rules,
        "stepfunctions",
    ),
    Rule(
        "PC530",
        "info",
        "An execution can fail in a Choice.",
        machine(
            A={"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 1, "Next": "B"}]}, B=_END
        ),
        no_default,
        "stepfunctions",
    ),
)
