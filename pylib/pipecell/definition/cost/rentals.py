"""Which instances each step rents, for how long at most: read from arguments with parameters put in."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.document import Document, inner_machines
from pipecell.definition.foreknown import BeforeTheRun, known
from pipecell.definition.junk import at, mapping, objects
from pipecell.definition.sagemaker import iterate_steps

DEFAULT_LIMIT = 86400.0
"""Seconds that AWS lets a training or processing job run which sets no MaxRuntimeInSeconds itself."""

SPOT_DISCOUNT = 0.9
"""Share of the price that AWS says managed spot training saves at most."""


@dataclass(frozen=True)
class Rental:
    """Instances of one type that a step rents while its job runs.

    Attributes:
        kind: the kind of job: processing, training or transform.
        instance_type: None where it is known only in the run.
        count: instances in each job; None where it is known only in the run.
        limit: seconds that one job may run; None where nothing limits it.
        jobs: how many jobs one after the other or side by side; more than 1 for tuning.
        parallel: how many of those at once.
        cheapest: share of the price that may be all that is paid: less than 1 on spot instances.
        idle: seconds that the instances are kept, and paid for, after the job.
    """

    kind: str
    instance_type: str | None
    count: int | None
    limit: float | None
    jobs: int = 1
    parallel: int = 1
    cheapest: float = 1.0
    idle: float = 0.0

    @property
    def label(self) -> str:
        """``ml.m5.xlarge × 2``."""
        many = "" if self.count == 1 else f" × {'?' if self.count is None else self.count}"
        return f"{self.instance_type or 'instance type not known'}{many}"

    @property
    def longest(self) -> float | None:
        """Seconds that the step takes at most."""
        if self.limit is None:
            return None
        return self.limit * math.ceil(self.jobs / max(1, self.parallel))


@dataclass(frozen=True)
class Need:
    """What one step or state needs that costs money.

    Attributes:
        step: its name.
        rentals: the instances that it rents.
        beyond: what else is paid for and cannot be priced here, a phrase; empty when nothing.
    """

    step: str
    rentals: tuple[Rental, ...] = ()
    beyond: str = ""


_PARAMETER = re.compile(r"\s*\{%\s*\$parameters\.(\w+)\s*%\}\s*")
_DEFAULT = re.compile(
    r"\s*\{%\s*\$exists\(\$states\.input\.(\w+)\)\s*\?\s*\$states\.input\.\1\s*:\s*(.+?)\s*%\}\s*"
)
_BEYOND: Mapping[str, str] = {
    "Lambda": "the invocation of its function",
    "EMR": "the EMR cluster",
    "EMRServerless": "the EMR Serverless application",
    "AutoML": "the jobs that Autopilot starts",
    "Endpoint": "the endpoint, until it is deleted",
    "InferenceComponent": "the endpoint that it is on",
    "Athena": "the data that the query scans",
    "BedrockCustomModel": "Amazon Bedrock's training",
    "BedrockCustomModelDeployment": "Amazon Bedrock's hosting, until it is deleted",
    "BedrockProvisionedModelThroughput": "Amazon Bedrock's throughput, until it is deleted",
    "BedrockModelImport": "Amazon Bedrock's storage of the model",
    "Job": "the job",
}
_FREE = frozenset(
    {"Condition", "Fail", "Model", "RegisterModel", "Callback", "EndpointConfig", "Lineage", "Cleanup"}
)
_TASKS: Mapping[str, str] = {
    "createTrainingJob": "Training",
    "createProcessingJob": "Processing",
    "createTransformJob": "Transform",
    "createHyperParameterTuningJob": "Tuning",
}


def needs(document: Document, values: Mapping[str, Any]) -> tuple[Need, ...]:
    """Return what each step of a pipeline, or each task of a state machine, needs.

    Args:
        document: the pipeline.
        values: its parameters' values.
    """
    if document.engine == "stepfunctions":
        return tuple(_machine(document.body, {**_defaults(document.body), **values}, repeated=False))
    scope = BeforeTheRun(values)
    return tuple(
        _need(step.name, step.type, known(step.arguments, scope))
        for step in iterate_steps(document)
        if step.type not in _FREE
    )


def _need(name: str, step_type: str, arguments: Any) -> Need:
    reader = _READERS.get(step_type)
    if reader is not None:
        return Need(name, tuple(reader(mapping(arguments))))
    return Need(name, (), _BEYOND.get(step_type, f"whatever a {step_type} step starts"))


def _defaults(machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a machine takes where its input says nothing: the defaults of a translated pipeline."""
    found: dict[str, Any] = {}
    for state in machine["States"].values():
        for value in at(state, "Assign", "parameters").values():
            default = _DEFAULT.fullmatch(value) if isinstance(value, str) else None
            if default is not None:
                with contextlib.suppress(ValueError):
                    found[default[1]] = json.loads(default[2])
    return found


def _machine(machine: Mapping[str, Any], values: Mapping[str, Any], *, repeated: bool) -> Iterator[Need]:
    """Yield what the tasks of a state machine need; ``repeated`` inside a Map, nobody knows how often."""
    for name, state in machine["States"].items():
        for _, inner in inner_machines(state):
            yield from _machine(inner, values, repeated=repeated or state["Type"] == "Map")
        if state["Type"] != "Task":
            continue
        resource = str(state.get("Resource") or "")
        action = resource.rpartition(":sagemaker:")[2].partition(".")[0] if ":sagemaker:" in resource else ""
        if action in _TASKS:
            arguments = mapping(state.get("Arguments")) or mapping(state.get("Parameters"))
            found = tuple(_READERS[_TASKS[action]](_literals(arguments, values)))
            yield Need(name, found, "every further item of its Map" if repeated else "")
        else:
            yield Need(name, (), f"what {resource.rpartition(':states:::')[2] or 'its task'} costs")


def _literals(value: Any, values: Mapping[str, Any]) -> Any:
    """Return what a state's Parameters or Arguments say themselves: None for paths and expressions."""
    if isinstance(value, Mapping):
        return {
            key.removesuffix(".$"): None if key.endswith(".$") else _literals(item, values)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_literals(item, values) for item in value]
    if isinstance(value, str) and value.lstrip().startswith("{%"):
        parameter = _PARAMETER.fullmatch(value)
        return values.get(parameter[1]) if parameter is not None else None
    return value


def _processing(arguments: Mapping[str, Any]) -> Iterator[Rental]:
    cluster = at(arguments, "ProcessingResources", "ClusterConfig")
    yield Rental("processing", _text(cluster, "InstanceType"), _count(cluster), _limit(arguments))


def _training(arguments: Mapping[str, Any], jobs: int = 1, parallel: int = 1) -> Iterator[Rental]:
    resources = at(arguments, "ResourceConfig") or at(arguments, "HyperParameterTuningResourceConfig")
    spot = arguments.get("EnableManagedSpotTraining") is True
    idle = resources.get("KeepAlivePeriodInSeconds")
    groups = objects(resources.get("InstanceGroups")) or objects(resources.get("InstanceConfigs"))
    for group in groups or [resources]:
        yield Rental(
            "training",
            _text(group, "InstanceType"),
            _count(group),
            _limit(arguments),
            jobs,
            parallel,
            cheapest=1 - SPOT_DISCOUNT if spot else 1.0,
            idle=float(idle) if isinstance(idle, int | float) else 0.0,
        )


def _tuning(arguments: Mapping[str, Any]) -> Iterator[Rental]:
    limits = at(arguments, "HyperParameterTuningJobConfig", "ResourceLimits")
    jobs = _number(limits.get("MaxNumberOfTrainingJobs")) or 1
    parallel = _number(limits.get("MaxParallelTrainingJobs")) or 1
    definitions = objects(arguments.get("TrainingJobDefinitions")) or [at(arguments, "TrainingJobDefinition")]
    # Which of several definitions the tuner prefers is not known: the jobs are shared out evenly.
    share = math.ceil(jobs / len(definitions))
    for definition in definitions:
        yield from _training(definition, share, min(parallel, share))


def _transform(arguments: Mapping[str, Any]) -> Iterator[Rental]:
    resources = at(arguments, "TransformResources")
    yield Rental("transform", _text(resources, "InstanceType"), _count(resources), None)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Rental]]] = {
    "Processing": _processing,
    "QualityCheck": _processing,
    "ClarifyCheck": _processing,
    "Training": _training,
    "Tuning": _tuning,
    "Transform": _transform,
}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key) if isinstance(holder, Mapping) else None
    return value if isinstance(value, str) else None


def _count(holder: Mapping[str, Any]) -> int | None:
    return _number(holder.get("InstanceCount")) if isinstance(holder, Mapping) else None


def _number(value: Any) -> int | None:
    """Return a whole number; SageMaker takes numbers as text, too."""
    try:
        return int(float(value)) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def _limit(arguments: Mapping[str, Any]) -> float | None:
    stopping = at(arguments, "StoppingCondition")
    if "MaxRuntimeInSeconds" not in stopping:
        return DEFAULT_LIMIT
    seconds = _number(stopping["MaxRuntimeInSeconds"])
    return None if seconds is None else float(seconds)
