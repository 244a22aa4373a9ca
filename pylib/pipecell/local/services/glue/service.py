"""Glue's operations on jobs and runs; everything else of Glue is moto's."""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local.home import Home
from pipecell.local.json_service import JsonService
from pipecell.local.services.glue import runs
from pipecell.local.services.glue.records import Facts, Records
from pipecell.local.store import Store
from pipecell.local.wire import Handler, Request, RequestContext, Response, ServiceError
from pipecell.local.work.commands import Commands
from pipecell.local.work.specification import JobStatus

RUN_HEADER = "x-pipecell-glue-run"
"""Names a run that a state machine starts, so that one begun before a crash is not begun twice."""

_ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"})
_CALLERS_NAME: ContextVar[str] = ContextVar("callers_name", default="")
_MOST = 1000
_LOGS = "/aws-glue/python-jobs"


class GlueService:
    """Glue behind the port.

    Args:
        home: the endpoint's home.
        store: where jobs and runs are kept.
        commands: what runs scripts.
        others: answers for the rest of Glue.
    """

    shared = True
    """Whether moto answers for what ``table`` lacks."""

    def __init__(self, home: Home, store: Store, commands: Commands, others: Handler) -> None:
        self._home, self._records, self._commands, self._others = home, Records(store), commands, others
        self._starting = threading.Lock()
        self._born = time.time()
        self.table = JsonService(
            "glue",
            {
                "BatchGetJobs": self._batch_get,
                "BatchStopJobRun": self._stop,
                "CreateJob": self._create,
                "DeleteJob": self._delete,
                "GetJob": self._get,
                "GetJobRun": self._get_run,
                "GetJobRuns": self._get_runs,
                "GetJobs": self._get_all,
                "ListJobs": self._list,
                "StartJobRun": self._start,
                "UpdateJob": self._update,
            },
        )

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.headers.get("x-amz-target", "").rpartition(".")[2] not in self.table.operations:
            return self._others.handle(request)
        mark = _CALLERS_NAME.set(request.headers.get(RUN_HEADER, ""))
        try:
            return self.table.handle(request)
        finally:
            _CALLERS_NAME.reset(mark)

    def resume(self) -> None:
        """Take up runs that were under way, and start those that were only written down."""
        self._commands.resume()

    def close(self) -> None:
        """Stop watching runs; they go on."""
        self._commands.close()

    # ------------------------------------------------------------------------------------ jobs
    def _create(self, request: Facts, context: RequestContext) -> Facts:
        now = time.time()
        facts = {
            "MaxRetries": 0,
            "ExecutionProperty": {"MaxConcurrentRuns": 1},
            "GlueVersion": "3.0",
            "Timeout": runs.DEFAULT_TIMEOUT_MINUTES,
            **{name: value for name, value in request.items() if name != "Tags"},
            "CreatedOn": now,
            "LastModifiedOn": now,
        }
        if request["Command"].get("Name") == runs.PYTHON_SHELL:
            facts.setdefault("MaxCapacity", 0.0625)
        if not self._records.put_job(context.region, facts, new=True):
            raise ServiceError("AlreadyExistsException", f"Job with name {request['Name']} already exists.")
        return {"Name": request["Name"]}

    def _update(self, request: Facts, context: RequestContext) -> Facts:
        old = self._job(context.region, request["JobName"])
        kept = {
            name: old[name] for name in ("Name", "CreatedOn", "ExecutionProperty", "MaxRetries", "Timeout")
        }
        facts = {**kept, **request["JobUpdate"], "LastModifiedOn": time.time()}
        self._records.put_job(context.region, facts, new=False)
        return {"JobName": request["JobName"]}

    def _delete(self, request: Facts, context: RequestContext) -> Facts:
        self._records.delete_job(context.region, request["JobName"])
        return {"JobName": request["JobName"]}

    def _get(self, request: Facts, context: RequestContext) -> Facts:
        return {"Job": self._job(context.region, request["JobName"])}

    def _batch_get(self, request: Facts, context: RequestContext) -> Facts:
        found = {name: self._records.job(context.region, name) for name in request["JobNames"]}
        return {
            "Jobs": [job for job in found.values() if job is not None],
            "JobsNotFound": [name for name, job in found.items() if job is None],
        }

    def _get_all(self, request: Facts, context: RequestContext) -> Facts:
        return _page(request, "Jobs", self._records.jobs(context.region))

    def _list(self, request: Facts, context: RequestContext) -> Facts:
        return _page(request, "JobNames", [job["Name"] for job in self._records.jobs(context.region)])

    def _job(self, region: str, name: str) -> Facts:
        found = self._records.job(region, name)
        if found is None:
            raise ServiceError("EntityNotFoundException", f"Job {name} not found.")
        return found

    # ------------------------------------------------------------------------------------ runs
    def _start(self, request: Facts, context: RequestContext) -> Facts:
        name = request["JobName"]
        job = self._job(context.region, name)
        chosen = _CALLERS_NAME.get() or uuid.uuid4().hex + uuid.uuid4().hex
        run = f"jr_{chosen}"
        with self._starting:
            found = self._records.run(context.region, name, run)
            new = found is None
            found = found or self._new_run(job, run, request)
            specification = runs.specification(job, found, context.region)
            if new:
                self._check_concurrency(context.region, job)
                self._records.put_run(context.region, found)
        try:
            self._commands.jobs.launch(specification)
        except EndpointError as error:
            raise ServiceError("InternalServiceException", error.message, 500) from error
        return {"JobRunId": run}

    @staticmethod
    def _new_run(job: Facts, run: str, request: Facts) -> Facts:
        arguments = {**(job.get("DefaultArguments") or {}), **(request.get("Arguments") or {})}
        now = time.time()
        return {
            "Id": run,
            "Attempt": 0,
            "JobName": job["Name"],
            "StartedOn": now,
            "LastModifiedOn": now,
            **({"Arguments": arguments} if arguments else {}),
            "PredecessorRuns": [],
            "AllocatedCapacity": int(request.get("AllocatedCapacity", 0)),
            "ExecutionTime": 0,
            "Timeout": request.get("Timeout") or job["Timeout"],
            "MaxCapacity": request.get("MaxCapacity") or job.get("MaxCapacity", 0.0625),
            "LogGroupName": _LOGS,
            "GlueVersion": job.get("GlueVersion", "3.0"),
        }

    def _check_concurrency(self, region: str, job: Facts) -> None:
        most = (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1)
        running = 0
        for run in self._records.runs(region, job["Name"]):
            running += runs.state_of(self._status(run)) not in _ENDED
            if running >= most:
                raise ServiceError(
                    "ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}"
                )

    def _get_run(self, request: Facts, context: RequestContext) -> Facts:
        return {"JobRun": self._shown(self._run(context.region, request["JobName"], request["RunId"]))}

    def _get_runs(self, request: Facts, context: RequestContext) -> Facts:
        self._job(context.region, request["JobName"])
        page = _page(request, "JobRuns", self._records.runs(context.region, request["JobName"]))
        return {**page, "JobRuns": [self._shown(run) for run in page["JobRuns"]]}

    def _stop(self, request: Facts, context: RequestContext) -> Facts:
        name = request["JobName"]
        taken: list[Facts] = []
        errors: list[Facts] = []
        for run in request["JobRunIds"]:
            found = self._records.run(context.region, name, run)
            code, message = "", ""
            if found is None:
                code, message = "EntityNotFoundException", f"Job Run {run} not found."
            elif runs.state_of(self._status(found)) in _ENDED:
                code, message = "InvalidInputException", f"Job Run {run} has ended."
            else:
                self._commands.jobs.stop(runs.KIND, runs.process_name(run))
                taken.append({"JobName": name, "JobRunId": run})
            if code:
                detail = {"ErrorCode": code, "ErrorMessage": message}
                errors.append({"JobName": name, "JobRunId": run, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": taken, "Errors": errors}

    def _run(self, region: str, name: str, run: str) -> Facts:
        found = self._records.run(region, name, run)
        if found is None:
            raise ServiceError("EntityNotFoundException", f"Job run {run} of the job {name} not found.")
        return found

    def _status(self, run: Facts) -> JobStatus:
        name = runs.process_name(run["Id"])
        if not self._commands.jobs.exists(runs.KIND, name):
            if run["StartedOn"] >= self._born:
                return JobStatus("InProgress", "Starting", run["StartedOn"])
            return JobStatus("Failed", "Failed", run["StartedOn"], failure_reason=_LOST)
        return self._commands.jobs.status(runs.KIND, name)

    def _shown(self, run: Facts) -> Facts:
        return runs.shown(run, self._status(run))


_LOST = "The local endpoint ended before the run was started; whoever asked for it was told so."


def _page(request: Facts, key: str, found: Sequence[Any]) -> Facts:
    """Return a page of a list; the token is the offset of the next one."""
    try:
        start = int(base64.b64decode(request.get("NextToken") or "MA=="))
    except ValueError as error:
        raise ServiceError("InvalidInputException", "The NextToken is invalid.") from error
    end = start + min(request.get("MaxResults") or _MOST, _MOST)
    answer: Facts = {key: list(found[start:end])}
    if end < len(found):
        answer["NextToken"] = base64.b64encode(str(end).encode()).decode()
    return answer
