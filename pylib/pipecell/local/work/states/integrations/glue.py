"""``glue:startJobRun.sync``: a run of a Python-shell job, looked after until it ends."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from pipecell.definition.asl.resources import Resource
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import TASK_FAILED, Failure
from pipecell.local.work.states.integrations import services, shapes
from pipecell.local.work.states.integrations.clients import Client

#: Header that names a run, so that one begun before a crash is taken up and not begun twice.
RUN_HEADER = "x-pipecell-glue-run"
_NAME: ContextVar[str] = ContextVar("name", default="")
_ENDED_BADLY = frozenset({"FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"})


def start(client: Client, resource: Resource, request: TaskRequest) -> Submitted:
    """Start the run; its name is the attempt's token, so a second request for it begins nothing."""
    client("glue").meta.events.register(
        "before-call.glue.StartJobRun", _name_run, unique_id="pipecell-glue-run"
    )
    mark = _NAME.set(request.token)
    try:
        result = services.send(client, resource, request.arguments)["result"]
    finally:
        _NAME.reset(mark)
    return Submitted(result, {"job": str(request.arguments["JobName"]), "run": result["JobRunId"]})


def _name_run(params: dict[str, Any], **_: Any) -> None:
    if _NAME.get():
        params["headers"][RUN_HEADER] = _NAME.get()


def poll(client: Client, request: TaskRequest) -> Done | None:
    """Return the JobRun once it succeeded, None while it runs.

    Raises:
        Failure: ``States.TaskFailed`` with the JobRun as cause, as on AWS.
    """
    job = request.job
    found = client("glue").get_job_run(JobName=job["job"], RunId=job["run"])["JobRun"]
    state = found["JobRunState"]
    if state != "SUCCEEDED" and state not in _ENDED_BADLY:
        return None
    text = dumps(dict(sorted(shapes.to_result(found, shapes.milliseconds, capitals=False).items())))
    if state in _ENDED_BADLY:
        raise Failure(TASK_FAILED, text)
    return Done(text)


def stop(client: Client, request: TaskRequest) -> None:
    """Stop the run; one that has ended is left alone."""
    client("glue").batch_stop_job_run(JobName=request.job["job"], JobRunIds=[request.job["run"]])
