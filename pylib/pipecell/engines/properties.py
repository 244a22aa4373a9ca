"""A past step's properties, asked of the operation that describes what the step made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipecell.definition.parameters import Parameter, coerce
from pipecell.errors import UsageError

_DESCRIBED: Mapping[str, tuple[str, str]] = {
    "ProcessingJob": ("describe_processing_job", "ProcessingJobName"),
    "TrainingJob": ("describe_training_job", "TrainingJobName"),
    "TransformJob": ("describe_transform_job", "TransformJobName"),
    "TuningJob": ("describe_hyper_parameter_tuning_job", "HyperParameterTuningJobName"),
    "AutoMLJob": ("describe_auto_ml_job", "AutoMLJobName"),
    "Model": ("describe_model", "ModelName"),
}
"""A step's Metadata to the operation that describes it and the member that names it."""

_CHECKS = ("QualityCheck", "ClarifyCheck")


def made_arn(metadata: Mapping[str, Any]) -> str:
    """Return the ARN of what a step made: a job, a model, a model package; empty when it made nothing."""
    for word, found in metadata.items():
        if isinstance(found, Mapping):
            return str(found.get("CheckJobArn" if word in _CHECKS else "Arn") or "")
    return ""


def properties_of(client: Any, metadata: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what other steps could refer to.

    Args:
        client: boto3's client of SageMaker.
        metadata: the step's Metadata.
        body: the step in its definition.

    Raises:
        ClientError: what the step made is gone.
    """
    for word, found in metadata.items():
        if not isinstance(found, Mapping):
            continue
        if word in _CHECKS:
            job = _describe(client, "ProcessingJob", str(found.get("CheckJobArn", "")))
            return {**job, **found}
        if word == "RegisterModel":
            package: dict[str, Any] = _plain(client.describe_model_package(ModelPackageName=found["Arn"]))
            return package
        if word in ("Lambda", "Callback"):
            return {"OutputParameters": _outputs(body, found.get("OutputParameters") or ())}
        if word == "Condition":
            return {"Outcome": found.get("Outcome")}
        if word in _DESCRIBED:
            described = _describe(client, word, str(found["Arn"]))
            return _with_summaries(client, described) if word == "TuningJob" else described
    return {}


def _describe(client: Any, word: str, arn: str) -> dict[str, Any]:
    operation, member = _DESCRIBED[word]
    found: dict[str, Any] = _plain(getattr(client, operation)(**{member: arn.rpartition("/")[2]}))
    return found


def _with_summaries(client: Any, tuning: dict[str, Any]) -> dict[str, Any]:
    """Return a tuning job with its training jobs, the best one first."""
    objective = (tuning.get("HyperParameterTuningJobConfig") or {}).get("HyperParameterTuningJobObjective")
    order = "Ascending" if (objective or {}).get("Type") == "Minimize" else "Descending"
    listed = client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuning["HyperParameterTuningJobName"],
        SortBy="FinalObjectiveMetricValue",
        SortOrder=order,
    )
    return {**tuning, "TrainingJobSummaries": _plain(listed["TrainingJobSummaries"])}


def _outputs(body: Mapping[str, Any], given: Any) -> dict[str, Any]:
    types = {
        each.get("OutputName"): each.get("OutputType") or "String"
        for each in body.get("OutputParameters") or ()
    }
    found: dict[str, Any] = {}
    for each in given:
        name, value = each["Name"], each["Value"]
        try:
            found[name] = coerce(Parameter(name, types.get(name, "String")), value)
        except UsageError:
            found[name] = value
    return found


def _plain(answer: Any) -> Any:
    """Return an answer as JSON, without what botocore adds about the call."""
    if isinstance(answer, Mapping):
        answer = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    return json.loads(json.dumps(answer, default=str))
