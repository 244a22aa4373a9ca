"""Requests to any service: ``aws-sdk:*`` by botocore's model, and optimized ones that are one call."""

from __future__ import annotations

import re
import uuid
from typing import Any

from pipecell.definition.asl.resources import Resource
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import TASK_FAILED, Failure
from pipecell.local.work.states.integrations import shapes
from pipecell.local.work.states.integrations.clients import Client
from pipecell.local.work.states.sdk_names import class_name, model, operation_name

#: service → (prefix of error names, generic exception, service in causes), as the Java SDK v1 has them.
_V1 = {
    "dynamodb": ("DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"),
    "lambda": ("Lambda", "AWSLambdaException", "AWSLambda"),
    "states": ("StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"),
    "sqs": ("SQS", "AmazonSQSException", "AmazonSQS"),
    "sns": ("SNS", "AmazonSNSException", "AmazonSNS"),
    "events": ("EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"),
    "sagemaker": ("SageMaker", "AmazonSageMakerException", "AmazonSageMaker"),
    "glue": ("Glue", "AWSGlueException", "AWSGlue"),
}
#: Services that say themselves which parameter is missing; AWS's client does not look.
_ASKED_OF_THE_SERVICE = frozenset({"sns", "sqs"})
_BOTOCORE = {"states": "stepfunctions"}


def call(client: Client, resource: Resource, request: TaskRequest) -> Done | Submitted:
    """Send one request; a ``.waitForTaskToken`` task goes on after it."""
    answer = send(client, resource, _told(resource, request))
    if resource.service == "events" and not resource.sdk:
        check_entries(answer["result"])
    if resource.waits_for_token:
        return Submitted(answer["result"])
    return Done(dumps(answer["result"]))


def _told(resource: Resource, request: TaskRequest) -> Any:
    """Return a task's arguments; entries of putEvents name machine and execution beside their resources."""
    entries = request.arguments.get("Entries") if isinstance(request.arguments, dict) else None
    if resource.sdk or resource.service != "events" or not isinstance(entries, list):
        return request.arguments
    execution = request.execution_arn
    machine = ":".join(execution.split(":")[:7]).replace(":execution:", ":stateMachine:")
    added = [machine.replace(":express:", ":stateMachine:"), execution]
    told = [
        {**entry, "Resources": [*entry.get("Resources", ()), *added]} if isinstance(entry, dict) else entry
        for entry in entries
    ]
    return {**request.arguments, "Entries": told}


def send(client: Client, resource: Resource, arguments: Any) -> dict[str, Any]:
    """Send one request; return ``{"raw": botocore's answer, "result": the state's}``.

    Raises:
        Failure: named as the integration names its errors.
    """
    found = operation_name(_BOTOCORE.get(resource.service, resource.service), resource.action)
    if found is None:
        raise Failure(
            TASK_FAILED, f"{resource.resource_type}:{resource.action} is no operation of AWS's SDK."
        )
    service, operation = found
    described = model(service).operation_model(operation)
    made = client(service)
    arguments = shapes.to_request(described.input_shape, _adapted(service, operation, arguments or {}))
    _check_address(resource, made, arguments)
    raw = _invoke(made, operation, arguments, resource)
    if service == "dynamodb" and "ReturnConsumedCapacity" not in arguments:
        # moto always counts; AWS only when it is asked.
        raw.pop("ConsumedCapacity", None)
    if resource.sdk:
        return {"raw": raw, "result": shapes.shaped_result(described.output_shape, raw, shapes.iso)}
    result = shapes.shaped_result(described.output_shape, raw, shapes.milliseconds)
    if resource.service != "events":
        result |= shapes.metadata(raw, shapes.http_headers(raw, resource.service))
    return {"raw": raw, "result": result}


def _check_address(resource: Resource, made: Any, arguments: dict[str, Any]) -> None:
    """Fail as AWS does where a queue's URL names no host: there the request goes to that URL."""
    url = arguments.get("QueueUrl")
    if not isinstance(url, str):
        return
    host = url.rpartition("://")[2].partition("/")[0]
    if "." not in host and host.partition(":")[0] != "localhost":
        message = f"Unable to execute HTTP request: {host}: Name or service not known"
        raise Failure(f"{_prefix(resource, made)}.SdkClientException", message)


def _adapted(service: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as Step Functions' own client sends them: an object's body is always JSON text."""
    if (service, operation) != ("s3", "PutObject") or "Body" not in arguments:
        return arguments
    return {"ContentType": "text/plain; charset=UTF-8", **arguments, "Body": dumps(arguments["Body"])}


def _invoke(made: Any, operation: str, arguments: dict[str, Any], resource: Resource) -> Any:
    import botocore.exceptions

    method = getattr(made, _snake(made, operation))
    try:
        return method(**arguments)
    except botocore.exceptions.ClientError as error:
        raise service_failure(resource, made, error) from error
    except botocore.exceptions.ParamValidationError as error:
        raise Failure(*_parameters(resource, made, str(error))) from error
    except botocore.exceptions.BotoCoreError as error:
        prefix = _prefix(resource, made)
        raise Failure(f"{prefix}.SdkClientException", f"Unable to execute HTTP request: {error}") from error


def _snake(made: Any, operation: str) -> str:
    mapping = made.meta.method_to_api_mapping
    found: str = next(name for name, api in mapping.items() if api == operation)
    return found


def _prefix(resource: Resource, made: Any) -> str:
    if not resource.sdk and resource.service in _V1:
        return _V1[resource.service][0]
    return class_name(made.meta.service_model.service_id)


def _parameters(resource: Resource, made: Any, message: str) -> tuple[str, str]:
    prefix = _prefix(resource, made)
    if resource.sdk or resource.service not in _V1:
        return f"{prefix}.{prefix}Exception", message
    missing = re.search(r'Missing required parameter in input: "(\w+)"', message)
    if missing and resource.service in _ASKED_OF_THE_SERVICE:
        details = (
            f"Service: {_V1[resource.service][2]}; Status Code: 400; Error Code: MissingParameter; "
            f"Request ID: {uuid.uuid4()}; Proxy: null"
        )
        message = f"The request must contain the parameter {missing[1]}. ({details})"
    return f"{prefix}.{_V1[resource.service][1]}", message


def service_failure(resource: Resource, made: Any, error: Any) -> Failure:
    """Return the failure of a state from AWS's error."""
    body, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, message = str(body.get("Code", "")), str(body.get("Message", ""))
    code = re.sub(r"^AWS\.[A-Za-z]+\.", "", code)
    status, identity = about.get("HTTPStatusCode", 400), about.get("RequestId", "")
    known = {_bare(shape.name) for shape in made.meta.service_model.error_shapes}
    known |= {
        _bare(shape.metadata.get("error", {}).get("code", ""))
        for shape in made.meta.service_model.error_shapes
    }
    name = f"{_bare(code)}Exception"
    if resource.sdk or resource.service not in _V1:
        prefix = class_name(made.meta.service_model.service_id)
        if _bare(code) not in known:
            name = f"{prefix}Exception"
        details = f"Service: {prefix}, Status Code: {status}, Request ID: {identity}"
        if prefix == "S3":
            details += f", Extended Request ID: {about.get('HostId') or identity}"
        return Failure(f"{prefix}.{name}", f"{message} ({details}) (SDK Attempt Count: 1)")
    prefix, generic, spoken = _V1[resource.service]
    if _bare(code) not in known:
        name = generic
    details = (
        f"Service: {spoken}; Status Code: {status}; Error Code: {code}; Request ID: {identity}; Proxy: null"
    )
    return Failure(f"{prefix}.{name}", f"{message} ({details})")


def _bare(code: str) -> str:
    return code.removesuffix("Exception")


def check_entries(result: dict[str, Any]) -> None:
    """Fail a putEvents task of which an entry failed."""
    if result.get("FailedEntryCount"):
        raise Failure("EventBridge.FailedEntry", dumps(result))
