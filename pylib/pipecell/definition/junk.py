"""Shapes that a definition should have and may not: readers here go on with what is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; nothing for what is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def at(value: Any, *keys: str) -> Mapping[str, Any]:
    """Return the object at a way of keys, an empty one where any part of it is missing."""
    for key in keys:
        value = mapping(value).get(key)
    return mapping(value)
