"""The one order of a definition's steps that does not depend on when their cells ran."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.references import find_references


def sorted_steps(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a SageMaker definition with its top-level steps sorted: what a step waits for stands before it.

    Among steps that could come next, the one whose name comes first does. A condition waits for all that its
    branches wait for, and whoever waits for a step in a branch waits for the condition. Branches keep the
    order that the condition gives them. Steps that wait for each other come last, by name.

    Args:
        body: the definition; not changed.
    """
    steps: dict[str, dict[str, Any]] = {str(step["Name"]): step for step in body["Steps"]}
    owner = {inner: name for name, step in steps.items() for inner in _names(step)}
    waits = {
        name: {owner[other] for other in _named(step) if other in owner} - {name}
        for name, step in steps.items()
    }
    followers: dict[str, list[str]] = {}
    for name, needed in waits.items():
        for other in needed:
            followers.setdefault(other, []).append(name)
    open_needs = {name: len(needed) for name, needed in waits.items()}
    ready = [name for name, count in open_needs.items() if count == 0]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for follower in followers.get(name, ()):
            open_needs[follower] -= 1
            if open_needs[follower] == 0:
                heapq.heappush(ready, follower)
    order += sorted(steps.keys() - set(order))
    return {**body, "Steps": [steps[name] for name in order]}


def _children(step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if step.get("Type") != "Condition":
        return []
    return [*step["Arguments"].get("IfSteps", ()), *step["Arguments"].get("ElseSteps", ())]


def _names(step: Mapping[str, Any]) -> Iterator[str]:
    yield str(step["Name"])
    for child in _children(step):
        yield from _names(child)


def _named(step: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of all steps that a step, or one in its branches, refers to or depends on."""
    yield from (reference.name for reference in find_references(step) if reference.kind == "step")
    yield from _depends(step)


def _depends(step: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(name) for name in step.get("DependsOn") or ())
    for child in _children(step):
        yield from _depends(child)
