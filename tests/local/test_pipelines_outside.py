"""Steps that reach outside of SageMaker: callbacks over SQS, and Lambda functions."""

from __future__ import annotations

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from tests.local.conftest import Clients
from tests.local.pipeline_parts import PATIENCE, ROLE, Pipelines, definition, fresh
from tests.local.waiting import wait_until


@pytest.fixture
def pipelines(client: Clients) -> Pipelines:
    return Pipelines(client)


def callback(url: str) -> dict[str, Any]:
    return {
        "Name": "Ask",
        "Type": "Callback",
        "SqsQueueUrl": url,
        "Arguments": {"question": {"Get": "Parameters.Question"}},
        "OutputParameters": [
            {"OutputName": "answer", "OutputType": "Integer"},
            {"OutputName": "who", "OutputType": "String"},
        ],
    }


QUESTION = {"Name": "Question", "Type": "String", "DefaultValue": "how many?"}


def say(*values: Any) -> dict[str, Any]:
    """A step whose failure reason shows values."""
    message = {"Std:Join": {"On": " ", "Values": list(values)}}
    return {"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def output(step: str, name: str) -> dict[str, str]:
    return {"Get": f"Steps.{step}.OutputParameters['{name}']"}


def receive(sqs: Any, url: str) -> dict[str, Any]:
    """Take one message from a queue."""
    found: list[Any] = []

    def arrived() -> bool:
        found.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", ()))
        return bool(found)

    wait_until(arrived, "a message arrives", PATIENCE)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return dict(json.loads(found[0]["Body"]))


def test_a_callback_waits_for_its_token(client: Clients, pipelines: Pipelines) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=fresh("queue"))["QueueUrl"]
    text = definition([callback(url), say(output("Ask", "who"), output("Ask", "answer"))], QUESTION)
    arn = pipelines.start(pipelines.create(text))
    message = receive(sqs, url)
    assert message["arguments"] == {"question": "how many?"}
    assert message["pipelineExecutionArn"] == arn
    assert message["status"] == "Executing"
    assert pipelines.statuses(arn) == {"Ask": "Executing"}
    metadata = pipelines.steps(arn)["Ask"]["Metadata"]["Callback"]
    assert metadata == {"CallbackToken": message["token"], "SqsQueueUrl": url}
    sagemaker = pipelines.sagemaker
    with pytest.raises(sagemaker.exceptions.ClientError, match="answer takes an integer"):
        sagemaker.send_pipeline_execution_step_success(
            CallbackToken=message["token"],
            OutputParameters=[{"Name": "answer", "Value": "many"}, {"Name": "who", "Value": "me"}],
        )
    given = [{"Name": "answer", "Value": "42"}, {"Name": "who", "Value": "me"}]
    answer = sagemaker.send_pipeline_execution_step_success(
        CallbackToken=message["token"], OutputParameters=given
    )
    assert answer["PipelineExecutionArn"] == arn
    pipelines.wait(arn)
    steps = pipelines.steps(arn)
    assert steps["Ask"]["Metadata"]["Callback"]["OutputParameters"] == given
    assert steps["Say"]["FailureReason"] == "me 42"
    with pytest.raises(sagemaker.exceptions.ClientError, match="already ended"):
        sagemaker.send_pipeline_execution_step_failure(CallbackToken=message["token"])
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.send_pipeline_execution_step_failure(CallbackToken="0123456789")


def test_a_callback_may_fail_and_is_asked_before_a_stop(client: Clients, pipelines: Pipelines) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=fresh("queue"))["QueueUrl"]
    pipeline = pipelines.create(definition([callback(url)], QUESTION))
    arn = pipelines.start(pipeline)
    token = receive(sqs, url)["token"]
    pipelines.sagemaker.send_pipeline_execution_step_failure(CallbackToken=token, FailureReason="no idea")
    assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.steps(arn)["Ask"]["FailureReason"] == "no idea"

    arn = pipelines.start(pipeline)
    receive(sqs, url)
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    message = receive(sqs, url)
    assert message["status"] == "Stopping"
    assert pipelines.describe(arn)["PipelineExecutionStatus"] == "Stopping"
    pipelines.sagemaker.send_pipeline_execution_step_failure(CallbackToken=message["token"])
    assert pipelines.wait(arn)["PipelineExecutionStatus"] in ("Stopped", "Failed")


def test_a_queue_that_is_not_there_fails_the_step(pipelines: Pipelines) -> None:
    url = "http://127.0.0.1/000000000000/no-such-queue"
    arn = pipelines.start(pipelines.create(definition([callback(url)], QUESTION)))
    assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Failed"
    assert "no-such-queue" in pipelines.steps(arn)["Ask"]["FailureReason"]


def test_a_callback_survives_a_kill(own_endpoint: EndpointInfo, own_client: Clients, home: Home) -> None:
    url = own_client("sqs").create_queue(QueueName="asked")["QueueUrl"]
    pipelines = Pipelines(own_client)
    arn = pipelines.start(pipelines.create(definition([callback(url)], QUESTION)))
    token = receive(own_client("sqs"), url)["token"]
    os.kill(own_endpoint.pid, signal.SIGKILL)
    again = Clients(daemon.start(home))
    try:
        pipelines = Pipelines(again)
        given = [{"Name": "answer", "Value": "1"}, {"Name": "who", "Value": "me"}]
        wait_until(
            lambda: pipelines.sagemaker.send_pipeline_execution_step_success(
                CallbackToken=token, OutputParameters=given
            ),
            "the token is good",
        )
        assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    finally:
        again.close()


def make_function(client: Clients, code: str) -> str:
    """Create a Lambda function and return its ARN."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    made = client("lambda").create_function(
        FunctionName=fresh("function"),
        Runtime="python3.11",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
        Timeout=60,
    )
    return str(made["FunctionArn"])


def function_step(arn: str) -> dict[str, Any]:
    return {
        "Name": "Count",
        "Type": "Lambda",
        "FunctionArn": arn,
        "Arguments": {"text": {"Get": "Parameters.Question"}},
        "OutputParameters": [{"OutputName": "length", "OutputType": "Integer"}],
    }


@pytest.mark.parametrize(
    ("code", "check"),
    [
        (
            "def handler(event, context): return {'statusCode': 200, 'length': len(event['text'])}",
            lambda step: step["Metadata"]["Lambda"]["OutputParameters"] == [{"Name": "length", "Value": "9"}],
        ),
        ("def handler(event, context): raise ValueError('no')", lambda step: "no" in step["FailureReason"]),
        (
            "def handler(event, context): return {}",
            lambda step: step["FailureReason"] == "ClientError: Output parameter length is missing.",
        ),
    ],
    ids=["outputs", "an exception", "a missing output"],
)
def test_a_function_is_invoked(
    client: Clients, pipelines: Pipelines, tmp_path: Path, code: str, check: Callable[[Any], bool]
) -> None:
    arn = make_function(client, code)
    text = definition([function_step(arn), say("length", output("Count", "length"))], QUESTION)
    execution = pipelines.start(pipelines.create(text))
    pipelines.wait(execution)
    steps = pipelines.steps(execution)
    assert check(steps["Count"]), steps["Count"]
    if steps["Count"]["StepStatus"] == "Succeeded":
        assert steps["Say"]["FailureReason"] == "length 9"
