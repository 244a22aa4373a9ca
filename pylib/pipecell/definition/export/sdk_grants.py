"""What a task that calls an operation of AWS's API by its own name (``aws-sdk:…``) needs to be allowed.

Source: the Service Authorization Reference: which action an operation asks for, and on which resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.export.grants import Grant, Surroundings

_PREFIXES: Mapping[str, str] = {
    "sfn": "states",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "emr": "elasticmapreduce",
}
"""A service's word in a task's resource to its word in IAM's actions, where the two differ."""

_ACTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("s3", "copyObject"): ("PutObject",),
    ("s3", "deleteObjects"): ("DeleteObject",),
    ("s3", "headBucket"): ("ListBucket",),
    ("s3", "headObject"): ("GetObject",),
    ("s3", "listBuckets"): ("ListAllMyBuckets",),
    ("s3", "listObjects"): ("ListBucket",),
    ("s3", "listObjectsV2"): ("ListBucket",),
    ("lambda", "invoke"): ("InvokeFunction",),
    ("dynamodb", "transactWriteItems"): ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
    ("dynamodb", "transactGetItems"): ("GetItem",),
    ("sqs", "sendMessageBatch"): ("SendMessage",),
    ("sqs", "deleteMessageBatch"): ("DeleteMessage",),
    ("sns", "publishBatch"): ("Publish",),
}
"""Operations that ask for actions of other names."""

_BY_NAME: Mapping[str, tuple[str, str]] = {
    "dynamodb": ("TableName", "table/{}"),
    "lambda": ("FunctionName", "function:{}"),
    "sagemaker": ("PipelineName", "pipeline/{}"),
    "ssm": ("Name", "parameter/{}"),
    "secretsmanager": ("SecretId", "secret:{}*"),
    "glue": ("JobName", "job/{}"),
}
"""The argument that names what a service's operations act on, and how its ARN ends."""

_ON_OBJECTS = ("GetObject", "PutObject", "DeleteObject")


def sdk_grants(service: str, action: str, given: Mapping[str, Any], here: Surroundings) -> Iterator[Grant]:
    """Yield the permissions for one operation, on what its arguments name; on everything where they do not.

    Args:
        service: as in the task's resource, for example ``s3``.
        action: the operation in camel case, for example ``getObject``.
        given: the task's arguments; those that are only known in a run do not narrow anything.
        here: account and region.
    """
    for word in _ACTIONS.get((service, action), (action[:1].upper() + action[1:],)):
        resource = _bucket(word, given) if service == "s3" else _named(service, given, here)
        yield Grant(f"{_PREFIXES.get(service, service)}:{word}", resource)
    source = _literal(given, "CopySource").lstrip("/")
    if (service, action) == ("s3", "copyObject"):
        yield Grant("s3:GetObject", f"arn:aws:s3:::{source.partition('?')[0]}" if source else "*")


def _bucket(action: str, given: Mapping[str, Any]) -> str:
    bucket = _literal(given, "Bucket")
    if not bucket:
        return "*"
    if action.startswith(_ON_OBJECTS) or any(key in given for key in ("Key", "Key.$")):
        return f"arn:aws:s3:::{bucket}/{_literal(given, 'Key') or '*'}"
    return f"arn:aws:s3:::{bucket}"


def _named(service: str, given: Mapping[str, Any], here: Surroundings) -> str:
    for key, value in given.items():
        if key.lower().endswith("arn") and _literal(given, key).startswith(
            f"arn:aws:{_PREFIXES.get(service, service)}:"
        ):
            return str(value)
    queue = _literal(given, "QueueUrl").rpartition("/")[2]
    if service == "sqs" and queue:
        return here.arn("sqs", queue)
    argument, form = _BY_NAME.get(service, ("", ""))
    name = _literal(given, argument)
    if not name:
        return "*"
    # SageMaker's ARNs are in lower case, whatever the name.
    name = name.lower() if service == "sagemaker" else name.removeprefix("/")
    return name if name.startswith("arn:") else here.arn(service, form.format(name))


def _literal(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) and not value.lstrip().startswith("{%") else ""
