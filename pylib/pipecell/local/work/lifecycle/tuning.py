"""Hyperparameter tuning jobs: training jobs with varied hyperparameters, until enough have run.

A tuning job has no process of its own. Its training jobs are named after it and numbered, and
which hyperparameters a number gets is decided by the number alone, so that creating one twice is
creating it once. Every end of a training job, and every start of the server, asks `Tuner.advance`
to go on.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecell.local.records import jobs as records
from pipecell.local.records import names, tags
from pipecell.local.records.jobs import JobRecord
from pipecell.local.store import Store
from pipecell.local.work.jobs import JobStatus
from pipecell.local.work.lifecycle.sampling import grid_size, seed_of, values_of

if TYPE_CHECKING:
    from pipecell.local.work.lifecycle import Lifecycle

_COPIED = (
    *("AlgorithmSpecification", "InputDataConfig", "OutputDataConfig", "RoleArn", "StoppingCondition"),
    *("VpcConfig", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "CheckpointConfig"),
    *("EnableManagedSpotTraining", "RetryStrategy", "Environment"),
)
_ALL_FAILED = (
    "All training jobs failed. Please take a look at the training jobs failures to get more details."
)


class Tuner:
    """Runs tuning jobs.

    Args:
        store: where jobs are recorded.
        parallelism: training jobs of one tuning job that run at once, at most.
        refuse_training: says why a request for a training job cannot run here.
    """

    def __init__(
        self,
        store: Store,
        parallelism: int,
        refuse_training: Callable[[str, Mapping[str, Any]], str | None],
    ) -> None:
        self._store = store
        self._parallelism = parallelism
        self._refuse_training = refuse_training
        self._lock = threading.RLock()
        self._lifecycle: Lifecycle | None = None

    def attach(self, lifecycle: Lifecycle) -> None:
        """Take what records and launches training jobs, and be told of their ends."""
        self._lifecycle = lifecycle
        lifecycle.listen(self._ended)

    def refusal(self, kind: str, request: Mapping[str, Any]) -> str | None:
        """Say why a request cannot run here, None when it can."""
        definitions = _definitions(request)
        if not definitions:
            return "Either TrainingJobDefinition or TrainingJobDefinitions must be specified."
        name = request["HyperParameterTuningJobName"]
        reasons = (
            self._refuse_training("training", _request(name, 0, each, {}, None)) for each in definitions
        )
        return next((reason for reason in reasons if reason is not None), None)

    def launch(self, job: JobRecord) -> None:
        """Start the first training jobs, or go on where it was."""
        self.advance(job.name)

    def stop(self, job: JobRecord) -> None:
        """Stop the training jobs that run."""
        self.advance(job.name)

    def status(self, job: JobRecord) -> JobStatus:
        """Return how far the tuning job has come."""
        children = records.children(self._store.query, job.name)
        return self._decide(job, children) or JobStatus("InProgress", "Starting", job.created)

    def describe(self, job: JobRecord, status: JobStatus) -> dict[str, Any]:
        """Return the answer of DescribeHyperParameterTuningJob."""
        summaries = summaries_of(self._store, job)
        best = next((each for each in summaries if _value(each) is not None), None)
        statuses = [each["TrainingJobStatus"] for each in summaries]
        measured = sum(_value(each) is not None for each in summaries)
        failed = statuses.count("Failed")
        answer = {
            **{key: value for key, value in job.request.items() if key != "Tags"},
            "HyperParameterTuningJobArn": job.arn,
            "HyperParameterTuningJobStatus": job.status,
            "CreationTime": job.created,
            "LastModifiedTime": job.modified,
            "HyperParameterTuningEndTime": status.ended if job.is_final else None,
            "TrainingJobStatusCounters": {
                "Completed": statuses.count("Completed"),
                "InProgress": statuses.count("InProgress") + statuses.count("Stopping"),
                "RetryableError": 0,
                "NonRetryableError": failed,
                "Stopped": statuses.count("Stopped"),
            },
            "ObjectiveStatusCounters": {
                "Succeeded": measured,
                "Pending": statuses.count("InProgress") + statuses.count("Stopping"),
                "Failed": failed,
            },
            "BestTrainingJob": best,
            "OverallBestTrainingJob": best,
            "FailureReason": status.failure_reason,
        }
        return {key: value for key, value in answer.items() if value is not None}

    def advance(self, name: str) -> None:
        """Start, stop or end what is to be started, stopped or ended now."""
        lifecycle = self._lifecycle
        assert lifecycle is not None  # noqa: S101 - for the type checker: attached when the service is made
        with self._lock:
            job = lifecycle.find("tuning", name)
            if job is None or job.is_final:
                return
            children = records.children(self._store.query, name)
            active = [child for child in children if not child.is_final]
            if job.status == "Stopping":
                for child in active:
                    lifecycle.stop(child.kind, child.name)
            else:
                self._create_more(lifecycle, job, len(children), len(active))
            for child in records.children(self._store.query, name):
                if not child.is_final:
                    lifecycle.launch(child.kind, child.name)
            over = self._decide(job, records.children(self._store.query, name)) is not None
        if over:
            lifecycle.ended("tuning", name)

    def _ended(self, job: JobRecord) -> None:
        if job.parent is not None:
            self.advance(job.parent)

    def _create_more(self, lifecycle: Lifecycle, job: JobRecord, created: int, active: int) -> None:
        configuration = job.request["HyperParameterTuningJobConfig"]
        limits = configuration["ResourceLimits"]
        room = min(limits["MaxParallelTrainingJobs"], self._parallelism) - active
        definitions = _definitions(job.request)
        seed = seed_of(job.name, configuration)
        if self._is_good_enough(job):
            return
        for number in range(created, min(created + room, _wanted(job))):
            definition = _definition(job.request, number)
            ranges = definition.get("HyperParameterRanges") or configuration.get("ParameterRanges") or {}
            values = values_of(configuration["Strategy"], ranges, seed, number // len(definitions))
            if values is None:
                return
            objective = definition.get("TuningObjective") or configuration.get(
                "HyperParameterTuningJobObjective"
            )
            request = _request(job.name, number, definition, values, objective)
            with self._store.transaction() as connection:
                found = tags.of(self._store.query, job.arn)
                lifecycle.create(
                    connection,
                    "training",
                    {**request, "Tags": found} if found else request,
                    region=names.region_of(job.arn),
                    execution=job.execution,
                    step=job.step,
                    parent=job.name,
                )

    def _is_good_enough(self, job: JobRecord) -> bool:
        configuration = job.request["HyperParameterTuningJobConfig"]
        target = (configuration.get("TuningJobCompletionCriteria") or {}).get("TargetObjectiveMetricValue")
        if target is None:
            return False
        best = next(
            (value for value in map(_value, summaries_of(self._store, job)) if value is not None), None
        )
        if best is None:
            return False
        return bool(best <= target if _is_minimised(job.request) else best >= target)

    def _decide(self, job: JobRecord, children: Sequence[JobRecord]) -> JobStatus | None:
        """Return how the tuning job has ended, None while it has not."""
        if any(not child.is_final for child in children):
            return None
        ended = max((child.modified for child in children), default=job.modified)
        if job.status == "Stopping":
            return JobStatus("Stopped", "Stopped", job.created, ended=ended)
        if len(children) < _wanted(job) and not self._is_good_enough(job):
            return None
        if any(child.status == "Completed" for child in children):
            return JobStatus("Completed", "Completed", job.created, ended=ended)
        return JobStatus("Failed", "Failed", job.created, ended=ended, failure_reason=_ALL_FAILED)


def summaries_of(store: Store, job: JobRecord) -> list[dict[str, Any]]:
    """Return a HyperParameterTrainingJobSummary of each training job, the best objective first."""
    configuration = job.request["HyperParameterTuningJobConfig"]
    found = [_summary(child, job, configuration) for child in records.children(store.query, job.name)]
    sign = 1 if _is_minimised(job.request) else -1
    return sorted(found, key=lambda each: (_value(each) is None, sign * (_value(each) or 0.0)))


def _summary(child: JobRecord, job: JobRecord, configuration: Mapping[str, Any]) -> dict[str, Any]:
    status = JobStatus.from_json(child.result) if child.result else None
    definition = _definition(job.request, _number(child.name))
    objective = (
        definition.get("TuningObjective") or configuration.get("HyperParameterTuningJobObjective") or {}
    )
    static = definition.get("StaticHyperParameters") or {}
    value = next(
        (
            metric.value
            for metric in (status.metrics if status else ())
            if metric.name == objective.get("MetricName")
        ),
        None,
    )
    summary: dict[str, Any] = {
        "TrainingJobDefinitionName": definition.get("DefinitionName"),
        "TrainingJobName": child.name,
        "TrainingJobArn": child.arn,
        "TuningJobName": job.name,
        "CreationTime": child.created,
        "TrainingStartTime": status.started if status else None,
        "TrainingEndTime": status.ended if status else None,
        "TrainingJobStatus": child.status,
        "TunedHyperParameters": {
            key: text
            for key, text in child.request["HyperParameters"].items()
            if key not in static and not key.startswith("_")
        },
        "FailureReason": status.failure_reason if status else None,
        "ObjectiveStatus": "Pending" if status is None else "Succeeded" if value is not None else "Failed",
    }
    if value is not None:
        summary["FinalHyperParameterTuningJobObjectiveMetric"] = {**objective, "Value": value}
    return {key: each for key, each in summary.items() if each is not None}


def _definitions(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    single = request.get("TrainingJobDefinition")
    return [single] if single else list(request.get("TrainingJobDefinitions") or ())


def _definition(request: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """Return the definition of the n-th training job: they take turns."""
    definitions = _definitions(request)
    return definitions[number % len(definitions)]


def _number(training_job: str) -> int:
    """Return which training job of its tuning job this is, from 0; its name says so."""
    return int(training_job.rsplit("-", 2)[1]) - 1


def _request(
    name: str,
    number: int,
    definition: Mapping[str, Any],
    values: Mapping[str, str],
    objective: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the CreateTrainingJob request of one training job."""
    suffix = hashlib.sha256(f"{name}/{number}".encode()).hexdigest()[:8]
    hyperparameters = {**(definition.get("StaticHyperParameters") or {}), **values}
    if objective:
        hyperparameters["_tuning_objective_metric"] = objective["MetricName"]
    resources = definition.get("ResourceConfig")
    if resources is None:
        wanted = definition.get("HyperParameterTuningResourceConfig") or {}
        resources = {
            key: wanted[key] for key in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if key in wanted
        }
    return {
        "TrainingJobName": f"{name}-{number + 1:03d}-{suffix}",
        "HyperParameters": hyperparameters,
        "ResourceConfig": resources,
        **{key: definition[key] for key in _COPIED if key in definition},
    }


def _wanted(job: JobRecord) -> int:
    """Return how many training jobs a tuning job runs in all."""
    configuration = job.request["HyperParameterTuningJobConfig"]
    limits = configuration["ResourceLimits"]
    points = [
        grid_size(each.get("HyperParameterRanges") or configuration.get("ParameterRanges") or {})
        for each in _definitions(job.request)
    ]
    if configuration["Strategy"] == "Grid":
        return min(limits.get("MaxNumberOfTrainingJobs") or sum(points), sum(points))
    return int(limits.get("MaxNumberOfTrainingJobs") or 1)


def _is_minimised(request: Mapping[str, Any]) -> bool:
    configuration = request["HyperParameterTuningJobConfig"]
    objective: Mapping[str, Any] = configuration.get("HyperParameterTuningJobObjective") or next(
        (each["TuningObjective"] for each in _definitions(request) if "TuningObjective" in each), {}
    )
    return bool(objective.get("Type") == "Minimize")


def _value(summary: Mapping[str, Any]) -> float | None:
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    return float(metric["Value"]) if metric else None
