"""One step of a pipeline as the states that do the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pipecell.definition.sagemaker import StepView
from pipecell.definition.translate.expressions import render, variable
from pipecell.errors import DefinitionError

States = dict[str, dict[str, Any]]

_JOBS = {
    "Training": ("sagemaker:createTrainingJob.sync", "TrainingJobName"),
    "Processing": ("sagemaker:createProcessingJob.sync", "ProcessingJobName"),
    "Transform": ("sagemaker:createTransformJob.sync", "TransformJobName"),
    "Tuning": ("sagemaker:createHyperParameterTuningJob.sync", "HyperParameterTuningJobName"),
    "Model": ("sagemaker:createModel", "ModelName"),
    "EndpointConfig": ("sagemaker:createEndpointConfig", "EndpointConfigName"),
    "Endpoint": ("sagemaker:createEndpoint", "EndpointName"),
    "RegisterModel": ("aws-sdk:sagemaker:createModelPackage", ""),
}
_LONGEST = {"HyperParameterTuningJobName": 32}
_LONGEST_STATE = 80
_OURS = 20  # characters of a name that say which step it is of


def states_of(step: StepView, files: Mapping[str, Mapping[str, str]]) -> States:
    """Return the states of a step, in their order and not yet tied to others.

    Args:
        step: any step but a Condition.
        files: property files that are read somewhere, with the output that each is in, by the file's name.

    Raises:
        DefinitionError: ``PC630``, Step Functions has no such call.
    """
    if step.type == "Fail":
        cause = render(step.arguments.get("ErrorMessage", ""))
        return {step.name: {"Type": "Fail", "Error": "PipelineFailed", "Cause": cause}}
    state, result = _task(step)
    name = variable(step.name)
    state |= {"Assign": {name: f"{{% {result} %}}"}, "Output": f"{{% {result} %}}"}
    if "RetryPolicies" in step.body:
        state["Retry"] = [_retry(policy) for policy in step.body["RetryPolicies"]]
    states: States = {**_group(step), step.name: state}
    for number, (file, place) in enumerate(files.items(), start=1):
        reader = f"{step.name} reads {file}"
        reader = reader if len(reader) <= _LONGEST_STATE else f"{step.name} reads file {number}"
        states[reader] = _read(name, file, place)
    return states


def _group(step: StepView) -> States:
    """Return a Task that makes a model package's group unless it is there, as a pipeline does."""
    group = step.arguments.get("ModelPackageGroupName") if step.type == "RegisterModel" else None
    if group is None:
        return {}
    make = _call("aws-sdk:sagemaker:createModelPackageGroup", {"ModelPackageGroupName": render(group)})
    there_already = {"ErrorEquals": ["SageMaker.SageMakerException"], "Next": step.name}
    return {f"{step.name} group": {**make, "Catch": [there_already]}}


def _task(step: StepView) -> tuple[dict[str, Any], str]:
    """Return a Task, and its result as later steps may read it."""
    arguments = render(dict(step.arguments))
    if step.type in _JOBS:
        resource, key = _JOBS[step.type]
        result = "$states.result"
        if key:
            name = _job_name(step.name, _LONGEST.get(key, 63))
            arguments = {key: f"{{% {name} %}}", **arguments}
            result = f'$merge([{{"{key}": {name}}}, $states.result])'
        return _call(resource, arguments), result
    if step.type == "Lambda":
        call = {"FunctionName": step.body.get("FunctionArn", ""), "Payload": arguments}
        return _call("lambda:invoke", call), '{"OutputParameters": $states.result.Payload}'
    if step.type == "Callback":
        message = {
            "token": "{% $states.context.Task.Token %}",
            "pipelineExecutionArn": "{% $states.context.Execution.Id %}",
            "arguments": arguments,
            "status": "Executing",
        }
        call = {"QueueUrl": step.body.get("SqsQueueUrl", ""), "MessageBody": message}
        return _call("sqs:sendMessage.waitForTaskToken", call), '{"OutputParameters": $states.result}'
    raise DefinitionError(
        f"A {step.type} step has no counterpart in Step Functions.",
        code="PC630",
        step=step.name,
        hint="Leave it in the pipeline, and start the pipeline from a state machine.",
    )


def _call(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments}


def _job_name(step: str, longest: int) -> str:
    """Return a job's name as JSONata: the execution's and the step's, as SageMaker takes them."""
    ours = re.sub(r"[^A-Za-z0-9]+", "-", step).strip("-")[:_OURS].strip("-") or "step"
    room = longest - len(ours) - 1
    plain = '$replace($states.context.Execution.Name, /[^A-Za-z0-9]+/, "-")'
    return f"$substring({plain}, 0, {room}) & {json.dumps(f'-{ours}')}"


def _retry(policy: Mapping[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {"ErrorEquals": ["States.TaskFailed"]}
    return rule | {
        key: policy[key] for key in ("IntervalSeconds", "BackoffRate", "MaxAttempts") if key in policy
    }


def _read(step: str, file: str, place: Mapping[str, str]) -> dict[str, Any]:
    """Return a Task that reads a property file from S3 into the step's variable."""
    outputs = f"${step}.ProcessingOutputConfig.Outputs[OutputName = {json.dumps(place['OutputName'])}]"
    after = f'$substringAfter({outputs}.S3Output.S3Uri, "s3://")'
    key = f'$substringAfter({after}, "/") & "/" & {json.dumps(place["FilePath"])}'
    content = f"{{{json.dumps(file)}: $parse($states.result.Body)}}"
    held = f'$merge([${step}, {{"PropertyFiles": $merge([${step}.PropertyFiles, {content}])}}])'
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Arguments": {"Bucket": f'{{% $substringBefore({after}, "/") %}}', "Key": f"{{% {key} %}}"},
        "Assign": {step: f"{{% {held} %}}"},
        "Output": f"{{% {held} %}}",
    }
