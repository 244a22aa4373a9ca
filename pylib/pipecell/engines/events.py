"""What the monitor tells: the difference between two looks at an execution, as typed events.

An event says what is true now, never how to get there, so one that is lost or comes twice does no
harm. Together, the events of two looks hold exactly what differs between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipecell.engines.engine import ExecutionSnapshot, Inside, StepSnapshot


@dataclass(frozen=True)
class StatusChanged:
    """The execution as a whole: its status, its reason, when it began and ended."""

    status: str
    failure_reason: str = ""
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class StepsChanged:
    """Steps that began, went on or ended, as they are now; ``path`` leads to the step they are inside of."""

    steps: tuple[StepSnapshot, ...]
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepsForgotten:
    """Steps that are no longer what ran: a retry begins them anew."""

    names: tuple[str, ...]
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class InsideChanged:
    """What a step started, as it is now, but for its steps: they are told as others are."""

    inside: Inside


@dataclass(frozen=True)
class Unreachable:
    """A look failed, for this reason; the next one may not."""

    reason: str


@dataclass(frozen=True)
class ReachableAgain:
    """A look succeeded after one that failed."""


Event = StatusChanged | StepsChanged | StepsForgotten | InsideChanged | Unreachable | ReachableAgain


def changes(before: ExecutionSnapshot | None, after: ExecutionSnapshot) -> tuple[Event, ...]:
    """Return what differs between two looks; after None, everything does."""
    found: list[Event] = []
    if before is None or _status(before) != _status(after):
        found.append(_status(after))
    found += _steps(before.steps if before is not None else (), after.steps, ())
    earlier = {inside.path: inside for inside in before.inside} if before is not None else {}
    for inside in after.inside:
        known = earlier.pop(inside.path, None)
        if known is None or _frame(known) != _frame(inside):
            found.append(InsideChanged(_frame(inside)))
        found += _steps(known.steps if known is not None else (), inside.steps, inside.path)
    for path, gone in earlier.items():
        found += _steps(gone.steps, (), path)
    return tuple(found)


def _steps(
    before: Sequence[StepSnapshot], after: Sequence[StepSnapshot], path: tuple[str, ...]
) -> Iterator[Event]:
    known = {step.name: step for step in before}
    changed = tuple(step for step in after if known.get(step.name) != step)
    if changed:
        yield StepsChanged(changed, path)
    left = {step.name for step in after}
    forgotten = tuple(name for name in known if name not in left)
    if forgotten:
        yield StepsForgotten(forgotten, path)


def _frame(inside: Inside) -> Inside:
    return replace(inside, steps=())


def _status(snapshot: ExecutionSnapshot) -> StatusChanged:
    return StatusChanged(snapshot.status, snapshot.failure_reason, snapshot.started, snapshot.ended)
