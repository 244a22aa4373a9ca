"""What a Task answers, as far as AWS's own models say it."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pipecell.definition.asl import models
from pipecell.definition.asl.resources import Resource
from pipecell.definition.asl.values import ANYTHING, SCALAR, Items, Object, Value

_LAMBDA = (
    "ExecutedVersion",
    "FunctionError",
    "LogResult",
    "Payload",
    "SdkHttpMetadata",
    "SdkResponseMetadata",
    "StatusCode",
)
_METADATA = ("SdkHttpMetadata", "SdkResponseMetadata")
_DESCRIBED = {
    "createTrainingJob": "DescribeTrainingJob",
    "createProcessingJob": "DescribeProcessingJob",
    "createTransformJob": "DescribeTransformJob",
    "createHyperParameterTuningJob": "DescribeHyperParameterTuningJob",
    "createLabelingJob": "DescribeLabelingJob",
}
_DEPTH = 8

LIKE_API = {
    "sagemaker": "sagemaker",
    "glue": "glue",
    "dynamodb": "dynamodb",
    "sns": "sns",
    "sqs": "sqs",
    "athena": "athena",
    "batch": "batch",
    "ecs": "ecs",
    "events": "events",
    "states": "stepfunctions",
    "lambda": "lambda",
}
"""Optimized integrations whose arguments and answers are the service's own, and botocore's name of it."""


def result_of(resource: Resource | None) -> Value:
    """Return what a Task with this resource answers; anything where it is not known."""
    if resource is None or resource.kind != "service" or resource.waits_for_token:
        return ANYTHING
    if not resource.sdk and resource.service == "lambda":
        return Object(dict.fromkeys(_LAMBDA, ANYTHING))
    if not resource.sdk and resource.service == "sagemaker" and resource.sync:
        described = _DESCRIBED.get(resource.action)
        return _answer("sagemaker", described, "described") if described else ANYTHING
    if resource.sync:
        return ANYTHING
    service = models.service_name(resource.service) if resource.sdk else LIKE_API.get(resource.service)
    return (
        ANYTHING
        if service is None
        else _answer(service, resource.action, "sdk" if resource.sdk else "optimized")
    )


@lru_cache(maxsize=256)
def _answer(service: str, operation: str, form: Literal["described", "sdk", "optimized"]) -> Value:
    found = models.operation(service, operation)
    if found is None:
        return ANYTHING
    value = _value(found.output, _DEPTH, form == "sdk") if found.output is not None else Object()
    if not isinstance(value, Object):
        return value
    extra = dict.fromkeys(_METADATA, ANYTHING)
    return Object({**value.fields, **extra}) if form == "optimized" else value


def _value(shape: models.Shape, depth: int, sdk: bool) -> Value:
    if depth == 0:
        return ANYTHING
    if shape.type == "structure":
        if shape.facts.get("document") or not shape.members:
            return ANYTHING
        fields: dict[str, Value] = {}
        for name, member in shape.members.items():
            inside = _value(member, depth - 1, sdk)
            names = (models.pascal(name), models.java(name)) if sdk else (models.pascal(name),)
            fields |= dict.fromkeys(names, inside)
        return Object(fields)
    if shape.type == "list":
        return Items(other=_value(shape.inner("member"), depth - 1, sdk))
    if shape.type == "map":
        return Object(open=True)
    return ANYTHING if shape.type == "blob" else SCALAR
