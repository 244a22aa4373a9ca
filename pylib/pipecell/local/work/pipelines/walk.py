"""The walk over a pipeline's steps, decided without doing anything.

An execution is a plan (which steps there are and what each needs) and a progress (how far each
has come). `advance` looks at both and says what to do next; whoever calls it stores that, does
it, and asks again when something has changed. Nothing here reads a clock, a file or a database,
so the rules can be tested by themselves:

- a step starts once all it needs has succeeded, its condition having chosen its branch;
- a step that needs one that will never start never starts either;
- after a failure nothing more starts, what runs is left to end, and the execution has failed;
- a stop request stops what runs, and the execution has stopped when nothing runs any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pipecell.errors import DefinitionError

StepStatus = Literal["Starting", "Executing", "Stopping", "Stopped", "Failed", "Succeeded"]
"""AWS's words for the status of a step."""

FinalStatus = Literal["Succeeded", "Failed", "Stopped"]
"""How an execution ends."""

ACTIVE = frozenset({"Starting", "Executing", "Stopping"})
"""Statuses of a step that has begun and not ended."""


@dataclass(frozen=True)
class Node:
    """What the walk knows of one step.

    Attributes:
        name: the step's name, unique in its pipeline.
        needs: the steps that must have succeeded before, whatever the reason (data, DependsOn).
        parent: the Condition step whose branch holds this step, None outside of branches.
        branch: which branch of the parent: True for IfSteps, False for ElseSteps.
    """

    name: str
    needs: frozenset[str] = frozenset()
    parent: str | None = None
    branch: bool | None = None


@dataclass(frozen=True)
class Plan:
    """The steps of one execution, each after everything that it needs.

    Attributes:
        nodes: by name, in an order in which needs come first.
        ranks: the place of each step in the definition; steps start in this order.
    """

    nodes: Mapping[str, Node]
    ranks: Mapping[str, int]


@dataclass(frozen=True)
class Progress:
    """How far one step has come.

    Attributes:
        status: its status; a step without progress has not begun.
        outcome: for a Condition step that has ended, the branch it chose.
    """

    status: StepStatus
    outcome: bool | None = None


@dataclass(frozen=True)
class Start:
    """Begin this step."""

    step: str


@dataclass(frozen=True)
class Stop:
    """Ask this running step to stop."""

    step: str


@dataclass(frozen=True)
class Finish:
    """The execution is over."""

    status: FinalStatus


Action = Start | Stop | Finish


def make_plan(nodes: Iterable[Node]) -> Plan:
    """Order nodes, given in the definition's order, so that needs come first.

    Raises:
        DefinitionError: a cycle (``PC140``) or a need that is no step (``PC103``).
    """
    by_name = {node.name: node for node in nodes}
    ranks = {name: rank for rank, name in enumerate(by_name)}
    waiting = {name: _before(node) for name, node in by_name.items()}
    for name, before in waiting.items():
        for need in before:
            if need not in by_name:
                raise DefinitionError(f'There is no step "{need}" to wait for.', code="PC103", step=name)
    after: dict[str, list[str]] = {name: [] for name in by_name}
    for name, before in waiting.items():
        for need in before:
            after[need].append(name)
    missing = {name: len(before) for name, before in waiting.items()}
    ordered = [name for name, count in missing.items() if not count]
    for name in ordered:  # grows while it is walked
        for later in after[name]:
            missing[later] -= 1
            if not missing[later]:
                ordered.append(later)
    if len(ordered) < len(by_name):
        stuck = sorted((name for name, count in missing.items() if count), key=ranks.__getitem__)
        raise DefinitionError(f"These steps wait for each other: {', '.join(stuck)}.", code="PC140")
    return Plan({name: by_name[name] for name in ordered}, ranks)


def _before(node: Node) -> frozenset[str]:
    return node.needs | {node.parent} if node.parent is not None else node.needs


def never_starting(plan: Plan, progress: Mapping[str, Progress]) -> frozenset[str]:
    """Return the steps that are known never to start: on a branch not taken, or behind such a step."""
    excluded: set[str] = set()
    for name, node in plan.nodes.items():
        if node.parent is not None:
            chosen = progress[node.parent].outcome if node.parent in progress else None
            if node.parent in excluded or (chosen is not None and chosen != node.branch):
                excluded.add(name)
                continue
        if not node.needs.isdisjoint(excluded):
            excluded.add(name)
    return frozenset(excluded)


def advance(
    plan: Plan, progress: Mapping[str, Progress], *, limit: int, stopping: bool = False
) -> tuple[Action, ...]:
    """Say what to do next.

    Args:
        plan: the steps.
        progress: how far each has come; a step that has not begun is absent.
        limit: how many steps may run at once, at least 1.
        stopping: whether somebody asked for a stop.

    Returns:
        Steps to start, in the definition's order; or steps to stop; or one `Finish`; or nothing,
        when there is only to wait.
    """
    active = [name for name, step in progress.items() if step.status in ACTIVE]
    failed = any(step.status == "Failed" for step in progress.values())
    if stopping:
        if active:
            return tuple(Stop(name) for name in active if progress[name].status != "Stopping")
        return (Finish(_stopped(plan, progress, failed=failed)),)
    if failed:
        return () if active else (Finish("Failed"),)
    if len(active) < limit:
        ready = _ready(plan, progress)
        if ready:
            return tuple(Start(name) for name in ready[: limit - len(active)])
    return () if active else (Finish("Succeeded"),)


def _stopped(plan: Plan, progress: Mapping[str, Progress], *, failed: bool) -> FinalStatus:
    """Tell how an execution ends that was asked to stop: the request may have come too late."""
    if failed:
        return "Failed"
    cut_short = any(step.status == "Stopped" for step in progress.values())
    return "Stopped" if cut_short or _ready(plan, progress) else "Succeeded"


def _ready(plan: Plan, progress: Mapping[str, Progress]) -> list[str]:
    succeeded = {name for name, step in progress.items() if step.status == "Succeeded"}
    excluded = never_starting(plan, progress)
    ready = [
        name
        for name, node in plan.nodes.items()
        if name not in progress and name not in excluded and _before(node) <= succeeded
    ]
    return sorted(ready, key=plan.ranks.__getitem__)
