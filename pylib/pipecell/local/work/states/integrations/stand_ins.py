"""Commands that stand in for tasks of services that only AWS has, such as ``ecs:runTask.sync``.

A command gets what the state passes to its service as JSON on stdin; what it prints last is the result.
"""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.definition.asl.resources import Resource
from pipecell.errors import EndpointError
from pipecell.local import runtimes
from pipecell.local.work.folder import JobFolder
from pipecell.local.work.joblog import last_lines
from pipecell.local.work.specification import Host, JobSpec
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import TASK_FAILED, Failure

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.work.commands import Commands

KIND = "command"
INPUT_VARIABLE = "PIPECELL_TASK_INPUT"
"""Holds the path of the task's input."""

_INPUT, _OUTPUT, _WORK = "/opt/ml/task/input.json", "/opt/ml/task/output", "/opt/ml/task"
_RUNNER = str(Path(runtimes.__file__).with_name("task_command.py"))
_LAST_LINES = 20
_NAME_LENGTH = 40


def find(home: Home, resource: Resource) -> tuple[str, ...] | None:
    """Return the command that the user mapped a task to, the newest mapping first.

    A pattern names the service in full, as in ``ecs:runTask.sync`` or ``ecs:*``, so none that is meant for
    images matches a task.
    """
    if not resource.sync or resource.sdk or resource.kind != "service":
        return None
    name = f"{resource.service}:{resource.resource}"
    for mapping in runtimes.read_mappings(home):
        service, colon, _ = mapping.pattern.partition(":")
        if colon and service == resource.service and fnmatchcase(name, mapping.pattern):
            return mapping.command
    return None


def start(home: Home, commands: Commands, command: tuple[str, ...], request: TaskRequest) -> Submitted:
    """Start the command; its job is named by the attempt's token, so it is begun once.

    Raises:
        Failure: ``States.TaskFailed`` where no process can be started.
    """
    name = request.token[:_NAME_LENGTH]
    region = request.execution_arn.split(":")[3]
    variables = {
        INPUT_VARIABLE: _INPUT,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_STEP_FUNCTIONS_EXECUTION": request.execution_arn,
        "AWS_STEP_FUNCTIONS_RESOURCE": request.resource,
    }
    specification = JobSpec(
        kind=KIND,
        name=name,
        python=sys.executable,
        command=(sys.executable, _RUNNER, _INPUT, _OUTPUT, *command),
        hosts=(Host("algo-1", variables, {_INPUT: request.arguments}),),
        working_directory=_WORK,
        tags={"execution": request.execution_arn, "resource": request.resource},
    )
    try:
        commands.jobs.launch(specification)
    except EndpointError as error:
        raise Failure(TASK_FAILED, error.message) from error
    return Submitted({"Command": list(command), "Job": name}, {"command": name})


def poll(commands: Commands, request: TaskRequest) -> Done | None:
    """Return what the command printed last once it ended well, None while it runs.

    Raises:
        Failure: ``States.TaskFailed`` with exit code and the last lines of its log.
    """
    name = request.job["command"]
    status = commands.jobs.status(KIND, name)
    if not status.is_final:
        return None
    folder = JobFolder(str(commands.jobs.folder_path(KIND, name))).host(0)
    if status.status == "Completed":
        return Done(dumps(output_of(Path(folder.inside(_OUTPUT)).read_text("utf-8", errors="replace"))))
    lines = "\n".join(last_lines(folder.log, _LAST_LINES))
    if status.exit_code:
        raise Failure(TASK_FAILED, f"The command ended with exit code {status.exit_code}.\n{lines}".rstrip())
    raise Failure(TASK_FAILED, f"{status.failure_reason or 'The command was stopped.'}\n{lines}".rstrip())


def output_of(text: str) -> Any:
    """Return a task's result from what its command printed.

    That is all of it where it is one JSON value, else the last line that is not empty: as JSON, or as text.
    A command that printed nothing gives an empty object.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    for candidate in (text, lines[-1] if lines else "{}"):
        try:
            return json.loads(candidate)
        except ValueError:
            continue
    return lines[-1].strip() if lines else {}


def stop(commands: Commands, request: TaskRequest) -> None:
    """Stop the command; one that has ended is left alone."""
    commands.jobs.stop(KIND, request.job["command"])
