"""What the monitor tells: the difference between two looks at an execution, as typed events.

An event says what is true now, never how to get there, so one that is lost or comes twice does no
harm. Together, the events of two looks hold exactly what differs between them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipecell.engines.engine import ExecutionSnapshot, StepSnapshot


@dataclass(frozen=True)
class StatusChanged:
    """The execution as a whole: its status, its reason, when it began and ended."""

    status: str
    failure_reason: str = ""
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class StepsChanged:
    """Steps that began, went on or ended, as they are now."""

    steps: tuple[StepSnapshot, ...]


@dataclass(frozen=True)
class StepsForgotten:
    """Steps that are no longer what ran: a retry begins them anew."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Unreachable:
    """A look failed, for this reason; the next one may not."""

    reason: str


@dataclass(frozen=True)
class ReachableAgain:
    """A look succeeded after one that failed."""


Event = StatusChanged | StepsChanged | StepsForgotten | Unreachable | ReachableAgain


def changes(before: ExecutionSnapshot | None, after: ExecutionSnapshot) -> tuple[Event, ...]:
    """Return what differs between two looks; after None, everything does."""
    found: list[Event] = []
    if before is None or _status(before) != _status(after):
        found.append(_status(after))
    known = {step.name: step for step in before.steps} if before is not None else {}
    changed = tuple(step for step in after.steps if known.get(step.name) != step)
    if changed:
        found.append(StepsChanged(changed))
    left = {step.name for step in after.steps}
    forgotten = tuple(name for name in known if name not in left)
    if forgotten:
        found.append(StepsForgotten(forgotten))
    return tuple(found)


def _status(snapshot: ExecutionSnapshot) -> StatusChanged:
    return StatusChanged(snapshot.status, snapshot.failure_reason, snapshot.started, snapshot.ended)
