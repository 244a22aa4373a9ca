"""Tasks of state machines that are processes: Glue's Python shell, and commands that stand in."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from pipecell.local import daemon, runtimes
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from tests.local.conftest import Clients
from tests.local.test_states import create, finish, one, run
from tests.local.waiting import wait_until

GLUE = "arn:aws:states:::glue:startJobRun.sync"
ECS = "arn:aws:states:::ecs:runTask.sync"
ROLE = "arn:aws:iam::000000000000:role/glue"
SCRIPT = """
import os, sys
from awsglue.utils import getResolvedOptions
import helper
import boto3

options = getResolvedOptions(sys.argv, ["bucket", "key"])
boto3.client("s3").put_object(Bucket=options["bucket"], Key=options["key"], Body=helper.WORDS.encode())
print("written")
"""


@pytest.fixture
def states(client: Clients) -> Any:
    return client("stepfunctions")


@pytest.fixture
def glue(client: Clients) -> Any:
    return client("glue")


@pytest.fixture
def mapped(endpoint: EndpointInfo, tmp_path: Path) -> Iterator[Any]:
    """Maps a task to a Python script on the shared endpoint, for one test."""
    home, patterns = Home(Path(endpoint.home)), []

    def map_task(pattern: str, source: str) -> Path:
        script = tmp_path / f"{uuid.uuid4().hex}.py"
        script.write_text(source)
        runtimes.map_image(home, pattern, f"python {script}")
        patterns.append(pattern)
        return script

    yield map_task
    for pattern in patterns:
        runtimes.unmap(home, pattern)


def new_job(glue: Any, s3: Any, bucket: str, source: str, **more: Any) -> str:
    name = f"job-{uuid.uuid4().hex[:12]}"
    s3.put_object(Bucket=bucket, Key=f"{name}.py", Body=source.encode())
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{bucket}/{name}.py", "PythonVersion": "3.9"}
    glue.create_job(Name=name, Role=ROLE, Command=command, **more)
    return name


def test_a_glue_script_runs_and_its_run_is_the_result(states: Any, glue: Any, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="lib/helper.py", Body=b"WORDS = 'from the module'")
    name = new_job(
        glue, s3, bucket, SCRIPT,
        DefaultArguments={"--extra-py-files": f"s3://{bucket}/lib/helper.py", "--key": "default"},
    )  # fmt: skip
    arguments = {"--bucket": bucket, "--key": "out.txt"}
    task = {"Type": "Task", "Resource": GLUE, "Parameters": {"JobName": name, "Arguments": arguments}}
    found = run(states, one(task))
    assert found["status"] == "SUCCEEDED", found.get("cause")
    output = json.loads(found["output"])
    assert (output["JobRunState"], output["JobName"], output["Attempt"]) == ("SUCCEEDED", name, 0)
    assert output["Id"].startswith("jr_")
    assert output["CompletedOn"] >= output["StartedOn"] > 1e12
    assert list(output) == sorted(output)
    assert output["Arguments"]["--key"] == "out.txt"
    assert s3.get_object(Bucket=bucket, Key="out.txt")["Body"].read() == b"from the module"
    submitted = [
        event["taskSubmittedEventDetails"]
        for event in states.get_execution_history(executionArn=found["executionArn"])["events"]
        if event["type"] == "TaskSubmitted"
    ]
    assert json.loads(submitted[0]["output"])["JobRunId"] == output["Id"]


def test_a_glue_script_that_fails_fails_its_task_with_the_run(
    states: Any, glue: Any, s3: Any, bucket: str
) -> None:
    name = new_job(glue, s3, bucket, "raise ValueError('no such column')")
    found = run(states, one({"Type": "Task", "Resource": GLUE, "Parameters": {"JobName": name}}))
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(found["cause"])
    assert cause["JobRunState"] == "FAILED"
    assert "no such column" in cause["ErrorMessage"]
    assert cause["ErrorMessage"].startswith("Command failed with exit code 1")


def test_glue_jobs_through_their_own_api(glue: Any, s3: Any, bucket: str) -> None:
    name = new_job(glue, s3, bucket, "import time; time.sleep(600)", Timeout=5)
    assert glue.get_job(JobName=name)["Job"]["Command"]["Name"] == "pythonshell"
    assert name in glue.list_jobs()["JobNames"]
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_job(Name=name, Role=ROLE, Command={"Name": "pythonshell"})
    first = glue.start_job_run(JobName=name, Arguments={"--a": "1"})["JobRunId"]
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=name)

    def state() -> str:
        return str(glue.get_job_run(JobName=name, RunId=first)["JobRun"]["JobRunState"])

    wait_until(lambda: state() == "RUNNING", "the run's start")
    assert (
        glue.batch_stop_job_run(JobName=name, JobRunIds=[first, "jr_none"])["Errors"][0]["JobRunId"]
        == "jr_none"
    )
    wait_until(lambda: state() == "STOPPED", "the run's stop")
    assert [each["Id"] for each in glue.get_job_runs(JobName=name)["JobRuns"]] == [first]
    glue.delete_job(JobName=name)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName=name)


def test_spark_jobs_are_refused_with_the_way_out(glue: Any) -> None:
    name = f"job-{uuid.uuid4().hex[:12]}"
    glue.create_job(Name=name, Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": "s3://b/k.py"})
    with pytest.raises(glue.exceptions.InvalidInputException, match=r"local map glue:startJobRun\.sync"):
        glue.start_job_run(JobName=name)


def test_a_command_stands_in_for_a_service(states: Any, mapped: Any) -> None:
    mapped(
        "ecs:runTask.sync",
        "import json, os, sys\n"
        "given = json.load(sys.stdin)\n"
        "assert given == json.load(open(os.environ['PIPECELL_TASK_INPUT']))\n"
        "print('working')\n"
        "print(json.dumps({'task': given['TaskDefinition'], 'double': given['n'] * 2}))\n",
    )  # fmt: skip
    task = {"Type": "Task", "Resource": ECS, "Parameters": {"TaskDefinition": "t", "n.$": "$.n"}}
    found = run(states, one(task), {"n": 21})
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"]) == {"task": "t", "double": 42}


def test_a_command_that_fails_fails_its_task_with_its_last_lines(states: Any, mapped: Any) -> None:
    mapped("batch:*", "import sys; print('the reason', file=sys.stderr); sys.exit(3)")
    task = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": {}}
    found = run(states, one(task))
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "exit code 3" in found["cause"]
    assert "the reason" in found["cause"]


def test_without_a_mapping_the_refusal_says_how_to_map(states: Any) -> None:
    arn = create(states, one({"Type": "Task", "Resource": "arn:aws:states:::codebuild:startBuild.sync"}))
    with pytest.raises(
        botocore.exceptions.ClientError, match=r"local map codebuild:startBuild\.sync COMMAND"
    ):
        states.start_execution(stateMachineArn=arn)


def test_a_mapping_to_what_is_not_there_is_refused_before_the_start(
    states: Any, endpoint: EndpointInfo
) -> None:
    home = Home(Path(endpoint.home))
    runtimes.map_image(home, "databrew:startJobRun.sync", "/no/such/program")
    arn = create(states, one({"Type": "Task", "Resource": "arn:aws:states:::databrew:startJobRun.sync"}))
    with pytest.raises(botocore.exceptions.ClientError, match="/no/such/program, which is not there"):
        states.start_execution(stateMachineArn=arn)
    runtimes.unmap(home, "databrew:startJobRun.sync")


def test_a_command_is_stopped_with_its_execution(states: Any, mapped: Any, tmp_path: Path) -> None:
    started, ended = tmp_path / "started", tmp_path / "ended"
    mapped(
        "eks:runJob.sync",
        "import pathlib, signal, sys, time\n"
        f"signal.signal(15, lambda *_: (pathlib.Path({str(ended)!r}).touch(), sys.exit(0)))\n"
        f"pathlib.Path({str(started)!r}).touch()\n"
        "time.sleep(600)\n",
    )  # fmt: skip
    arn = create(states, one({"Type": "Task", "Resource": "arn:aws:states:::eks:runJob.sync"}))
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    wait_until(started.exists, "the command's start")
    states.stop_execution(executionArn=execution)
    wait_until(ended.exists, "the command's end")


def test_glue_runs_and_commands_outlive_the_endpoint_and_run_once(
    home: Home, own_endpoint: EndpointInfo, own_client: Clients, tmp_path: Path
) -> None:
    gate, log = tmp_path / "gate", tmp_path / "log"
    script = (
        "import pathlib, time\n"
        f"with open({str(log)!r}, 'a') as log: log.write('begun\\n')\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)\n"
        "print('\"over\"')\n"
    )
    command = tmp_path / "command.py"
    command.write_text(script)
    runtimes.map_image(home, "ecs:runTask.sync", f"python {command}")
    s3 = own_client("s3")
    s3.create_bucket(Bucket="scripts")
    name = new_job(own_client("glue"), s3, "scripts", script)
    branches = [
        {"StartAt": state, "States": {state: {"Type": "Task", "End": True, **task}}}
        for state, task in (
            ("G", {"Resource": GLUE, "Parameters": {"JobName": name}, "OutputPath": "$.JobRunState"}),
            ("E", {"Resource": ECS}),
        )
    ]
    arn = create(own_client("stepfunctions"), one({"Type": "Parallel", "Branches": branches}))
    execution = own_client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]
    wait_until(lambda: log.exists() and log.read_text().count("begun") == 2, "both to begin")
    os.kill(own_endpoint.pid, signal.SIGKILL)
    clients = Clients(daemon.start(home))
    gate.touch()
    found = finish(clients("stepfunctions"), execution)
    clients.close()
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"]) == ["SUCCEEDED", "over"]
    assert log.read_text().count("begun") == 2
