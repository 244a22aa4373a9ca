"""The typed input of an execution: what ``ExecutionInput(schema={...})`` says in a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_TYPES = {str: "String", int: "Integer", float: "Float", bool: "Boolean"}


def schema_types(placeholders: Iterable[Any]) -> dict[str, str]:
    """Return the type of each input by its name; an inner one is ``Outer.Inner``.

    Args:
        placeholders: the SDK's ``ExecutionInput`` objects; later ones win.
    """
    found: dict[str, str] = {}
    for placeholder in placeholders:
        if placeholder.parent is None and placeholder.schema:
            found |= _flat(placeholder.get_schema_as_dict(), "")
    return found


def _flat(schema: Mapping[str, Any], prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, kind in schema.items():
        name = f"{prefix}{key}"
        if isinstance(kind, Mapping):
            found |= _flat(kind, f"{name}.")
        else:
            found[name] = _TYPES.get(kind, "Json")
    return found
