"""The conditions of a Condition step: decided during a run, and said in words for people.

The list of a step holds when all of its conditions hold. SageMaker knows Equals, the four
comparisons, In, Not and Or; anything else is an error, never quietly false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipecell.definition.paths import parse_property_path
from pipecell.definition.references import (
    GET,
    JOIN,
    JSON_GET,
    Scope,
    find_references,
    function_of,
    parse_get,
    resolve,
    to_text,
)
from pipecell.errors import DefinitionError

_ORDER: dict[str, tuple[str, Callable[[int], bool]]] = {
    "GreaterThan": (">", lambda order: order > 0),
    "GreaterThanOrEqualTo": ("≥", lambda order: order >= 0),
    "LessThan": ("<", lambda order: order < 0),
    "LessThanOrEqualTo": ("≤", lambda order: order <= 0),
}
TYPES = ("Equals", *_ORDER, "In", "Not", "Or")

_EMPTY_WORDS = frozenset({"value", "Value", "values", "result", "Result"})
"""Last words of a path that say nothing without the word before them."""


def evaluate(conditions: Sequence[Mapping[str, Any]], scope: Scope) -> bool:
    """Tell whether all conditions hold; an empty list holds.

    Raises:
        DefinitionError: an unknown condition type (``PC120``), or values that cannot be compared
            (``PC121``). What the scope raises passes through.
    """
    return all(_holds(condition, scope) for condition in conditions)


def _holds(condition: Any, scope: Scope) -> bool:
    if not isinstance(condition, Mapping):
        raise DefinitionError(f"A condition is an object, not {to_text(condition)}.", code="PC120")
    kind = str(condition.get("Type"))
    if kind == "Equals":
        return _equal(resolve(condition.get("LeftValue"), scope), resolve(condition.get("RightValue"), scope))
    if kind in _ORDER:
        left = resolve(condition.get("LeftValue"), scope)
        right = resolve(condition.get("RightValue"), scope)
        return _ORDER[kind][1](_order(left, right, describe([condition])))
    if kind == "In":
        query = resolve(condition.get("QueryValue"), scope)
        return any(_equal(query, value) for value in _listed(resolve(condition.get("Values"), scope), "In"))
    if kind == "Not":
        return not _holds(_negated(condition), scope)
    if kind == "Or":
        return any(_holds(inner, scope) for inner in _listed(condition.get("Conditions"), "Or"))
    raise DefinitionError(
        f'"{kind}" is not a condition type.', code="PC120", hint=f"SageMaker knows {', '.join(TYPES)}."
    )


def _listed(value: Any, kind: str) -> list[Any]:
    """Return what a condition lists.

    Raises:
        DefinitionError: ``PC120``, it is no list.
    """
    if not isinstance(value, list):
        raise DefinitionError(f"{kind} needs a list, not {to_text(value)}.", code="PC120")
    return value


def _negated(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what ``Not`` negates; the SDK writes ``Condition``, AWS's schema ``Expression``."""
    inner = condition.get("Condition") or condition.get("Expression")
    if not isinstance(inner, Mapping):
        raise DefinitionError("Not needs a Condition.", code="PC120")
    return inner


def _equal(left: Any, right: Any) -> bool:
    numbers = _numbers(left, right)
    if numbers is not None:
        return numbers[0] == numbers[1]
    if isinstance(left, bool) or isinstance(right, bool):
        return to_text(left).lower() == to_text(right).lower()
    return bool(left == right)


def _order(left: Any, right: Any, words: str) -> int:
    """Return -1, 0 or 1 as ``left`` is below, equal to or above ``right``."""
    numbers = _numbers(left, right)
    if numbers is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    raise DefinitionError(f"{words}: {to_text(left)} and {to_text(right)} cannot be compared.", code="PC121")


def _numbers(left: Any, right: Any) -> tuple[float, float] | None:
    """Return both as numbers where one is a number and the other reads as one."""
    if not any(isinstance(v, int | float) and not isinstance(v, bool) for v in (left, right)):
        return None
    converted: list[float] = []
    for value in (left, right):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            converted.append(float(value) if isinstance(value, str) else value)
        except ValueError:
            return None
    return converted[0], converted[1]


def describe(conditions: Sequence[Any], parameters: Mapping[str, Any] | None = None) -> str:
    """Return the conditions in words, for example ``accuracy ≥ 0.8``.

    Args:
        conditions: the list of a Condition step.
        parameters: values to show instead of parameter names; by default the names are shown.
    """
    values = parameters or {}
    return " and ".join(_words(c, values, outer=len(conditions) > 1) for c in conditions) or "always"


def _words(condition: Any, parameters: Mapping[str, Any], *, outer: bool) -> str:
    if not isinstance(condition, Mapping):
        return "?"
    kind = str(condition.get("Type"))
    if kind == "Equals" or kind in _ORDER:
        sign = _ORDER[kind][0] if kind in _ORDER else "="
        sides = [condition.get(key) for key in ("LeftValue", "RightValue")]
        left, right = (operand(side, parameters) for side in sides)
        if left == right:
            left, right = (f"{_owner(side)}{name}" for side, name in zip(sides, (left, right), strict=True))
        return f"{left} {sign} {right}"
    if kind == "In":
        choices = ", ".join(operand(value, parameters) for value in _items(condition.get("Values")))
        return f"{operand(condition.get('QueryValue'), parameters)} in [{choices}]"
    if kind == "Not":
        inner = condition.get("Condition") or condition.get("Expression")
        return f"not ({_words(inner, parameters, outer=False)})"
    if kind == "Or":
        inner_list = _items(condition.get("Conditions"))
        text = " or ".join(_words(inner, parameters, outer=True) for inner in inner_list)
        return f"({text})" if outer and len(inner_list) > 1 else text
    return kind


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def operand(value: Any, parameters: Mapping[str, Any] | None = None) -> str:
    """Return the short name of one side of a condition: ``accuracy``, ``MinAccuracy``, ``0.8``."""
    function = function_of(value)
    if function == GET:
        kind, name, tail = parse_get(value[GET])
        if kind == "step":
            return _last_word(tail) or name
        return to_text((parameters or {}).get(name, name)) if kind == "parameter" else name
    if function == JSON_GET:
        path = value[JSON_GET].get("Path")
        return (_last_word(path) if isinstance(path, str) else "") or "JSON value"
    if function == JOIN:
        call = value[JOIN]
        parts = call.get("Values") if isinstance(call.get("Values"), list) else []
        return str(call.get("On") or "").join(operand(part, parameters) for part in parts)
    return to_text(value)


def _owner(value: Any) -> str:
    """Return the step that a value comes from and a space, empty where there is none."""
    names = [reference.name for reference in find_references(value) if reference.kind == "step"]
    return f"{names[0]} " if names else ""


def _last_word(path: str) -> str:
    """Return the last name of a path that says something: ``metrics.accuracy.value`` is accuracy."""
    try:
        names = [segment for segment in parse_property_path(path) if isinstance(segment, str)]
    except DefinitionError:
        return path
    telling = [name for name in names if name not in _EMPTY_WORDS]
    return str((telling or names or [""])[-1])
