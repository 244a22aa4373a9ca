"""What the tasks of a state machine need its role to be allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.document import Document, inner_machines
from pipecell.definition.export.grants import Grant, Surroundings, job_logs, pass_role
from pipecell.definition.export.sdk_grants import sdk_grants
from pipecell.definition.export.step_grants import uses

_SERVICES: Mapping[str, str] = {
    "sagemaker": "sagemaker",
    "lambda": "lambda",
    "sns": "sns",
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "ecs": "ecs",
    "batch": "batch",
    "glue": "glue",
    "states": "states",
    "events": "events",
    "athena": "athena",
    "elasticmapreduce": "elasticmapreduce",
    "bedrock": "bedrock",
}
"""A service's word in a task's resource to its word in IAM's actions."""

_JOBS: Mapping[str, tuple[str, str]] = {
    "createTrainingJob": ("training-job", "TrainingJob"),
    "createProcessingJob": ("processing-job", "ProcessingJob"),
    "createTransformJob": ("transform-job", "TransformJob"),
    "createHyperParameterTuningJob": ("hyper-parameter-tuning-job", "HyperParameterTuningJob"),
    "createLabelingJob": ("labeling-job", "LabelingJob"),
}
_CREATED: Mapping[str, str] = {
    "createModel": "model",
    "createEndpointConfig": "endpoint-config",
    "createEndpoint": "endpoint",
    "updateEndpoint": "endpoint",
}


def machine_grants(document: Document, here: Surroundings) -> Iterator[Grant]:
    """Yield every permission that the role of a state machine needs.

    Args:
        document: the state machine.
        here: account, region and role.

    Source: Step Functions developer guide, "IAM policies for integrated services".
    """
    yield from _machine(document.body, here)


def _machine(machine: Mapping[str, Any], here: Surroundings) -> Iterator[Grant]:
    for state in machine["States"].values():
        for _, inner in inner_machines(state):
            yield from _machine(inner, here)
        if state["Type"] == "Task":
            given = state.get("Arguments") or state.get("Parameters")
            yield from _task(
                str(state.get("Resource") or ""), given if isinstance(given, Mapping) else {}, here
            )
        reader = state.get("ItemReader")
        if isinstance(reader, Mapping):
            place = reader.get("Parameters") or reader.get("Arguments") or {}
            bucket = place.get("Bucket") if isinstance(place, Mapping) else None
            key = place.get("Key") or "*" if isinstance(place, Mapping) else "*"
            yield Grant("s3:GetObject", f"arn:aws:s3:::{bucket or '*'}/{key if bucket else '*'}")


def _task(resource: str, given: Mapping[str, Any], here: Surroundings) -> Iterator[Grant]:
    if resource.startswith("arn:aws:lambda:"):
        yield Grant("lambda:InvokeFunction", resource)
        return
    call = resource.partition(":states:::")[2]
    call, _, how = call.partition(".")
    service, _, action = call.partition(":")
    if service == "aws-sdk":
        service, _, action = action.partition(":")
        yield from sdk_grants(service, action, given, here)
    elif service == "sagemaker":
        yield from _sagemaker(action, given, how, here)
    elif service == "lambda":
        function = _text(given, "FunctionName")
        arn = function if function.startswith("arn:") else here.arn("lambda", f"function:{function or '*'}")
        yield Grant("lambda:InvokeFunction", arn)
    elif service == "sns":
        yield Grant("sns:Publish", _text(given, "TopicArn") or here.arn("sns", "*"))
    elif service == "sqs":
        queue = _text(given, "QueueUrl").rpartition("/")[2]
        yield Grant("sqs:SendMessage", here.arn("sqs", queue or "*"))
    elif service == "dynamodb":
        yield Grant(
            f"dynamodb:{_title(action)}", here.arn("dynamodb", f"table/{_text(given, 'TableName') or '*'}")
        )
    elif service == "states":
        machine = _text(given, "StateMachineArn") or here.arn("states", "stateMachine:*")
        yield Grant("states:StartExecution", machine)
        if how:
            for word in ("DescribeExecution", "StopExecution"):
                yield Grant(f"states:{word}", machine.replace(":stateMachine:", ":execution:") + ":*")
            yield from _rule("StepFunctionsGetEventsForStepFunctionsExecutionRule", here)
    elif service in _SERVICES:
        yield Grant(f"{_SERVICES[service]}:{_title(action)}", "*")


def _sagemaker(action: str, given: Mapping[str, Any], how: str, here: Surroundings) -> Iterator[Grant]:
    role = given.get("RoleArn") or given.get("ExecutionRoleArn")
    if action in _JOBS:
        kind, word = _JOBS[action]
        arn = here.arn("sagemaker", f"{kind}/*")
        actions = [f"Create{word}", "AddTags"] + ([f"Describe{word}", f"Stop{word}"] if how else [])
        for each in actions:
            yield Grant(f"sagemaker:{each}", arn)
        if how:
            yield from _rule(f"StepFunctionsGetEventsForSageMaker{word}sRule", here)
    else:
        yield Grant(f"sagemaker:{_title(action)}", here.arn("sagemaker", f"{_CREATED.get(action, '*')}/*"))
    if action in _JOBS or role:
        yield pass_role(role, here)
    if action in _JOBS and role in (None, here.role):
        # The jobs run under the machine's own role.
        yield from uses(given, {}, here)
        yield from job_logs(here, _JOBS[action][1] + "s")


def _rule(name: str, here: Surroundings) -> Iterator[Grant]:
    """Yield what waiting for a job needs: Step Functions keeps a rule of EventBridge for it."""
    for action in ("DescribeRule", "PutRule", "PutTargets"):
        yield Grant(f"events:{action}", here.arn("events", f"rule/{name}"))


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) and not value.lstrip().startswith("{%") else ""


def _title(action: str) -> str:
    return action[:1].upper() + action[1:]
