"""A state machine's event history, read as the states that ran.

Events name their predecessor, so each can be put to the visit of a state that it belongs to, however
many branches and iterations write at once. A reader is fed with what is new and never reads twice.

States inside a Map are visited once for each item; they are shown once, with their visits counted. A
state that is visited again on its way, as in a polling loop, is shown as its last visit is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.engines.engine import StepSnapshot, epoch

_ATTEMPT_FAILED = ("Failed", "TimedOut", "StartFailed", "SubmitFailed", "ScheduleFailed")
_BEGUN = ("Scheduled", "Started", "Submitted")
_ENDS = {
    "ExecutionFailed": "Failed",
    "ExecutionTimedOut": "Failed",
    "ExecutionAborted": "Stopped",
}
_ITERATION = {
    "MapIterationSucceeded": "Succeeded",
    "MapIterationFailed": "Failed",
    "MapIterationAborted": "Stopped",
}
_GROUP_ENDS = ("StateSucceeded", "StateFailed", "StateAborted")
_GROUPS = ("Map", "Parallel")
_NAMED_ITEMS = 20  # failed items of a Map that are named


@dataclass(eq=False)
class _Visit:
    """One visit of a state.

    Attributes:
        around: the Parallel or Map that it is inside; None at the top.
        item: index of its iteration, inside a Map.
        items: status of each iteration that a Map has begun, by index.
        total: how many items a Map has, once that is known.
    """

    name: str
    type: str
    started: float | None
    around: _Visit | None = None
    item: int | None = None
    status: str = "Executing"
    ended: float | None = None
    error: str = ""
    cause: str = ""
    attempts: int = 0
    retried: list[str] = field(default_factory=list)
    total: int | None = None
    items: dict[int, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def failure_reason(self) -> str:
        found = _reason(self)
        return f"caught {found}" if found and self.status == "Succeeded" else found

    @property
    def items_inside(self) -> tuple[int, ...] | None:
        """The iterations that it is in, outermost first; None outside of any Map."""
        found: list[int] = []
        visit: _Visit | None = self
        while visit is not None:
            if visit.item is not None:
                found.insert(0, visit.item)
            visit = visit.around
        return tuple(found) or None

    @property
    def map_run(self) -> str | None:
        """The ARN of a distributed Map's run."""
        return self.facts.get("MapRunArn")


@dataclass(frozen=True)
class _Mark:
    """Where an event stands: the visit that it belongs to, and what a state entered after it is inside of."""

    visit: _Visit | None
    around: _Visit | None
    item: int | None


_TOP = _Mark(None, None, None)


class HistoryReader:
    """Reads a history piece by piece."""

    def __init__(self) -> None:
        self._visits: dict[str, list[_Visit]] = {}
        self._marks: dict[int, _Mark] = {}
        self._last = 0

    @property
    def map_runs(self) -> dict[str, str]:
        """Names of distributed Map states that ran, with the ARNs of their last runs."""
        last = {name: visits[-1] for name, visits in self._visits.items()}
        return {name: visit.map_run for name, visit in last.items() if visit.map_run is not None}

    def feed(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take in events, oldest first; those that were taken in before are passed over."""
        for event in events:
            if event["id"] > self._last:
                self._last = event["id"]
                self._marks[event["id"]] = self._read(event, event["type"], _details(event))

    def snapshots(self) -> tuple[StepSnapshot, ...]:
        """Return the states that were entered, in the order of their last entry."""
        return tuple(_folded(visits) for visits in self._visits.values())

    def _read(self, event: Mapping[str, Any], kind: str, details: Mapping[str, Any]) -> _Mark:
        before = self._marks.get(event.get("previousEventId", 0), _TOP)
        when = epoch(event["timestamp"])
        if kind.endswith("StateEntered"):
            return self._entered(kind, details, when, before)
        if kind.endswith("StateExited"):
            return self._exited(details, when, before)
        if kind in _ENDS:
            self._end_running(before.visit, _ENDS[kind], details, when)
        return before if before.visit is None else _inside(kind, details, when, before, before.visit)

    def _entered(self, kind: str, details: Mapping[str, Any], when: float | None, before: _Mark) -> _Mark:
        name = details.get("name", "")
        visit = _Visit(name, kind.removesuffix("StateEntered"), when, before.around, before.item)
        visit.data["Input"] = _json(details.get("input"))
        visits = self._visits.pop(name, [])  # the order is that of the last entry
        self._visits[name] = [*visits, visit]
        return _Mark(visit, before.around, before.item)

    def _exited(self, details: Mapping[str, Any], when: float | None, before: _Mark) -> _Mark:
        visit = before.visit
        while visit is not None and visit.name != details.get("name"):
            visit = visit.around
        if visit is None:
            return before
        visit.status, visit.ended = "Succeeded", when
        visit.data["Output"] = _json(details.get("output"))
        return _Mark(visit, visit.around, visit.item)

    def _end_running(
        self, last: _Visit | None, status: str, details: Mapping[str, Any], when: float | None
    ) -> None:
        """End what was running when the execution did: the failed state with its reason, the others too."""
        for visit in (visit for visits in self._visits.values() for visit in visits):
            if visit.ended is not None:
                continue
            visit.ended = when
            failed_here = visit is last or visit.status == "Failed"
            visit.status = status if failed_here or status == "Stopped" else "Stopped"
            if failed_here and status == "Failed" and not visit.failure_reason:
                visit.error, visit.cause = details.get("error") or "", details.get("cause") or ""


def read_states(events: Iterable[Mapping[str, Any]]) -> tuple[StepSnapshot, ...]:
    """Return the states that a whole history entered.

    A failed attempt that is retried is Executing again, and a failure that was caught ends Succeeded,
    as the state was left by its Catch.
    """
    reader = HistoryReader()
    reader.feed(events)
    return reader.snapshots()


def reason(details: Mapping[str, Any]) -> str:
    """Return ``error: cause`` of an event or an execution; empty when there is neither."""
    return ": ".join(part for part in (details.get("error"), _plain(details.get("cause"))) if part)


def _plain(cause: str | None) -> str:
    """Return what people want of a cause: a function's message, or a job's FailureReason."""
    found = _json(cause)
    if isinstance(found, dict):
        for key in ("errorMessage", "FailureReason"):
            if isinstance(found.get(key), str):
                return str(found[key])
    return cause or ""


def counted(found: Mapping[str, Any]) -> dict[str, int]:
    """Return the iterations of a distributed Map, from the ``itemCounts`` of its run."""
    return {
        "Total": found.get("total", 0),
        "Succeeded": found.get("succeeded", 0),
        "Failed": found.get("failed", 0) + found.get("timedOut", 0),
        "Stopped": found.get("aborted", 0),
        "Executing": found.get("running", 0),
    }


def _inside(kind: str, details: Mapping[str, Any], when: float | None, before: _Mark, visit: _Visit) -> _Mark:
    """Read an event of a state that has been entered and not been left."""
    if kind == "MapIterationStarted":
        around, index = _enclosing(visit, "Map", details.get("name")), details.get("index", 0)
        around.items[index] = "Executing"
        return _Mark(around, around, index)
    if kind in _ITERATION:
        return _iteration_ended(kind, details, when, visit)
    if kind.startswith(_GROUPS) and kind.endswith(_GROUP_ENDS):
        return _group_ended(kind, details, when, visit)
    _apply(visit, kind, details, when)
    if kind == "ParallelStateStarted":
        return _Mark(visit, visit, None)
    return _Mark(visit, before.around, before.item)


def _iteration_ended(kind: str, details: Mapping[str, Any], when: float | None, last: _Visit) -> _Mark:
    around = _enclosing(last, "Map", details.get("name"))
    around.items[details.get("index", 0)] = _ITERATION[kind]
    if last is not around and last.ended is None:
        last.ended, last.status = when, _ITERATION[kind]
    return _Mark(around, around.around, around.item)


def _group_ended(kind: str, details: Mapping[str, Any], when: float | None, last: _Visit) -> _Mark:
    group = _enclosing(last, "Map" if kind.startswith("Map") else "Parallel", None)
    if last is not group and last.ended is None:
        last.ended, last.status = when, "Failed" if kind.endswith("Failed") else "Stopped"
    _apply(group, kind, details, when)
    return _Mark(group, group.around, group.item)


def _enclosing(visit: _Visit, kind: str, name: str | None) -> _Visit:
    """Return the visit of the Map or Parallel that an event inside of it is about."""
    found: _Visit | None = visit
    while found is not None:
        if found.type == kind and name in (None, found.name):
            return found
        found = found.around
    return visit


def _apply(visit: _Visit, kind: str, details: Mapping[str, Any], when: float | None) -> None:
    if kind.endswith(_ATTEMPT_FAILED) and not kind.startswith("Execution"):
        visit.status = "Failed"
        visit.error, visit.cause = details.get("error") or "", details.get("cause") or ""
    elif kind.endswith(_BEGUN):
        if visit.error:
            visit.retried.append(_reason(visit))
        visit.status, visit.ended, visit.error, visit.cause = "Executing", None, "", ""
        visit.attempts += kind.endswith("Scheduled")
    if kind == "MapStateStarted":
        visit.total = details.get("length")
    if kind == "MapRunStarted":
        visit.facts["MapRunArn"] = details.get("mapRunArn")
    visit.facts.update(_resources(details))


def _folded(visits: list[_Visit]) -> StepSnapshot:
    """Return one state from all its visits."""
    last = visits[-1]
    if last.items_inside is None:
        metadata = _metadata(last)
        if len(visits) > 1:
            metadata["Visits"] = len(visits)
        return _snapshot(last, last.status, last.started, last.ended, metadata)
    latest: dict[tuple[int, ...], _Visit] = {}
    for visit in visits:
        latest[visit.items_inside or ()] = visit
    now = list(latest.values())
    counts = Counter(visit.status for visit in now)
    status = next((word for word in ("Executing", "Failed", "Stopped") if counts[word]), "Succeeded")
    shown = next((visit for visit in now if visit.status == status and status != "Succeeded"), last)
    ends = [visit.ended for visit in now]
    metadata = {**_metadata(shown), "Iterations": {"Entered": len(now), **_counts(counts)}}
    starts = [visit.started for visit in visits if visit.started is not None]
    ended = None if None in ends else max(end for end in ends if end is not None)
    return _snapshot(shown, status, min(starts, default=None), ended, metadata)


def _snapshot(
    visit: _Visit, status: str, started: float | None, ended: float | None, metadata: dict[str, Any]
) -> StepSnapshot:
    return StepSnapshot(
        name=visit.name,
        type=visit.type,
        status=status,
        started=started,
        ended=ended,
        failure_reason=visit.failure_reason,
        metadata=metadata,
    )


def _metadata(visit: _Visit) -> dict[str, Any]:
    metadata = dict(visit.facts)
    if visit.attempts > 1:
        metadata["Attempts"] = visit.attempts
    if visit.retried:
        metadata["Retried"] = list(visit.retried)
    if visit.items or visit.total is not None:
        metadata["Iterations"] = {
            "Total": len(visit.items) if visit.total is None else visit.total,
            **_counts(Counter(visit.items.values())),
        }
    failed = sorted(index for index, status in visit.items.items() if status == "Failed")
    if failed:
        metadata["FailedItems"] = failed[:_NAMED_ITEMS]
    if visit.error:
        metadata["Error"] = visit.error
    if visit.cause:
        metadata["Cause"] = visit.cause
    return metadata | {key: value for key, value in visit.data.items() if value is not None}


def _reason(visit: _Visit) -> str:
    return ": ".join(part for part in (visit.error, _plain(visit.cause)) if part)


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {word: counts[word] for word in ("Succeeded", "Failed", "Stopped", "Executing")}


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(
        (value for key, value in event.items() if key.endswith("EventDetails") and value is not None), {}
    )


def _json(text: Any) -> Any:
    """Return what a text is as JSON; the text itself where the service has cut it."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _resources(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a task works on: its resource, its function, and the ARNs of the job that it submitted."""
    found = {
        word: details[key]
        for key, word in (("resourceType", "ResourceType"), ("resource", "Resource"))
        if details.get(key)
    }
    given = _json(details.get("parameters"))
    if isinstance(given, dict) and isinstance(given.get("FunctionName"), str):
        found["FunctionName"] = given["FunctionName"]
    output = _json(details.get("output"))
    if isinstance(output, dict) and ("resourceType" in details or "resource" in details):
        found |= {
            key: value
            for key, value in output.items()
            if key.endswith("Arn") and isinstance(value, str) and value.startswith("arn:")
        }
    return found
