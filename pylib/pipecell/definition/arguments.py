"""A step's arguments as people compare them: a row for each value, as declared and under a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.paths import format_path
from pipecell.definition.references import GET, JOIN, JSON_GET, function_of, parse_get, to_text

Values = Mapping[str, Any]

_NESTED = frozenset({"IfSteps", "ElseSteps", "Branches", "Iterator", "ItemProcessor"})
"""Arguments that hold further steps: those have rows of their own."""


@dataclass(frozen=True)
class Argument:
    """One value somewhere in a step's arguments.

    Attributes:
        path: where it stands, for example ``ResourceConfig.InstanceType``.
        declared: as the definition has it, for people: ``{Parameters.Type}``.
        value: with the values of a profile; references to other steps stay as they are.
        full: its value under the full profile where that differs, else None.
    """

    path: str
    declared: str
    value: str
    full: str | None = None


def arguments(body: Any, values: Values, full: Values) -> tuple[Argument, ...]:
    """Return a row for each value inside of a step's arguments, in the definition's order.

    Args:
        body: the arguments.
        values: parameter values in force.
        full: parameter values of the full profile.
    """
    return tuple(_rows(body, (), values, full))


def _rows(value: Any, trail: tuple[str | int, ...], values: Values, full: Values) -> Iterator[Argument]:
    if isinstance(value, Mapping) and value and function_of(value) is None:
        for key, item in value.items():
            if key not in _NESTED:
                yield from _rows(item, (*trail, key), values, full)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _rows(item, (*trail, index), values, full)
    elif value is not None:
        shown, usual = written(value, values), written(value, full)
        path = format_path(list(trail))
        yield Argument(path, written(value), shown, usual if usual != shown else None)


def written(value: Any, values: Values | None = None) -> str:
    """Return a value for people: references in braces, parameters by their values where those are known."""
    function = function_of(value)
    if function == GET:
        kind, name, _ = parse_get(value[GET])
        if kind == "parameter" and values is not None and name in values:
            return to_text(values[name])
        return f"{{{value[GET]}}}"
    if function == JOIN:
        call = value[JOIN]
        parts = call.get("Values") if isinstance(call.get("Values"), list) else []
        return str(call.get("On") or "").join(written(part, values) for part in parts)
    if function == JSON_GET:
        call = value[JSON_GET]
        source = call.get("PropertyFile") or call.get("S3Uri")
        return f"{written(source, values)}:{written(call.get('Path', ''), values)}"
    return to_text(value)
