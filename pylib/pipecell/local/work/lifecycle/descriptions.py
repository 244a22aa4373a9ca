"""What AWS answers when asked to describe a job: its request, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from pipecell.local.records.jobs import JobRecord
from pipecell.local.work.jobs import JobStatus
from pipecell.local.work.lifecycle.kinds import KINDS

_DEFAULT_RUNTIME = 24 * 3600
_NOT_DESCRIBED = frozenset({"Tags", "SessionChainingConfig"})


def describe(job: JobRecord, status: JobStatus) -> dict[str, Any]:
    """Return the answer of DescribeTrainingJob, DescribeProcessingJob or DescribeTransformJob."""
    words = KINDS[job.kind]
    answer: dict[str, Any] = {
        **{key: value for key, value in job.request.items() if key not in _NOT_DESCRIBED},
        words.arn_key: job.arn,
        words.status_key: job.status,
        "CreationTime": job.created,
        f"{words.time_prefix}StartTime": status.started,
        f"{words.time_prefix}EndTime": status.ended if job.is_final else None,
        "FailureReason": status.failure_reason,
    }
    answer.update(_FURTHER[job.kind](job, status))
    return {key: value for key, value in answer.items() if value is not None}


def _training(job: JobRecord, status: JobStatus) -> dict[str, Any]:
    request = job.request
    seconds = status.ended - status.started if status.ended and status.started else None
    return {
        "TuningJobArn": _parent_arn(job),
        "ModelArtifacts": {"S3ModelArtifacts": status.outputs.get("model") or model_artifact(request)},
        "SecondaryStatus": "Stopping" if job.status == "Stopping" else status.secondary,
        "LastModifiedTime": job.modified,
        "InputDataConfig": [
            {"CompressionType": "None", "RecordWrapperType": "None", **channel}
            for channel in request.get("InputDataConfig") or ()
        ]
        or None,
        "StoppingCondition": request.get("StoppingCondition") or {"MaxRuntimeInSeconds": _DEFAULT_RUNTIME},
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
        "SecondaryStatusTransitions": [
            _present(
                Status=each.status,
                StartTime=each.started,
                EndTime=each.ended,
                StatusMessage=each.message or None,
            )
            for each in status.transitions
        ]
        or [{"Status": "Starting", "StartTime": job.created, "StatusMessage": "Starting the training job"}],
        "FinalMetricDataList": [
            {"MetricName": each.name, "Value": each.value, "Timestamp": each.timestamp}
            for each in status.metrics
        ]
        or None,
        "TrainingTimeInSeconds": max(1, math.ceil(seconds)) if seconds is not None else None,
        "BillableTimeInSeconds": status.billable_seconds,
        "ProfilingStatus": "Disabled",
    }


def _processing(job: JobRecord, status: JobStatus) -> dict[str, Any]:
    return {
        "ExitMessage": status.exit_message,
        "LastModifiedTime": job.modified,
        "StoppingCondition": job.request.get("StoppingCondition")
        or {"MaxRuntimeInSeconds": _DEFAULT_RUNTIME},
    }


def _transform(job: JobRecord, status: JobStatus) -> dict[str, Any]:
    return {}


_FURTHER: Mapping[str, Callable[[JobRecord, JobStatus], dict[str, Any]]] = {
    "training": _training,
    "processing": _processing,
    "transform": _transform,
}


def model_artifact(request: Mapping[str, Any]) -> str:
    """Return the S3 URI of the model that a training job writes."""
    base = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{base}/{request['TrainingJobName']}/output/model.tar.gz"


def _parent_arn(job: JobRecord) -> str | None:
    if job.parent is None:
        return None
    return f"{job.arn.rpartition(':')[0]}:{KINDS['tuning'].resource}/{job.parent}"


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
