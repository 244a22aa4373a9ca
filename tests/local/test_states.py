"""Step Functions through boto3 on a real endpoint."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import botocore.exceptions
import pytest

from tests.local.conftest import Clients
from tests.local.waiting import PATIENCE, wait_until

ROLE = "arn:aws:iam::000000000000:role/states"


@pytest.fixture
def states(client: Clients) -> Any:
    return client("stepfunctions")


def create(states: Any, definition: dict[str, Any], **more: Any) -> str:
    name = f"m-{uuid.uuid4().hex[:12]}"
    made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, **more)
    return str(made["stateMachineArn"])


def one(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": {**state, "End": True}}}


def finish(states: Any, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(states.describe_execution(executionArn=arn))
        return bool(found["status"] != "RUNNING")

    wait_until(ended, f"the end of {arn}")
    return found


def run(states: Any, definition: dict[str, Any], data: Any = None, **more: Any) -> dict[str, Any]:
    arn = create(states, definition, **more)
    started = states.start_execution(stateMachineArn=arn, input=json.dumps({} if data is None else data))
    return finish(states, started["executionArn"])


def code_of(error: pytest.ExceptionInfo[botocore.exceptions.ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_execution_runs_to_its_end_and_tells_its_history(states: Any) -> None:
    found = run(states, one({"Type": "Pass", "Result": {"a": 1}}), {"in": 1})
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"a": 1})
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=found["executionArn"], PaginationConfig={"PageSize": 2}
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["type"] for event in events] == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    newest = states.get_execution_history(executionArn=found["executionArn"], reverseOrder=True, maxResults=1)
    assert newest["events"][0]["id"] == 4
    assert newest["nextToken"]


def test_an_invalid_definition_is_refused_with_its_place(states: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as error:
        create(states, one({"Type": "Pas"}))
    assert code_of(error) == "InvalidDefinition"
    assert "/States/S/Type" in str(error.value)


def test_what_does_not_exist_locally_is_refused_before_the_start(states: Any) -> None:
    arn = create(states, one({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync"}))
    with pytest.raises(botocore.exceptions.ClientError) as error:
        states.start_execution(stateMachineArn=arn)
    assert code_of(error) == "ValidationException"
    assert "ecs" in str(error.value)
    assert states.list_executions(stateMachineArn=arn)["executions"] == []


def test_starting_again_is_the_same_execution_while_it_runs(states: Any) -> None:
    arn = create(states, one({"Type": "Wait", "Seconds": 600}))
    first = states.start_execution(stateMachineArn=arn, name="n", input="{}")
    assert states.start_execution(stateMachineArn=arn, name="n", input="{}") | first
    with pytest.raises(botocore.exceptions.ClientError) as error:
        states.start_execution(stateMachineArn=arn, name="n", input='{"other": 1}')
    assert code_of(error) == "ExecutionAlreadyExists"
    states.stop_execution(executionArn=first["executionArn"], error="E", cause="because")
    stopped = finish(states, first["executionArn"])
    assert (stopped["status"], stopped["error"], stopped["cause"]) == ("ABORTED", "E", "because")


def test_versions_and_aliases_start_what_they_name(states: Any) -> None:
    arn = create(states, one({"Type": "Pass", "Result": 1}))
    version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    states.update_state_machine(
        stateMachineArn=arn, definition=json.dumps(one({"Type": "Pass", "Result": 2}))
    )
    alias = states.create_state_machine_alias(
        name="prod", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )["stateMachineAliasArn"]
    outputs = []
    for target in (arn, version, alias):
        started = states.start_execution(stateMachineArn=target)
        outputs.append(finish(states, started["executionArn"])["output"])
    assert outputs == ["2", "1", "1"]
    with pytest.raises(botocore.exceptions.ClientError) as error:
        states.delete_state_machine_version(stateMachineVersionArn=version)
    assert code_of(error) == "ConflictException"


def test_an_express_machine_answers_at_once(states: Any) -> None:
    arn = create(states, one({"Type": "Pass", "Result": [1]}), type="EXPRESS")
    answer = states.start_sync_execution(stateMachineArn=arn, input="{}") if _no_prefix(states) else {}
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "[1]")


def _no_prefix(states: Any) -> bool:
    # botocore would put "sync-" before the host.
    states.meta.config.inject_host_prefix = False
    return True


def test_an_activity_is_taken_and_answered(states: Any) -> None:
    activity = states.create_activity(name=f"a-{uuid.uuid4().hex[:8]}")["activityArn"]
    arn = create(states, one({"Type": "Task", "Resource": activity, "HeartbeatSeconds": 60}))
    started = states.start_execution(stateMachineArn=arn, input='{"work": 1}')
    task = states.get_activity_task(activityArn=activity, workerName="w")
    assert json.loads(task["input"]) == {"work": 1}
    states.send_task_heartbeat(taskToken=task["taskToken"])
    states.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    found = finish(states, started["executionArn"])
    assert json.loads(found["output"]) == {"done": True}
    with pytest.raises(botocore.exceptions.ClientError) as error:
        states.send_task_success(taskToken=task["taskToken"], output="1")
    assert code_of(error) == "TaskTimedOut"


def test_a_missed_heartbeat_ends_the_task(states: Any) -> None:
    activity = states.create_activity(name=f"a-{uuid.uuid4().hex[:8]}")["activityArn"]
    arn = create(states, one({"Type": "Task", "Resource": activity, "HeartbeatSeconds": 1}))
    started = states.start_execution(stateMachineArn=arn)
    assert finish(states, started["executionArn"])["error"] == "States.Timeout"


def test_an_execution_waits_for_another_one(states: Any) -> None:
    inner = create(states, one({"Type": "Pass", "Result": {"x": 1}}))
    resource = "arn:aws:states:::states:startExecution.sync:2"
    state = {
        "Type": "Task",
        "Resource": resource,
        "Parameters": {"StateMachineArn": inner},
        "OutputPath": "$.Output",
    }
    assert json.loads(run(states, one(state))["output"]) == {"x": 1}


def test_a_failed_execution_goes_on_where_it_failed(states: Any) -> None:
    inner = create(states, {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}})
    resource = "arn:aws:states:::states:startExecution.sync"
    found = run(states, one({"Type": "Task", "Resource": resource, "Parameters": {"StateMachineArn": inner}}))
    assert (found["status"], found["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    states.update_state_machine(stateMachineArn=inner, definition=json.dumps(one({"Type": "Pass"})))
    states.redrive_execution(executionArn=found["executionArn"])
    again = finish(states, found["executionArn"])
    assert (again["status"], again["redriveCount"]) == ("SUCCEEDED", 1)


def test_any_service_behind_the_port_can_be_called(states: Any, bucket: str, s3: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b'{"from": "s3"}')
    arguments = {"Bucket": bucket, "Key": "k"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters": arguments}
    found = run(states, one({**state, "ResultSelector": {"v.$": "States.StringToJson($.Body)"}}))
    assert json.loads(found["output"]) == {"v": {"from": "s3"}}
    missing = run(states, one({**state, "Parameters": {**arguments, "Key": "no"}}))
    assert missing["error"] == "S3.NoSuchKeyException"


def test_a_distributed_map_reads_and_writes_objects(states: Any, bucket: str, s3: Any) -> None:
    s3.put_object(Bucket=bucket, Key="in.csv", Body=b"a,b\n1,2\n3,4\n")
    definition = one(
        {
            "Type": "Map",
            "Label": "Rows",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                "Parameters": {"Bucket": bucket, "Key": "in.csv"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "P",
                "States": {"P": {"Type": "Pass", "End": True}},
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": bucket, "Prefix": "out"},
            },
        }
    )
    found = run(states, definition)
    assert found["status"] == "SUCCEEDED", found.get("cause")
    output = json.loads(found["output"])
    manifest = json.loads(
        s3.get_object(Bucket=bucket, Key=output["ResultWriterDetails"]["Key"])["Body"].read()
    )
    key = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]
    results = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert sorted(json.loads(item["Output"])["a"] for item in results) == ["1", "3"]
    described = states.describe_map_run(mapRunArn=output["MapRunArn"])
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 2)
    children = states.list_executions(mapRunArn=output["MapRunArn"])["executions"]
    assert {child["status"] for child in children} == {"SUCCEEDED"}


def test_a_state_is_tried_with_a_mock(states: Any) -> None:
    states.meta.config.inject_host_prefix = False
    answer = states.test_state(
        definition=json.dumps(
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 3}],
                "End": True,
            }
        ),
        mock={"errorOutput": {"error": "E", "cause": "c"}},
        inspectionLevel="DEBUG",
    )
    assert (answer["status"], answer["error"]) == ("RETRIABLE", "E")
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 3}


def test_workers_that_wait_are_woken(client: Clients) -> None:
    states, worker = client("stepfunctions"), client("stepfunctions")
    activity = states.create_activity(name=f"a-{uuid.uuid4().hex[:8]}")["activityArn"]
    taken: list[Any] = []
    thread = threading.Thread(target=lambda: taken.append(worker.get_activity_task(activityArn=activity)))
    thread.start()
    arn = create(states, one({"Type": "Task", "Resource": activity}))
    states.start_execution(stateMachineArn=arn, input='"x"')
    thread.join(timeout=PATIENCE)
    assert taken
    assert taken[0]["input"] == '"x"'


def test_a_call_that_nothing_answers_is_refused_before_anything_runs(states: Any) -> None:
    first = {"Type": "Pass", "Next": "S"}
    call = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:translate:translateText", "End": True}
    arn = create(states, {"StartAt": "First", "States": {"First": first, "S": call}})
    with pytest.raises(botocore.exceptions.ClientError, match="has nothing behind it locally") as caught:
        states.start_execution(stateMachineArn=arn)
    assert code_of(caught) == "ValidationException"
    assert states.list_executions(stateMachineArn=arn)["executions"] == []


@pytest.mark.parametrize(
    "call",
    [
        "sqs:listQueues",
        "dynamodb:listTables",
        "sagemaker:listPipelines",
        "s3:listBuckets",
        "sfn:listActivities",
    ],
)
def test_any_service_behind_the_endpoint_can_be_called(call: str, states: Any) -> None:
    resource = f"arn:aws:states:::aws-sdk:{call}"
    arn = create(states, one({"Type": "Task", "Resource": resource, "Parameters": {}}))
    ended = finish(states, states.start_execution(stateMachineArn=arn)["executionArn"])
    assert ended["status"] == "SUCCEEDED", ended
