"""A run of a Python-shell job: its request as a process, and that process's status as AWS's JobRun."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipecell.local import runtimes
from pipecell.local.wire import ServiceError
from pipecell.local.work.specification import Host, JobSpec, JobStatus, S3Input

KIND = "glue"
PYTHON_SHELL = "pythonshell"
DEFAULT_TIMEOUT_MINUTES = 2880
_CODE, _MODULES, _WORK = "/opt/ml/glue/script", "/opt/ml/glue/modules", "/opt/ml/glue/work"
_SHIMS = Path(runtimes.__file__).parent / "glue"
_HEAD = "AlgorithmError: See job logs for more information, exit code: "
_STATES = {"Completed": "SUCCEEDED", "Failed": "FAILED", "Stopped": "STOPPED", "Stopping": "STOPPING"}
_MINUTE = 60


def process_name(run: str) -> str:
    """Return the name of the process of a run: an id is too long for one."""
    return hashlib.sha256(run.encode()).hexdigest()[:40]


def specification(job: Mapping[str, Any], run: Mapping[str, Any], region: str) -> JobSpec:
    """Return what a run is as a process.

    Args:
        job: as GetJob shows it.
        run: as it was asked for, with its arguments.
        region: whose clients the script gets by default.

    Raises:
        ServiceError: InvalidInputException for what cannot run on this machine.
    """
    command = job["Command"]
    if command.get("Name") != PYTHON_SHELL:
        raise ServiceError(
            "InvalidInputException",
            f"The job {job['Name']} is of the kind {command.get('Name')!r}, which only AWS runs; "
            f"{PYTHON_SHELL} runs on this machine. In a state machine a command can stand in for it: "
            "%pipeline local map glue:startJobRun.sync COMMAND",
        )
    script = str(command.get("ScriptLocation", ""))
    bucket, _, key = script.removeprefix("s3://").partition("/")
    if not script.startswith("s3://") or not bucket or not key or key.endswith("/"):
        raise ServiceError("InvalidInputException", f"ScriptLocation {script!r} is no object on S3.")
    arguments: dict[str, str] = {**run.get("Arguments", {}), **(job.get("NonOverridableArguments") or {})}
    modules = [uri.strip() for uri in arguments.get("--extra-py-files", "").split(",") if uri.strip()]
    notes = []
    if "--additional-python-modules" in arguments:
        notes.append(
            "--additional-python-modules is ignored: the script runs in the Python of the endpoint, "
            "where you can install them."
        )
    inside = [f"{_MODULES}/{place}/{uri.rpartition('/')[2]}" for place, uri in enumerate(modules)]
    paths = [*inside, *(f"{_MODULES}/{place}" for place in range(len(modules))), str(_SHIMS)]
    environment = {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "GLUE_PYTHON_VERSION": str(command.get("PythonVersion", "3.9")),
        "PYTHONPATH": ":".join(paths),
    }
    words = [word for name, value in arguments.items() for word in (name, value)]
    return JobSpec(
        kind=KIND,
        name=process_name(run["Id"]),
        python=sys.executable,
        command=("python", f"{_CODE}/{key.rpartition('/')[2]}", *words),
        hosts=(Host("algo-1", environment),),
        inputs=(
            S3Input("code", script, _CODE),
            *(S3Input(f"module-{n}", uri, f"{_MODULES}/{n}") for n, uri in enumerate(modules)),
        ),
        working_directory=_WORK,
        max_runtime_seconds=int(run["Timeout"] * _MINUTE),
        notes=tuple(notes),
        tags={"job": str(job["Name"]), "run": str(run["Id"])},
    )


def state_of(status: JobStatus) -> str:
    """Return AWS's JobRunState of a process."""
    if status.secondary == "MaxRuntimeExceeded":
        return "TIMEOUT"
    if status.status == "InProgress":
        return "STARTING" if status.started is None else "RUNNING"
    return _STATES[status.status]


def shown(run: Mapping[str, Any], status: JobStatus) -> dict[str, Any]:
    """Return a run as GetJobRun shows it; times are epoch seconds."""
    state = state_of(status)
    made = {**run, "JobRunState": state, "LastModifiedOn": status.ended or status.started or run["StartedOn"]}
    if status.ended is not None:
        seconds = int(status.ended - (status.started or status.ended))
        made |= {"CompletedOn": status.ended, "ExecutionTime": max(seconds, 0)}
    if state == "FAILED":
        made["ErrorMessage"] = _error(status)
    elif state == "TIMEOUT":
        made["ErrorMessage"] = f"Job run exceeded its timeout of {run['Timeout']} minutes"
    return made


def _error(status: JobStatus) -> str:
    reason = status.failure_reason or ""
    if not reason.startswith(_HEAD):
        return reason
    _, _, lines = reason.partition("\n")
    return f"Command failed with exit code {status.exit_code}" + (f"\n{lines}" if lines else "")
