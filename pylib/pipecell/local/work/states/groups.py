"""Parallel and Map: children are frames (or child executions), counted until the last one ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.local.work.states import items as item_readers
from pipecell.local.work.states import jsonata, kept
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import (
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    QUERY_EVALUATION_ERROR,
    Failure,
    runtime,
)
from pipecell.local.work.states.flow import Activation
from pipecell.local.work.states.frames import Effect
from pipecell.local.work.states.history import failure_details

if TYPE_CHECKING:
    from pipecell.local.work.states.frames import Frame
    from pipecell.local.work.states.machine import Turn

#: Items that AWS runs at once where MaxConcurrency is 0.
INLINE_CONCURRENCY, DISTRIBUTED_CONCURRENCY = 40, 10_000
#: Child executions that run at once on this machine, whatever is allowed.
_LOCAL_CONCURRENCY = 200
_ABORTABLE = frozenset({"Task", "Wait", "Parallel", "Map"})
_PERCENT = 100


# -------------------------------------------------------------------------------------- Parallel
def begin_parallel(turn: Turn, frame: Frame) -> None:
    """Start every branch of a Parallel; after a redrive, those that had not succeeded."""
    done = kept.take(frame)
    work = turn.activation(frame)
    arguments = work.arguments()
    turn.emit(frame, "ParallelStateStarted")
    branches = work.body["Branches"]
    frame.phase = "children"
    frame.group = {"total": len(branches), "running": len(branches), "ended": 0, "failed": 0}
    turn.touch(frame, fresh=True)
    for index in range(len(branches)):
        child = turn.new_frame(frame.id, index, (*frame.scope, frame.state, "Branches", index), arguments)
        child.previous = frame.previous
        if kept.has(done, index):
            _keep(turn, frame, child, done)
        else:
            kept.go_on(done, child)
    if frame.group["ended"] == len(branches):
        _complete(turn, frame)


# ------------------------------------------------------------------------------------------- Map
def begin_map(turn: Turn, frame: Frame) -> None:
    """Start a Map: find its items, or ask for them."""
    done = kept.take(frame)
    frame.done = done
    work = turn.activation(frame)
    body, distributed = work.body, work.state.distributed
    reader = body.get("ItemReader") if done is None else None
    found = done["items"] if done is not None else [] if reader else items_of(work)
    limit = int(work.number("MaxConcurrency") or 0)
    if limit < 0:
        raise runtime("MaxConcurrency cannot be negative.")
    turn.emit(frame, "MapStateStarted", {"length": len(found)})
    bound = _LOCAL_CONCURRENCY if distributed else INLINE_CONCURRENCY
    group: dict[str, Any] = {"total": 0, "started": 0, "running": 0, "ended": 0, "failed": 0}
    group["limit"] = min(limit or bound, bound)
    frame.phase, frame.group = "children", group
    if distributed:
        _start_map_run(turn, frame, work, group, limit)
    turn.touch(frame, fresh=True)
    if reader:
        group["token"] = turn.world.token()
        request = item_readers.request(reader, work)
        turn.emit(frame, "MapRunStarted", {"mapRunArn": group["map_run"]})
        turn.effects.append(Effect("read_items", frame.id, group["token"], request))
        return
    if distributed and done is not None:
        group["redrives"] = done["redrive"]
        details = {"mapRunArn": group["map_run"], "redriveCount": done["redrive"]}
        turn.emit(frame, "MapRunRedriven", details)
    elif distributed:
        turn.emit(frame, "MapRunStarted", {"mapRunArn": group["map_run"]})
    _take_items(turn, frame, work, found)


def items_of(work: Activation) -> list[Any]:
    """Return what a Map without ItemReader iterates over."""
    body = work.body
    if work.state.jsonata:
        if "Items" not in body:
            if not isinstance(work.input, list):
                raise Failure(
                    QUERY_EVALUATION_ERROR,
                    f"Map state input must be an array but was: {dumps(work.input)}",
                    located=True,
                    location="",
                )
            return work.input
        found = work.environment.render(body["Items"], "Items", input=work.input)
        if not isinstance(body["Items"], list):
            jsonata.expect(found, "array", body["Items"], "Items")
        work.trace["afterItemsPointer"] = found
        return list(found)
    path = body.get("ItemsPath", "$")
    found = work.environment.path(path, work.effective_input())
    if not isinstance(found, list):
        shown = path[1:] if path.startswith("$$") else path
        raise runtime(f'Reference path "{shown}" must point to array.')
    work.trace["afterItemsPath"] = found
    return found


def _start_map_run(turn: Turn, frame: Frame, work: Activation, group: dict[str, Any], limit: int) -> None:
    count, percentage = tolerance(work)
    execution = turn.execution
    label = work.body.get("Label") or frame.state.replace(" ", "")[:_PERCENT]
    place, name = execution.machine_arn.rsplit(":stateMachine:", 1)
    group.update(
        remote=True,
        map_run=(frame.done or {}).get("map_run")
        or f"{place}:mapRun:{name.split('/')[0]}/{label}:{uuid.uuid4()}",
        tolerated_count=count,
        tolerated_percentage=percentage,
        max_concurrency=limit,
        label=label,
    )


def tolerance(work: Activation) -> tuple[float | None, float | None]:
    """Return how many items of a distributed Map may fail: a count and a percentage."""
    count = work.number("ToleratedFailureCount")
    if count is not None and count < 0:
        raise runtime("ToleratedFailureCount cannot be negative.")
    percentage = work.number("ToleratedFailurePercentage", kind="float")
    if percentage is not None and not 0 <= percentage <= _PERCENT:
        raise runtime("ToleratedFailurePercentage must be between 0 and 100.")
    return count, percentage


def _take_items(turn: Turn, frame: Frame, work: Activation, found: list[Any]) -> None:
    group = _group(frame)
    if "ItemBatcher" in work.body and frame.done is not None:
        group["batched"] = True  # what was kept are batches already
    elif "ItemBatcher" in work.body:
        chosen = [_input_of(work, index, value) for index, value in enumerate(found)]
        group["items"] = len(found)
        found = item_readers.batches(chosen, work)
        group["batched"] = True
    frame.items = found
    group.update(total=len(found), stage="running")
    group["prev"] = group["last"] = frame.previous
    turn.touch(frame, fresh=True)
    _go_on(turn, frame)


def _go_on(turn: Turn, frame: Frame) -> None:
    """Start what may start; leave the Map where nothing is left."""
    _start_items(turn, frame)
    group = _group(frame)
    if group["ended"] == group["total"]:
        _all_ended(turn, frame)


def _keep(turn: Turn, frame: Frame, child: Frame, done: dict[str, Any] | None) -> None:
    """Count a branch or item as one that succeeded before the redrive."""
    group = _group(frame)
    group["running"] -= 1
    group["ended"] += 1
    child.phase, child.outcome, child.output = "ended", "succeeded", kept.output(done, child.index)
    turn.touch(child, fresh=True)


def _input_of(work: Activation, index: int, value: Any) -> Any:
    """Return what an item's run gets: the item, or what ItemSelector makes of it."""
    body = work.body
    selector = body.get("ItemSelector", body.get("Parameters"))
    if selector is None:
        return value
    old = work.environment.context
    work.environment.context = {**old, "Map": {"Item": {"Index": index, "Value": value}}}
    try:
        if work.state.jsonata:
            return work.environment.render(selector, "ItemSelector", input=work.input)
        return work.environment.template(selector, work.effective_input())
    finally:
        work.environment.context = old


def _start_items(turn: Turn, frame: Frame) -> None:
    """Start as many items as may run at once."""
    group, state = _group(frame), turn.state_of(frame)
    assert frame.items is not None  # noqa: S101 - set before any item starts
    work = turn.activation(frame)
    key = "ItemProcessor" if "ItemProcessor" in state.body else "Iterator"
    scope = (*frame.scope, frame.state, key)
    remote = bool(group.get("remote"))
    while group["started"] < group["total"] and group["running"] < group["limit"]:
        index = group["started"]
        group["started"] += 1
        group["running"] += 1
        value = frame.items[index]
        data = value if group.get("batched") else _input_of(work, index, value)
        child = turn.new_frame(frame.id, index, scope, data, remote=remote)
        if kept.has(frame.done, index):
            _keep(turn, frame, child, frame.done)
            continue
        child.item = {"Index": index, "Value": value}
        if remote:
            child.item = None
            child.token = turn.world.token()
            kept.take_up(frame.done, child)
            turn.effects.append(Effect("start_child", child.id, child.token, {"map": frame.id}))
            continue
        kept.go_on(frame.done, child)
        turn.emit(child, "MapIterationStarted", {"name": frame.state, "index": index}, previous=group["prev"])
    turn.touch(frame)


# ------------------------------------------------------------------------------ children that end
def child_succeeded(turn: Turn, frame: Frame, child: Frame) -> None:
    """Count a branch or item that succeeded; go on, or leave the state after the last one."""
    group, state = _group(frame), turn.state_of(frame)
    group["running"] -= 1
    group["ended"] += 1
    turn.touch(frame)
    if state.type == "Parallel":
        frame.previous = child.previous
        if group["ended"] == group["total"]:
            _complete(turn, frame)
        return
    if not group.get("remote"):
        group["prev"] = child.previous
        details = {"name": frame.state, "index": child.index}
        group["last"] = turn.emit(None, "MapIterationSucceeded", details, previous=child.previous)
    _continue_map(turn, frame)


def child_failed(turn: Turn, frame: Frame, child: Frame, failure: Failure) -> None:
    """Take a branch or inline item that failed: the others are aborted and the state fails."""
    group, state = _group(frame), turn.state_of(frame)
    group["running"] -= 1
    group["ended"] += 1
    group["failed"] += 1
    if state.type == "Map":
        details = {"name": frame.state, "index": child.index}
        turn.emit(None, "MapIterationFailed", details, previous=child.previous)
    if turn.state_of(child).type == "Task":
        turn.emit(None, "TaskStateAborted", previous=child.previous)
    frame.previous = child.previous
    cancel(turn, frame)
    raise Failure(failure.error, failure.cause)


def child_ended(turn: Turn, frame: Frame, *, status: str, output: Any = None) -> None:
    """Take the end of the child execution that stands for ``frame``, a remote item."""
    if frame.phase != "remote" or frame.parent is None:
        return
    parent = turn.execution.frames[frame.parent]
    frame.phase, frame.outcome, frame.output = "ended", "succeeded", output
    turn.touch(frame, fresh=True)
    if status == "SUCCEEDED":
        turn.guarded(parent, lambda inner, found: child_succeeded(inner, found, frame))
        return
    frame.outcome = "failed"
    group = _group(parent)
    group["running"] -= 1
    group["ended"] += 1
    group["failed"] += 1
    turn.touch(parent)
    turn.guarded(parent, _continue_map)


def _continue_map(turn: Turn, frame: Frame) -> None:
    group = _group(frame)
    if group.get("remote") and exceeded(group):
        cause = "The specified tolerated failure threshold was exceeded"
        cancel(turn, frame)
        failure = Failure(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause)
        turn.emit(frame, "MapRunFailed", failure_details(failure.error, failure.cause))
        group["stage"] = "failed"
        raise failure
    _go_on(turn, frame)


def exceeded(group: Mapping[str, Any]) -> bool:
    """Tell whether more items failed than a Map run tolerates."""
    count, percentage = group["tolerated_count"], group["tolerated_percentage"]
    if not group["failed"]:
        return False
    if count is None and percentage is None:
        return True
    over_count = count is not None and group["failed"] > count
    over_share = percentage is not None and group["failed"] * _PERCENT / group["total"] > percentage
    # With both given, either one is enough to fail the run.
    return over_count or over_share


def _all_ended(turn: Turn, frame: Frame) -> None:
    group = _group(frame)
    work = turn.activation(frame)
    writer = work.body.get("ResultWriter")
    if group.get("remote") and writer:
        group["token"], group["stage"] = turn.world.token(), "writing"
        request = item_readers.write_request(writer, work, group["map_run"])
        turn.touch(frame)
        turn.effects.append(Effect("write_results", frame.id, group["token"], request))
        return
    _complete(turn, frame)


def _complete(turn: Turn, frame: Frame, result: Any = None) -> None:
    """Leave a Parallel or Map with the outputs of its children in order."""
    group, work = _group(frame), turn.activation(frame)
    if result is None:
        ended = sorted(turn.execution.children(frame.id), key=lambda child: child.index)
        result = [child.output for child in ended if child.outcome == "succeeded"]
    if work.state.type == "Map":
        if group.get("remote"):
            turn.emit(frame, "MapRunSucceeded")
            group["stage"] = "succeeded"
        else:
            frame.previous = group["last"]
    work.trace["result"] = result
    turn.emit(None, f"{work.state.type}StateSucceeded", previous=frame.previous)
    output, assigned = work.output_of(result)
    frame.done = None
    turn.exit(frame, output, assigned, work.state.next)


# ------------------------------------------------------------------------- answers from outside
def items_read(turn: Turn, frame: Frame, *, items: list[Any]) -> None:
    """Take the items that an ItemReader gave."""
    if frame.items is None:
        _take_items(turn, frame, turn.activation(frame), items)


def items_failed(turn: Turn, frame: Frame, *, error: str, cause: str) -> None:
    """Take the failure of an ItemReader or ResultWriter."""
    turn.emit(frame, "MapRunFailed", failure_details(error, cause))
    _group(frame)["stage"] = "failed"
    raise Failure(error, cause)


def results_written(turn: Turn, frame: Frame, *, result: Any) -> None:
    """Take what ResultWriter says where the results are."""
    _complete(turn, frame, result)


def change(
    turn: Turn, frame: Frame, concurrency: int | None, count: int | None, percentage: float | None
) -> None:
    """Change concurrency and tolerance of a Map run that is under way."""
    group = _group(frame)
    if concurrency is not None:
        group["max_concurrency"] = concurrency
        group["limit"] = min(concurrency or _LOCAL_CONCURRENCY, _LOCAL_CONCURRENCY)
    if count is not None:
        group["tolerated_count"] = count
    if percentage is not None:
        group["tolerated_percentage"] = percentage
    turn.touch(frame)
    if group.get("stage") == "running":
        turn.guarded(frame, _continue_map)


def cancel(turn: Turn, frame: Frame) -> None:
    """Abort every child that still runs, innermost last, and forget them all."""
    group = frame.group
    if group is None:
        return
    if group.get("remote"):
        turn.effects.append(Effect("stop_children", frame.id, "", dict(group)))
    is_map = turn.state_of(frame).type == "Map"
    for child in turn.execution.children(frame.id):
        if child.phase in ("ended", "remote"):
            continue
        if is_map:
            details = {"name": frame.state, "index": child.index}
            turn.emit(None, "MapIterationAborted", details, previous=frame.previous)
        if child.phase == "task":
            turn.effects.append(Effect("cancel", child.id, child.token, dict(child.task or {})))
        cancel(turn, child)
        kind = turn.state_of(child).type
        if kind in _ABORTABLE and child.phase != "enter":
            turn.emit(None, f"{kind}StateAborted", previous=frame.previous)
        child.phase, child.outcome = "ended", "aborted"
    frame.done = kept.finished(turn.execution, frame)
    turn.drop_group(frame)
    turn.touch(frame, fresh=True)


def _group(frame: Frame) -> dict[str, Any]:
    assert frame.group is not None  # noqa: S101 - a frame in phase children has one
    return frame.group


EVENTS: dict[str, Callable[..., None]] = {
    "items_read": items_read,
    "items_failed": items_failed,
    "results_written": results_written,
    "child_ended": child_ended,
}
