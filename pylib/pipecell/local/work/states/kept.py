"""What a redrive keeps: results of branches and items that succeeded, and child executions to go on with.

It lies in ``Frame.done`` of a Parallel or Map that did not succeed, and only a redrive takes it: a Retry of
the state begins all of it again, as on AWS.
"""

from __future__ import annotations

from typing import Any

from pipecell.local.work.states.frames import Execution, Frame

Kept = dict[str, Any]


def finished(execution: Execution, frame: Frame) -> Kept | None:
    """Return what a state's children have done so far; None where it has none.

    ``outputs`` and ``tokens`` (of child executions that did not succeed) are by index.
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
    before = {} if frame.done is None else frame.done["remote"]
    started = {str(child.index) for child in children}
    remote |= {index: about for index, about in before.items() if index not in started}
    return {
        "state": frame.state,
        "outputs": outputs,
        "remote": remote,
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


def take_up(done: Kept | None, child: Frame) -> None:
    """Let a child execution that did not succeed be redriven, rather than a new one started."""
    found = (done or {}).get("remote", {}).get(str(child.index))
    if found is not None:
        child.token, child.task = found["token"], {"redrives": found["redrives"] + 1}
