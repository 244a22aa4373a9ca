"""The trials of a tuning job, as the steps that they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.engines.connection import Connection, aws_errors
from pipecell.engines.engine import Inside, StepSnapshot, epoch
from pipecell.engines.jobs import arn_parts

MOST_TRIALS = 500
"""Trials that are looked at; a tuning job may have more, none of which is forgotten by AWS."""

TRIAL = "Trial"
"""Type of a trial as a step."""

_PAGE = 100
_CREATES = "createHyperParameterTuningJob"
_STATUS = {"InProgress": "Executing", "Completed": "Succeeded"}


def tuning_arn(metadata: Mapping[str, Any]) -> str:
    """Return the ARN of the tuning job that a step or state made; empty where it made none."""
    if not str(metadata.get("Resource") or _CREATES).startswith(_CREATES):
        return ""  # a state that polls one names it too
    own = {key: value for key, value in metadata.items() if key not in ("Input", "Output", "Cause")}
    return next((arn for arn, kind, _ in arn_parts(own) if kind == "hyper-parameter-tuning-job"), "")


def look_at_trials(connection: Connection, arn: str, path: tuple[str, ...], engine: str) -> Inside:
    """Look at a tuning job and its training jobs: two calls, and one more for each hundred trials.

    Args:
        connection: the way there.
        arn: the tuning job's.
        path: the step that it belongs to.
        engine: the step's.

    Raises:
        ExecutionError: AWS refused.
    """
    client, name = connection.client("sagemaker"), arn.rpartition("/")[2]
    with aws_errors("a look at the trials", connection=connection):
        found = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=name,
            SortBy="CreationTime",
            SortOrder="Ascending",
            PaginationConfig={"MaxItems": MOST_TRIALS, "PageSize": _PAGE},
        )
        summaries = [entry for page in pages for entry in page["TrainingJobSummaries"]]
    config = found.get("HyperParameterTuningJobConfig") or {}
    limits = config.get("ResourceLimits") or {}
    status = found["HyperParameterTuningJobStatus"]
    return Inside(
        path=path,
        kind="trials",
        arn=arn,
        engine=engine,
        status=_STATUS.get(status, status),
        steps=tuple(map(trial_step, summaries)),
        total=limits.get("MaxNumberOfTrainingJobs"),
        best=(found.get("BestTrainingJob") or {}).get("TrainingJobName", ""),
        objective=(config.get("HyperParameterTuningJobObjective") or {}).get("MetricName", ""),
    )


def trial_step(summary: Mapping[str, Any]) -> StepSnapshot:
    """Return a training job of a tuning job as a step: its ARN, hyperparameters and objective as metadata."""
    status = summary.get("TrainingJobStatus", "")
    objective = (summary.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Value")
    metadata: dict[str, Any] = {
        "TrainingJob": {"Arn": summary["TrainingJobArn"]},
        "TunedHyperParameters": dict(summary.get("TunedHyperParameters") or {}),
    }
    if objective is not None:
        metadata["Objective"] = float(objective)
    return StepSnapshot(
        name=summary["TrainingJobName"],
        type=TRIAL,
        status=_STATUS.get(status, status),
        started=epoch(summary.get("TrainingStartTime") or summary.get("CreationTime")),
        ended=epoch(summary.get("TrainingEndTime")),
        failure_reason=summary.get("FailureReason", ""),
        metadata=metadata,
    )
