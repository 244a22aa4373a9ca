from __future__ import annotations

from typing import Any

import pytest

from tests.unit.definition.machines.parts import found, one, only, task

STATES = "arn:aws:states:::"


@pytest.mark.parametrize(
    ("resource", "hint"),
    [
        (STATES + "sagemaker:startPipelineExecution.sync", "aws-sdk:sagemaker:startPipelineExecution"),
        (STATES + "sagemaker:startPipelineExecution", "describePipelineExecution"),
        (STATES + "sagemaker:createModel.sync", f'Write "{STATES}sagemaker:createModel".'),
        (STATES + "sagemaker:createEndpoint.sync", "describeEndpoint"),
        (STATES + "sagemaker:createTrainingJob.waitForTaskToken", "It has .sync"),
        (STATES + "sagemaker:createTraningJob.sync", 'Did you mean "createTrainingJob"?'),
        (STATES + "sagemaker:describeTrainingJob", f'Write "{STATES}aws-sdk:sagemaker:describeTrainingJob".'),
        (STATES + "dynamodb:query", f'Write "{STATES}aws-sdk:dynamodb:query".'),
        (STATES + "s3:getObject", f'Write "{STATES}aws-sdk:s3:getObject".'),
        (STATES + "glue:startJobRun.syn", 'Did you mean "sync"?'),
        (
            STATES + "aws-sdk:sagemaker:createTrainingJob.sync",
            f'Write "{STATES}sagemaker:createTrainingJob.sync".',
        ),
        (STATES + "aws-sdk:sagemaker:DescribeEndpoint", "Write describeEndpoint."),
        (STATES + "aws-sdk:sagemaker:describeEndpont", 'Did you mean "describeEndpoint"?'),
        (STATES + "lamda:invoke", 'Did you mean "lambda"?'),
        ("arn:aws:states:us-east-1:123456789012:stateMachine:Other", "states:startExecution.sync:2"),
        ("lambda:invoke", f'Write "{STATES}lambda:invoke".'),
        ("arn:aws:lambda:us-east-1:123456789012:functoin:f", "A function's ARN"),
    ],
)
def test_calls_that_there_are_not(resource: str, hint: str) -> None:
    problem = found(task(resource), "PC210")[0]
    assert (problem.severity, problem.path) == ("error", "Resource")
    assert hint in problem.hint


@pytest.mark.parametrize(
    "resource",
    [
        STATES + "lambda:invoke.waitForTaskToken",
        STATES + "states:startExecution.sync:2",
        STATES + "aws-sdk:sagemaker:startPipelineExecution",
        STATES + "aws-sdk:sfn:sendTaskSuccess",
        STATES + "aws-sdk:cloudwatch:putMetricAlarm",
        STATES + "bedrock:invokeModel",
        STATES + "http:invoke",
        "arn:aws:states:us-east-1:123456789012:activity:Approve",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:$LATEST",
        "${FunctionArn}",
    ],
)
def test_calls_that_there_are(resource: str) -> None:
    assert found(task(resource), "PC210") == []


def test_a_service_that_resembles_none_may_be_new() -> None:
    assert only(task(STATES + "aws-sdk:quantumdreams:start"), "PC210").severity == "warning"


def test_an_express_map_cannot_wait() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "J",
        "States": {
            "J": {
                "Type": "Task",
                "Resource": STATES + "glue:startJobRun.sync",
                "Parameters": {"JobName": "j"},
                "End": True,
            }
        },
    }
    assert "STANDARD" in only(one("Map", ItemProcessor=processor), "PC210").hint


MODEL = {"ModelName.$": "$.name", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        ({"ModelNam": "m"}, "Parameters.ModelNam", "takes no"),
        ({"ModelName": {"a": 1}}, "Parameters.ModelName", "is text"),
        ({"ModelName": "m", "PrimaryContainer": []}, "Parameters.PrimaryContainer", "an object, not a list"),
        ({"ModelName": "m", "Containers": {}}, "Parameters.Containers", "a list, not an object"),
        (
            {"ModelName": "m", "PrimaryContainer": {"Mode": "SingelModel"}},
            "Parameters.PrimaryContainer.Mode",
            "not a value",
        ),
        ({"modelName": "m"}, "Parameters.modelName", "takes ModelName"),
        ({"ModelName": "m" * 64}, "Parameters.ModelName", "at most 63 characters"),
    ],
)
def test_arguments_against_the_service_s_model(arguments: dict[str, Any], path: str, words: str) -> None:
    problems = found(task(STATES + "sagemaker:createModel", Parameters=arguments), "PC290")
    assert any(problem.path == path and words in problem.message for problem in problems), problems


def test_what_is_missing_is_named() -> None:
    problem = only(
        task(STATES + "sagemaker:createTransformJob.sync", Parameters={"TransformJobName.$": "$.n"}), "PC290"
    )
    assert problem.message.startswith(
        "CreateTransformJob needs ModelName and TransformInput and TransformOutput"
    )
    assert only(task(STATES + "glue:startJobRun"), "PC290").path == "Parameters"


def test_jsonata_arguments() -> None:
    document = task(
        STATES + "aws-sdk:sagemaker:describeEndpoint",
        QueryLanguage="JSONata",
        Arguments={"EndpointNam": "{% 'a' %}"},
    )
    assert {problem.path for problem in found(document, "PC290")} == {"Arguments.EndpointNam", "Arguments"}


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        ("sagemaker:createModel", {**MODEL, "PrimaryContainer": {"Image": "i", "ModelDataUrl.$": "$.uri"}}),
        ("dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S.$": "$.id"}, "state": "new"}}),
        ("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": {"any": ["json"]}}),
        ("lambda:invoke", {"FunctionName": "f", "Payload": {"a": 1}}),
        (
            "states:startExecution.sync:2",
            {"StateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:m", "Input": {"a": 1}},
        ),
        ("aws-sdk:ecs:describeTasks", {"Cluster": "c", "Tasks": ["t"]}),
        ("aws-sdk:rds:describeDBInstances", {"DbInstanceIdentifier": "d"}),
        (
            "events:putEvents",
            {"Entries": [{"Detail": {"a": 1}, "DetailType": "t", "Source": "s", "EventBusName": "b"}]},
        ),
    ],
)
def test_arguments_that_aws_takes(resource: str, arguments: dict[str, Any]) -> None:
    assert found(task(STATES + resource, Parameters=arguments)) == []


def test_a_name_that_each_execution_asks_for_again() -> None:
    fixed = {**MODEL, "ModelName": "census"}
    del fixed["ModelName.$"]
    assert found(task(STATES + "sagemaker:createModel", Parameters=fixed), "PC533")[0].severity == "warning"
    assert found(task(STATES + "sagemaker:createModel", Parameters=MODEL)) == []


def test_what_a_distributed_map_reads() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "End": True}},
    }
    for resource, codes in ((STATES + "s3:listObjectsV2", []), (STATES + "s3:listObjects", ["PC211"])):
        document = one("Map", ItemProcessor=processor, ItemReader={"Resource": resource})
        assert [problem.code for problem in found(document)] == codes
