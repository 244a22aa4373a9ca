"""As much of IAM as the policies here use: is an action on a resource allowed?"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allows(
    policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Tell whether some statement allows an action on a resource, its conditions included."""
    return any(
        any(fnmatchcase(action, pattern) for pattern in _listed(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _listed(statement["Resource"]))
        and _holds(statement.get("Condition") or {}, context or {})
        for statement in policy["Statement"]
    )


def _holds(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    return all(
        key in context and any(fnmatchcase(context[key], pattern) for pattern in _listed(values))
        for operator, pairs in condition.items()
        for key, values in pairs.items()
    )
