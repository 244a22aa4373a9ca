"""History events as AWS records them: type, order, details."""

from __future__ import annotations

from typing import Any

#: Most events that a standard execution may record.
EVENT_LIMIT = 25_000

Event = dict[str, Any]

_SHARED_DETAILS = {"StateEntered": "stateEnteredEventDetails", "StateExited": "stateExitedEventDetails"}


def details_key(kind: str) -> str:
    """Return the member of a HistoryEvent that holds the details of an event type."""
    for suffix, key in _SHARED_DETAILS.items():
        if kind.endswith(suffix):
            return key
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def event(
    number: int, previous: int, moment: float, kind: str, details: dict[str, Any] | None = None
) -> Event:
    """Return one event in the shape of GetExecutionHistory.

    Args:
        number: its id, from 1.
        previous: id of the event that led to it.
        moment: epoch seconds.
        kind: event type, such as ``PassStateEntered``.
        details: the members of its details; None for a type that has none.
    """
    made: Event = {"timestamp": moment, "type": kind, "id": number, "previousEventId": previous}
    if details is not None:
        made[details_key(kind)] = details
    return made


def payload(name: str, text: str) -> dict[str, Any]:
    """Return ``{"output": text, "outputDetails": {"truncated": False}}`` for a payload member."""
    return {name: text, f"{name}Details": {"truncated": False}}


def failure_details(error: str | None, cause: str | None, **more: Any) -> dict[str, Any]:
    """Return error and cause, each only where there is one."""
    made = dict(more)
    if error is not None:
        made["error"] = error
    if cause is not None:
        made["cause"] = cause
    return made
