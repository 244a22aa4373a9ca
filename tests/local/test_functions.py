"""Lambda functions through boto3 on a real endpoint."""

from __future__ import annotations

import io
import json
import os
import signal
import uuid
import zipfile
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from pipecell.local.services.functions import runner
from tests.local.conftest import Clients
from tests.local.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/lambda"


def zipped(source: str, name: str = "handler.py") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, source)
    return content.getvalue()


def create(functions: Any, source: str, **more: Any) -> str:
    made = functions.create_function(
        FunctionName=f"f-{uuid.uuid4().hex[:12]}",
        Runtime="python3.12",
        Role=ROLE,
        Handler="handler.handler",
        Code={"ZipFile": zipped(source)},
        # Not AWS's 3 s: only a function that is meant to be late may be.
        **{"Timeout": 60, **more},
    )
    return str(made["FunctionArn"])


@pytest.fixture
def functions(client: Clients) -> Any:
    return client("lambda")


def invoke(functions: Any, arn: str, payload: Any = None, **more: Any) -> tuple[Any, dict[str, Any]]:
    answer = functions.invoke(FunctionName=arn, Payload=json.dumps(payload).encode(), **more)
    return json.loads(answer["Payload"].read()), answer


def test_a_function_gets_its_event_and_context(functions: Any) -> None:
    source = (
        "def handler(event, context):\n"
        "    return [event, context.function_name, context.get_remaining_time_in_millis() > 0]\n"
    )
    arn = create(functions, source)
    result, answer = invoke(functions, arn, {"a": 1})
    assert result == [{"a": 1}, arn.rsplit(":", 1)[1], True]
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")


def test_a_warm_worker_keeps_its_module(functions: Any) -> None:
    arn = create(
        functions, "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)\n"
    )
    assert [invoke(functions, arn)[0] for _ in range(3)] == [1, 2, 3]


def test_an_exception_is_reported_as_lambda_does(functions: Any) -> None:
    arn = create(functions, "def handler(event, context):\n    raise KeyError('x')\n")
    result, answer = invoke(functions, arn)
    assert answer["FunctionError"] == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("KeyError", "'x'")
    assert result["stackTrace"] == [
        "  File \"/var/task/handler.py\", line 2, in handler\n    raise KeyError('x')\n"
    ]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nothing_of_that_name\n", "Runtime.ImportModuleError"),
        ("def other(event, context): ...\n", "Runtime.HandlerNotFound"),
        ("def handler(:\n", "Runtime.UserCodeSyntaxError"),
        ("def handler(event, context):\n    return object()\n", "Runtime.MarshalError"),
        ("import os\ndef handler(event, context):\n    os._exit(3)\n", "Runtime.ExitError"),
    ],
)
def test_broken_functions_say_what_is_wrong(functions: Any, source: str, kind: str) -> None:
    result, answer = invoke(functions, create(functions, source))
    assert (answer["FunctionError"], result["errorType"]) == ("Unhandled", kind)


def test_a_function_that_takes_too_long_is_ended(functions: Any) -> None:
    arn = create(functions, "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=1)
    result, _ = invoke(functions, arn)
    assert result["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in result["errorMessage"]


def test_a_worker_that_starts_late_costs_its_function_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "late.py"
    script.write_text("import os, sys, time\ninput()\ntime.sleep(0.5)\nos.write(int(sys.argv[1]), b'.\\n')\n")
    monkeypatch.setattr(runner, "_WORKER", script)
    monkeypatch.setattr(runner, "_GRACE", 0.1)
    worker = runner.Worker(tmp_path, {}, tmp_path / "log")
    assert worker.run("name", 0.1)
    worker.close(kill=True)


def test_environment_update_and_logs(functions: Any) -> None:
    source = (
        "import os\ndef handler(event, context):\n"
        "    print('to the log')\n    return os.environ.get('MODE')\n"
    )
    arn = create(functions, source, Environment={"Variables": {"MODE": "a"}})
    assert invoke(functions, arn)[0] == "a"
    functions.update_function_configuration(FunctionName=arn, Environment={"Variables": {"MODE": "b"}})
    result, answer = invoke(functions, arn, LogType="Tail")
    assert result == "b"
    import base64

    assert b"to the log" in base64.b64decode(answer["LogResult"])
    functions.update_function_code(
        FunctionName=arn, ZipFile=zipped("def handler(event, context):\n    return 'new'\n")
    )
    assert invoke(functions, arn)[0] == "new"


def test_a_function_reaches_this_endpoint(functions: Any, bucket: str) -> None:
    source = (
        "import boto3\ndef handler(event, context):\n"
        "    return [b['Name'] for b in boto3.client('s3').list_buckets()['Buckets'] if b['Name'] == event]\n"
    )
    assert invoke(functions, create(functions, source, Timeout=30), bucket)[0] == [bucket]


def test_a_zip_file_cannot_leave_its_folder(functions: Any) -> None:
    made = functions.create_function(
        FunctionName=f"f-{uuid.uuid4().hex[:12]}",
        Runtime="python3.12",
        Role=ROLE,
        Handler="handler.handler",
        Code={"ZipFile": zipped("x = 1\n", "../../evil.py")},
    )
    with pytest.raises(botocore.exceptions.ClientError) as error:
        functions.invoke(FunctionName=made["FunctionArn"])
    assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_a_missing_function_is_404(functions: Any) -> None:
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName="no-such-function")
    arn = create(functions, "def handler(event, context): ...\n")
    functions.delete_function(FunctionName=arn)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName=arn)


def test_an_invocation_under_way_survives_a_kill_and_runs_once(
    home: Home, own_endpoint: EndpointInfo, tmp_path: Path
) -> None:
    mark, gate = tmp_path / "calls", tmp_path / "gate"
    source = (
        "import os, time\ndef handler(event, context):\n"
        f"    open({str(mark)!r}, 'a').write('x')\n"
        f"    while not os.path.exists({str(gate)!r}):\n        time.sleep(0.01)\n"
        "    return 'done'\n"
    )
    clients = Clients(own_endpoint)
    arn = create(clients("lambda"), source, Timeout=60)
    states = clients("stepfunctions")
    definition = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": arn, "End": True}}}
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    wait_until(mark.exists, "the function's start")
    clients.close()
    os.kill(own_endpoint.pid, signal.SIGKILL)
    again = Clients(daemon.start(home))
    states = again("stepfunctions")
    gate.touch()
    wait_until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING", "the end")
    found = states.describe_execution(executionArn=execution)
    assert (found["status"], found["output"]) == ("SUCCEEDED", '"done"')
    assert mark.read_text() == "x"
    again.close()


def test_a_function_s_log_is_a_stream_of_its_group(functions: Any, client: Clients) -> None:
    arn = create(functions, "def handler(event, context):\n    print('got', event)\n")
    logs = client("logs")
    group = f"/aws/lambda/{arn.rsplit(':', 1)[-1]}"
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.describe_log_streams(logGroupName=group)
    for number in (1, 2):
        invoke(functions, arn, number)
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = logs.get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
    )["events"]
    assert [event["message"] for event in events] == ["got 1", "got 2"]
    assert events[0]["timestamp"] <= events[1]["timestamp"]
    assert group in [found["logGroupName"] for found in logs.describe_log_groups()["logGroups"]]
