"""Smallest machines, for the examples of rules."""

from __future__ import annotations

from typing import Any


def machine(**states: Any) -> dict[str, Any]:
    """Return a machine that starts at the first of its states."""
    return {"StartAt": next(iter(states)), "States": states}


DISTRIBUTED: dict[str, Any] = {
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "End": True}},
    }
}
"""The processor of a distributed Map."""


def task(resource: str = "arn:aws:states:::lambda:invoke", **more: Any) -> dict[str, Any]:
    """Return a machine of one Task, named ``A``."""
    return machine(A={"Type": "Task", "Resource": resource, "End": True, **more})


def passing(**more: Any) -> dict[str, Any]:
    """Return a machine of one Pass, named ``A``."""
    return machine(A={"Type": "Pass", "End": True, **more})
