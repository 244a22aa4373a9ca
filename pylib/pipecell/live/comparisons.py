"""What the conditions of a run compared, in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.definition.conditions import describe
from pipecell.definition.references import JSON_GET, Scope, function_of, resolve, to_text
from pipecell.definition.sagemaker import iterate_steps
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pipecell.execution import Execution


def compared(execution: Execution, node_id: str) -> str:
    """Return a condition with the values that it compared, ``0.86 ≥ 0.8``; empty where they are not known."""
    step = next((step for step in iterate_steps(execution.document) if step.name == node_id), None)
    if step is None:
        return ""
    scope = execution.scope
    try:
        return describe([_with_values(condition, scope) for condition in step.arguments["Conditions"]])
    except (PipecellError, KeyError, TypeError):
        return ""  # its words are shown instead


def thresholds(execution: Execution, step: str) -> Mapping[str, float]:
    """Return what conditions compare values of a step's property files with, by JSON path."""
    found: dict[str, float] = {}
    for condition in _conditions(execution):
        left, right = condition.get("LeftValue"), condition.get("RightValue")
        if function_of(left) != JSON_GET or not isinstance(left, Mapping):
            continue
        call = left[JSON_GET]
        owner = (call.get("PropertyFile") or {}).get("Get", "") if isinstance(call, Mapping) else ""
        if not str(owner).startswith(f"Steps.{step}."):
            continue
        try:
            found[str(call.get("Path"))] = float(resolve(right, execution.scope))
        except (PipecellError, KeyError, TypeError, ValueError):
            continue  # known only when another step has ended
    return found


def _conditions(execution: Execution) -> list[Mapping[str, Any]]:
    return [
        condition
        for step in iterate_steps(execution.document)
        if step.type == "Condition"
        for condition in step.arguments.get("Conditions") or ()
        if isinstance(condition, Mapping)
    ]


def _with_values(condition: Any, scope: Scope) -> Any:
    """Return a condition whose operands are values, numbers with as many digits as are worth reading."""
    if isinstance(condition, list):
        return [_with_values(item, scope) for item in condition]
    if not isinstance(condition, Mapping):
        return condition
    if function_of(condition) is not None:
        value = resolve(condition, scope)
        return float(f"{value:.4g}") if isinstance(value, float) else to_text(value)
    return {key: _with_values(item, scope) for key, item in condition.items()}
