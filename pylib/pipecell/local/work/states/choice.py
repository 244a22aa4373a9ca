"""The rules of a Choice state, in both query languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.clock import parse_timestamp
from pipecell.local.work.states.evaluate import Environment
from pipecell.local.work.states.failure import NO_CHOICE_MATCHED, Failure, runtime
from pipecell.local.work.states.parse import JSONATA

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: left == right,
    "LessThan": lambda left, right: left < right,
    "GreaterThan": lambda left, right: left > right,
    "LessThanEquals": lambda left, right: left <= right,
    "GreaterThanEquals": lambda left, right: left >= right,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_timestamp(value: Any) -> bool:
    return parse_timestamp(value) is not None


_KINDS: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Numeric": _is_number,
    "Boolean": lambda value: isinstance(value, bool),
    "Timestamp": _is_timestamp,
}

_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": _KINDS["String"],
    "IsNumeric": _is_number,
    "IsBoolean": _KINDS["Boolean"],
    "IsTimestamp": _is_timestamp,
}

#: Every comparison operator: ``StringEquals``, ``NumericLessThanPath``, …
COMPARISONS: dict[str, tuple[str, str]] = {
    **{f"{kind}{order}": (kind, order) for kind in ("String", "Numeric", "Timestamp") for order in _ORDER},
    "BooleanEquals": ("Boolean", "Equals"),
}
OPERATORS: frozenset[str] = frozenset(
    [*COMPARISONS, *(f"{name}Path" for name in COMPARISONS), *_TESTS, "IsPresent", "StringMatches"]
)
COMBINATIONS: frozenset[str] = frozenset({"And", "Or", "Not"})


def choose(
    body: Mapping[str, Any], language: str, data: Any, environment: Environment
) -> tuple[Mapping[str, Any] | None, str]:
    """Return the rule that holds and the state it leads to; None and the Default where none does.

    Raises:
        Failure: ``States.NoChoiceMatched``, or what the evaluation raised.
    """
    for index, rule in enumerate(body["Choices"]):
        if language == JSONATA:
            holds = condition(rule["Condition"], f"Choices[{index}]/Condition", data, environment)
        else:
            holds = holds_in(rule, data, environment)
        if holds:
            return rule, rule["Next"]
    if body.get("Default") is None:
        raise Failure(
            NO_CHOICE_MATCHED, "The choice state could not find a matching choice rule.", located=True
        )
    return None, body["Default"]


def condition(template: Any, location: str, data: Any, environment: Environment) -> bool:
    """Return the boolean of a JSONata rule's Condition."""
    if isinstance(template, bool):
        return template
    value = environment.render(template, location, input=data)
    return bool(jsonata.expect(value, "boolean", template, location))


def holds_in(  # noqa: PLR0911 -- one for each kind of rule
    rule: Mapping[str, Any], data: Any, environment: Environment
) -> bool:
    """Tell whether a JSONPath rule holds."""
    if "And" in rule:
        return all(holds_in(inner, data, environment) for inner in rule["And"])
    if "Or" in rule:
        return any(holds_in(inner, data, environment) for inner in rule["Or"])
    if "Not" in rule:
        return not holds_in(rule["Not"], data, environment)
    operator = next(name for name in rule if name in OPERATORS)
    wanted, path = rule[operator], rule["Variable"]
    if operator == "IsPresent":
        return _present(path, data, environment) is wanted
    value = _read(path, data, environment)
    if operator in _TESTS:
        return _TESTS[operator](value) is wanted
    if operator == "StringMatches":
        return isinstance(value, str) and _pattern(wanted).fullmatch(value) is not None
    name = operator.removesuffix("Path")
    if operator.endswith("Path") and operator not in COMPARISONS:
        wanted = _read(wanted, data, environment)
    kind, order = COMPARISONS[name]
    if not (_KINDS[kind](value) and _KINDS[kind](wanted)):
        return False
    if kind == "Timestamp":
        value, wanted = parse_timestamp(value), parse_timestamp(wanted)
    return _ORDER[order](value, wanted)


def _present(path: str, data: Any, environment: Environment) -> bool:
    try:
        value = environment.select(path, data)
    except paths.PathNotFoundError:
        return False
    return not (
        isinstance(value, list) and not value and paths.parts(path) is None and not path.startswith("$$")
    )


def _read(path: str, data: Any, environment: Environment) -> Any:
    try:
        return environment.select(path, data)
    except paths.PathNotFoundError as error:
        raise runtime(
            f"Invalid path '{path}': The choice state's condition path references an invalid value."
        ) from error


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    r"""Return StringMatches' pattern: ``*`` is any text, ``\\*`` a star, ``\\\\`` a backslash."""
    parts = re.findall(r"\\[\\*]|\*|[^\\*]+|\\", text)
    return re.compile(
        "".join(
            ".*" if part == "*" else re.escape(part[1:] if len(part) > 1 and part[0] == "\\" else part)
            for part in parts
        ),
        re.DOTALL,
    )
