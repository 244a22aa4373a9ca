"""What a redrive keeps: results of branches and items that succeeded, and where the others stood.

It lies in ``Frame.done`` of a Parallel or Map that did not succeed, and only a redrive takes it: a Retry of
the state begins all of it again, as on AWS. A branch or item that did not succeed goes on at the state in
which it failed or was aborted; where that is a Parallel or Map itself, what is kept of it lies inside.
"""

from __future__ import annotations

from typing import Any

from pipecell.local.work.states.frames import Execution, Frame

Kept = dict[str, Any]


def finished(execution: Execution, frame: Frame) -> Kept | None:
    """Return what a state's children have done so far; None where it has none.

    ``outputs``, ``remote`` (child executions that did not succeed) and ``places`` (where other children
    that did not succeed stood) are by index.
    """
    children = execution.children(frame.id)
    if not children or frame.group is None:
        return None
    outputs = {str(child.index): child.output for child in children if child.outcome == "succeeded"}
    remote = {
        str(child.index): {"token": child.token, "redrives": (child.task or {}).get("redrives", 0)}
        for child in children
        if child.token and frame.group.get("remote") and child.outcome != "succeeded"
    }
    places = {
        str(child.index): {
            "state": child.state,
            "input": child.input,
            "variables": child.variables,
            "done": finished(execution, child) or child.done,
        }
        for child in children
        if not frame.group.get("remote") and child.outcome != "succeeded"
    }
    before = frame.done or {}
    started = {str(child.index) for child in children}
    for made, name in ((remote, "remote"), (places, "places")):
        made |= {index: about for index, about in before.get(name, {}).items() if index not in started}
    return {
        "state": frame.state,
        "outputs": outputs,
        "remote": remote,
        "places": places,
        "items": frame.items,
        "map_run": frame.group.get("map_run"),
    }


def mark(frame: Frame, redrives: int) -> None:
    """Let the state that a redrive enters again find what was kept of it; forget what is of another one."""
    if frame.done is not None:
        frame.done = {**frame.done, "redrive": redrives} if frame.done["state"] == frame.state else None


def take(frame: Frame) -> Kept | None:
    """Return what a redrive left for a state that begins, and forget it."""
    found, frame.done = frame.done, None
    return found if found is not None and found.get("redrive") else None


def has(done: Kept | None, index: int) -> bool:
    """Whether a branch or item succeeded before the redrive."""
    return done is not None and str(index) in done["outputs"]


def output(done: Kept | None, index: int) -> Any:
    """Return the output of one that succeeded."""
    return (done or {})["outputs"][str(index)]


def go_on(done: Kept | None, child: Frame) -> None:
    """Let a branch or item go on where it stood."""
    found = (done or {}).get("places", {}).get(str(child.index))
    if done is not None and found is not None:
        child.state, child.input, child.variables = found["state"], found["input"], found["variables"]
        child.done = found["done"]
        mark(child, done["redrive"])


def take_up(done: Kept | None, child: Frame) -> None:
    """Let a child execution that did not succeed be redriven, rather than a new one started."""
    found = (done or {}).get("remote", {}).get(str(child.index))
    if found is not None:
        child.token, child.task = found["token"], {"redrives": found["redrives"] + 1}
