"""A state machine's event history, read as the states that ran."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.engines.engine import StepSnapshot, epoch

_ATTEMPT_FAILED = ("Failed", "TimedOut", "StartFailed", "SubmitFailed", "ScheduleFailed")
_ENDS = {
    "ExecutionFailed": "Failed",
    "ExecutionTimedOut": "Failed",
    "ExecutionAborted": "Stopped",
}


@dataclass
class _State:
    """One state while its events are read; entered again, it starts anew."""

    name: str
    type: str
    started: float | None
    status: str = "Executing"
    ended: float | None = None
    failure_reason: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def read_states(events: Iterable[Mapping[str, Any]]) -> tuple[StepSnapshot, ...]:
    """Return the states that were entered, in the order of their last entry.

    Args:
        events: GetExecutionHistory's events, oldest first.

    Returns:
        A snapshot for each state name. A failed attempt that is retried is Executing again, and a
        failure that was caught ends Succeeded, as the state was left by its Catch.
    """
    states: dict[str, _State] = {}
    state_of: dict[int, _State] = {}
    for event in events:
        kind = event["type"]
        details = _details(event)
        when = epoch(event["timestamp"])
        if kind.endswith("StateEntered"):
            name = details.get("name", "")
            states.pop(name, None)
            state = states[name] = _State(name, kind.removesuffix("StateEntered"), when)
        else:
            found = state_of.get(event.get("previousEventId", 0))
            if kind in _ENDS:
                _end_running(states.values(), found, _ENDS[kind], details, when)
            if found is None:
                continue
            state = found
            _apply(state, kind, details, when)
        state_of[event["id"]] = state
    return tuple(
        StepSnapshot(
            name=state.name,
            type=state.type,
            status=state.status,
            started=state.started,
            ended=state.ended,
            failure_reason=state.failure_reason,
            metadata=state.metadata,
        )
        for state in states.values()
    )


def _apply(state: _State, kind: str, details: Mapping[str, Any], when: float | None) -> None:
    if kind.endswith("StateExited"):
        state.status, state.ended = "Succeeded", when
    elif kind.endswith(_ATTEMPT_FAILED) and not kind.startswith("Execution"):
        state.status, state.failure_reason = "Failed", reason(details)
    elif kind.endswith(("Scheduled", "Started", "Submitted")):
        state.status, state.failure_reason = "Executing", ""
    state.metadata.update(_resources(details))


def _end_running(
    states: Iterable[_State],
    last: _State | None,
    status: str,
    details: Mapping[str, Any],
    when: float | None,
) -> None:
    """End what was running when the execution did: the failed state with its reason, the others too."""
    for state in states:
        if state.ended is not None:
            continue
        state.ended = when
        failed_here = state is last or state.status == "Failed"
        state.status = status if failed_here or status == "Stopped" else "Stopped"
        if failed_here and status == "Failed":
            state.failure_reason = state.failure_reason or reason(details)


def reason(details: Mapping[str, Any]) -> str:
    """Return ``error: cause`` of an event or an execution; empty when there is neither."""
    return ": ".join(part for part in (details.get("error"), details.get("cause")) if part)


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(
        (value for key, value in event.items() if key.endswith("EventDetails") and value is not None), {}
    )


def _resources(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a task works on: its resource, and the ARNs of the job that it submitted."""
    found = {
        word: details[key]
        for key, word in (("resourceType", "ResourceType"), ("resource", "Resource"))
        if details.get(key)
    }
    try:
        output = json.loads(details.get("output") or "null")
    except ValueError:
        output = None  # too long, so cut by the service
    if isinstance(output, dict) and ("resourceType" in details or "resource" in details):
        found |= {
            key: value
            for key, value in output.items()
            if key.endswith("Arn") and isinstance(value, str) and value.startswith("arn:")
        }
    return found
