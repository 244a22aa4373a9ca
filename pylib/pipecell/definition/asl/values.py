"""What is known of a JSON value before a run: its keys, or nothing.

A value is an object with the keys that it can have (``open`` when it may have others), a list, a
scalar, or anything at all. Everything here errs on the side of "anything": only a key that no run
can produce counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 12  # loops may nest a value in itself; below this nothing is known


@dataclass(frozen=True)
class Anything:
    """A value of which nothing is known."""


@dataclass(frozen=True)
class Scalar:
    """Text, a number, a boolean or null: nothing is inside."""


@dataclass(frozen=True)
class Items:
    """A list.

    Attributes:
        each: the items where their number is known.
        other: any item, where it is not.
    """

    each: tuple[Value, ...] = ()
    other: Value | None = None


@dataclass(frozen=True)
class Object:
    """An object.

    Attributes:
        fields: the keys that it can have.
        open: whether it may have others as well.
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    open: bool = False


Value = Anything | Scalar | Items | Object
ANYTHING = Anything()
SCALAR = Scalar()
OPEN = Object(open=True)
"""An object of which no key is known, or any other value."""


def closed(**fields: Value) -> Object:
    """Return an object that has these keys and no other."""
    return Object(fields)


def of_json(value: Any) -> Value:
    """Return what a literal is."""
    if isinstance(value, Mapping):
        return Object({str(key): of_json(item) for key, item in value.items()})
    if isinstance(value, list):
        return Items(tuple(map(of_json, value)))
    return SCALAR


def join(first: Value, second: Value) -> Value:
    """Return what a value is that is one of two."""
    if first == second:
        return first
    if isinstance(first, Object) and isinstance(second, Object):
        keys = dict.fromkeys([*first.fields, *second.fields])
        return Object({key: _join_field(key, first, second) for key in keys}, first.open or second.open)
    if isinstance(first, Items) and isinstance(second, Items):
        return Items(other=join_all([*_every(first), *_every(second)]))
    # An object or a scalar: it is the object that can be read.
    if isinstance(first, Scalar) and isinstance(second, Object):
        return second
    if isinstance(second, Scalar) and isinstance(first, Object):
        return first
    return ANYTHING


def join_all(values: Iterable[Value]) -> Value:
    """Return what a value is that is one of several; anything where there is none."""
    result: Value | None = None
    for value in values:
        result = value if result is None else join(result, value)
    return ANYTHING if result is None else result


def at(value: Value, parts: Iterable[str | int]) -> Value | None:
    """Return what is at a definite path; None where no run can have anything there."""
    for part in parts:
        found = _step(value, part)
        if found is None:
            return None
        value = found
    return value


def _step(value: Value, part: str | int) -> Value | None:
    if isinstance(value, Object):
        if isinstance(part, str) and part in value.fields:
            return value.fields[part]
        return ANYTHING if value.open else None
    if isinstance(value, Items):
        return _item(value, part) if isinstance(part, int) else None
    return ANYTHING if isinstance(value, Anything) else None


def put(value: Value, parts: tuple[str | int, ...], new: Value) -> Value:
    """Return a value with another one written at a reference path."""
    if not parts:
        return new
    first, rest = parts[0], parts[1:]
    if isinstance(first, int) or isinstance(value, Items):
        return ANYTHING
    base = value if isinstance(value, Object) else OPEN if isinstance(value, Anything) else Object()
    inner = base.fields.get(first, ANYTHING if base.open else Object())
    return Object({**base.fields, first: put(inner, rest, new)}, base.open)


def keys_of(value: Value) -> list[str]:
    """Return the keys that a value can have."""
    return list(value.fields) if isinstance(value, Object) else []


def shallow(value: Value, depth: int = _DEEPEST) -> Value:
    """Return a value of which nothing is known below a depth, so that loops come to an end."""
    if depth == 0:
        return ANYTHING
    if isinstance(value, Object):
        return Object({key: shallow(item, depth - 1) for key, item in value.fields.items()}, value.open)
    if isinstance(value, Items):
        other = None if value.other is None else shallow(value.other, depth - 1)
        return Items(tuple(shallow(item, depth - 1) for item in value.each), other)
    return value


def _join_field(key: str, first: Object, second: Object) -> Value:
    found = [each.fields[key] for each in (first, second) if key in each.fields]
    if any(each.open and key not in each.fields for each in (first, second)):
        return ANYTHING
    return join_all(found)


def _every(items: Items) -> list[Value]:
    return [*items.each, *([items.other] if items.other is not None else [])]


def _item(items: Items, index: int) -> Value | None:
    if items.other is None and items.each:
        return items.each[index] if -len(items.each) <= index < len(items.each) else None
    return items.other if items.other is not None else ANYTHING
