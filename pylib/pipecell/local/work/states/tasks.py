"""Task states: what is scheduled, and what its answer does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipecell.definition.asl.resources import Resource, parse_resource
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import HEARTBEAT_TIMEOUT, TIMEOUT, Failure, runtime
from pipecell.local.work.states.flow import Activation, limited
from pipecell.local.work.states.frames import Effect
from pipecell.local.work.states.history import failure_details, payload

if TYPE_CHECKING:
    from pipecell.local.work.states.frames import Frame
    from pipecell.local.work.states.machine import Turn

_PREFIX = {"function": "LambdaFunction", "activity": "Activity", "service": "Task"}


def begin(turn: Turn, frame: Frame) -> None:
    """Schedule a task: its token is decided here, before anybody can have started it."""
    state = turn.state_of(frame)
    resource = _resource(state.body["Resource"])
    frame.token = turn.world.token()
    try:
        work = turn.activation(frame)
        if not (resource.waits_for_token or resource.sync):
            work.environment.context = {k: v for k, v in work.environment.context.items() if k != "Task"}
        arguments = work.arguments()
        timeout, heartbeat = work.number("TimeoutSeconds"), work.number("HeartbeatSeconds")
        credentials = _credentials(work)
    except Failure:
        frame.token = ""
        raise
    if resource.kind == "activity" and not turn.world.activity_exists(resource.arn):
        frame.token = ""
        raise runtime(f"The activity {resource.arn} does not exist.")
    frame.phase, frame.arguments = "task", arguments
    frame.task = {"resource": resource.arn, "stage": "scheduled", "credentials": credentials}
    frame.timeout_at = turn.now + timeout if timeout is not None else None
    frame.heartbeat_seconds = heartbeat
    frame.heartbeat_at = (
        turn.now + heartbeat if heartbeat is not None and resource.kind == "activity" else None
    )
    frame.awaits = resource.arn if resource.kind == "activity" else ""
    limits: dict[str, Any] = {}
    if timeout is not None:
        limits["timeoutInSeconds"] = int(timeout)
    if heartbeat is not None:
        limits["heartbeatInSeconds"] = int(heartbeat)
    if credentials is not None:
        limits["taskCredentials"] = {"roleArn": credentials}
    _scheduled(turn, frame, resource, limits)
    turn.touch(frame, fresh=True)
    if resource.kind == "activity":
        return
    turn.emit(frame, f"{_PREFIX[resource.kind]}Started", _details(resource) or None)
    turn.effects.append(Effect("task", frame.id, frame.token, {"resource": resource.arn}))


def _resource(arn: str) -> Resource:
    found = parse_resource(arn)
    if found is None:
        raise runtime(f"The resource {arn} is not a task resource.")
    return found


def _credentials(work: Activation) -> str | None:
    body = work.body.get("Credentials")
    if not body:
        return None
    if work.state.jsonata:
        rendered = work.environment.render(body, "Credentials", input=work.input)
    else:
        rendered = work.environment.template(body, work.effective_input())
    role = rendered.get("RoleArn")
    return role if isinstance(role, str) else None


def _scheduled(turn: Turn, frame: Frame, resource: Resource, limits: dict[str, Any]) -> None:
    text = limited(dumps(frame.arguments), turn.state_of(frame).name)
    if resource.kind == "service":
        details = {"parameters": text, "region": _region(turn.execution.arn), **_details(resource)}
    else:
        details = {**payload("input", text), "resource": resource.arn}
    turn.emit(frame, f"{_PREFIX[resource.kind]}Scheduled", {**details, **limits})


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _details(resource: Resource) -> dict[str, Any]:
    if resource.kind != "service":
        return {}
    return {"resource": resource.resource, "resourceType": resource.resource_type}


def _of(frame: Frame) -> Resource:
    assert frame.task is not None  # noqa: S101 - a frame in phase task has one
    return _resource(frame.task["resource"])


def submitted(turn: Turn, frame: Frame, *, output: Any, job: Any = None, awaits: str = "") -> None:
    """The service took the request; the task goes on until its job ends or its token comes back."""
    resource = _of(frame)
    assert frame.task is not None  # noqa: S101
    turn.emit(frame, "TaskSubmitted", {**payload("output", dumps(output)), **_details(resource)})
    frame.task = {**frame.task, "stage": "submitted", "job": job}
    frame.awaits = awaits
    if awaits:
        # It may have ended before this was stored.
        turn.effects.append(Effect("await", frame.id, frame.token, {"arn": awaits}))
    if frame.heartbeat_seconds is not None:
        frame.heartbeat_at = turn.now + frame.heartbeat_seconds


def heartbeat(turn: Turn, frame: Frame) -> None:
    """The worker lives."""
    if frame.heartbeat_seconds is not None:
        frame.heartbeat_at = turn.now + frame.heartbeat_seconds


def started(turn: Turn, frame: Frame, *, worker: str | None = None) -> None:
    """A worker took the activity task."""
    assert frame.task is not None  # noqa: S101
    frame.task = {**frame.task, "stage": "started"}
    frame.awaits = ""
    turn.emit(frame, "ActivityStarted", {"workerName": worker} if worker else {})
    heartbeat(turn, frame)


def succeeded(turn: Turn, frame: Frame, *, output: str) -> None:
    """The task gave its result, as JSON text."""
    resource = _of(frame)
    named = resource.resource_type if resource.kind == "service" else resource.arn
    limit = None
    try:
        limited(output, named)
    except Failure as failure:
        limit = failure
    if limit is not None:
        failed(turn, frame, error=limit.error, cause=limit.cause)
        return
    turn.emit(
        frame, f"{_PREFIX[resource.kind]}Succeeded", {**payload("output", output), **_details(resource)}
    )
    complete(turn, frame, json.loads(output))


def complete(turn: Turn, frame: Frame, result: Any) -> None:
    """Leave the Task state with a result."""
    work = turn.activation(frame)
    work.trace["result"] = result
    output, assigned = work.output_of(result)
    turn.exit(frame, output, assigned, work.state.next)


def failed(turn: Turn, frame: Frame, *, error: str | None, cause: str | None) -> None:
    """The task failed."""
    resource = _of(frame)
    turn.emit(frame, f"{_PREFIX[resource.kind]}Failed", failure_details(error, cause, **_details(resource)))
    raise Failure(error, cause)


def timed_out(turn: Turn, frame: Frame) -> None:
    """A time-out or a missed heartbeat: the task is given up."""
    resource = _of(frame)
    missed = frame.timeout_at is None or frame.timeout_at > turn.now
    turn.effects.append(Effect("cancel", frame.id, frame.token, dict(frame.task or {})))
    turn.emit(
        frame, f"{_PREFIX[resource.kind]}TimedOut", failure_details(TIMEOUT, None, **_details(resource))
    )
    # History shows States.Timeout for both; a retrier or catcher may still ask for the heartbeat's own name.
    failure = Failure(TIMEOUT)
    if missed and _names_heartbeat(turn, frame):
        failure = Failure(HEARTBEAT_TIMEOUT)
    turn.fail(frame, failure)


def _names_heartbeat(turn: Turn, frame: Frame) -> bool:
    body = turn.state_of(frame).body
    rules = [*body.get("Retry", ()), *body.get("Catch", ())]
    return any(HEARTBEAT_TIMEOUT in rule["ErrorEquals"] for rule in rules)


EVENTS: dict[str, Callable[..., None]] = {
    "submitted": submitted,
    "succeeded": succeeded,
    "failed": failed,
    "heartbeat": heartbeat,
    "started": started,
}
