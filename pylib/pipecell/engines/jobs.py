"""The job behind a step or state: described by its service, its data found in the description."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.engines.connection import Connection, aws_errors

_ARN = re.compile(r"arn:[^:]*:sagemaker:[^:]*:[^:]*:(?P<kind>[a-z-]+)/(?P<name>.+)$")
_LOOKS: Mapping[str, tuple[str, str]] = {
    "training-job": ("describe_training_job", "TrainingJobName"),
    "processing-job": ("describe_processing_job", "ProcessingJobName"),
    "transform-job": ("describe_transform_job", "TransformJobName"),
    "hyper-parameter-tuning-job": (
        "describe_hyper_parameter_tuning_job",
        "HyperParameterTuningJobName",
    ),
}


@dataclass(frozen=True)
class Place:
    """A piece of data that a job reads or writes: the job's name for it, and its S3 URI."""

    label: str
    uri: str


@dataclass(frozen=True)
class Job:
    """A job of SageMaker.

    Attributes:
        kind: the ARN's word, for example ``training-job``.
        name: its name.
        arn: its ARN.
        description: what its service says of it.
    """

    kind: str
    name: str
    arn: str
    description: Mapping[str, Any]

    @property
    def inputs(self) -> tuple[Place, ...]:
        """What it reads."""
        return tuple(place for place in _INPUTS[self.kind](self.description) if place.uri)

    @property
    def outputs(self) -> tuple[Place, ...]:
        """What it writes."""
        return tuple(place for place in _OUTPUTS[self.kind](self.description) if place.uri)


def job_arn(metadata: Mapping[str, Any]) -> str:
    """Return the ARN of a step's job of SageMaker that can be described; empty where there is none."""
    return next((arn for arn, kind, _ in arn_parts(metadata) if kind in _LOOKS), "")


def arn_parts(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (ARN, kind, name) for each resource of SageMaker that metadata names."""
    for text in _strings(metadata):
        match = _ARN.match(text)
        if match:
            yield text, match["kind"], match["name"]


def describe_job(connection: Connection, metadata: Mapping[str, Any]) -> Job | None:
    """Describe the job of a step; None where it has none.

    Raises:
        ExecutionError: AWS refused.
    """
    arn = job_arn(metadata)
    match = _ARN.match(arn)
    if match is None:
        return None
    operation, key = _LOOKS[match["kind"]]
    with aws_errors("the step's job", connection=connection):
        found = getattr(connection.client("sagemaker"), operation)(**{key: match["name"]})
    return Job(match["kind"], match["name"], arn, found)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)


def _at(holder: Any, *keys: str) -> Any:
    for key in keys:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    return holder


def _processing_inputs(found: Mapping[str, Any]) -> Iterator[Place]:
    for entry in found.get("ProcessingInputs") or ():
        yield Place(entry.get("InputName", ""), _at(entry, "S3Input", "S3Uri") or "")


def _processing_outputs(found: Mapping[str, Any]) -> Iterator[Place]:
    for entry in _at(found, "ProcessingOutputConfig", "Outputs") or ():
        yield Place(entry.get("OutputName", ""), _at(entry, "S3Output", "S3Uri") or "")


def _channels(found: Mapping[str, Any]) -> Iterator[Place]:
    for entry in found.get("InputDataConfig") or ():
        yield Place(entry.get("ChannelName", ""), _at(entry, "DataSource", "S3DataSource", "S3Uri") or "")


def _training_outputs(found: Mapping[str, Any]) -> Iterator[Place]:
    model = _at(found, "ModelArtifacts", "S3ModelArtifacts")
    yield Place("model", model or "")
    if not model:
        yield Place("output", _at(found, "OutputDataConfig", "S3OutputPath") or "")


def _transform_inputs(found: Mapping[str, Any]) -> Iterator[Place]:
    yield Place("input", _at(found, "TransformInput", "DataSource", "S3DataSource", "S3Uri") or "")


def _transform_outputs(found: Mapping[str, Any]) -> Iterator[Place]:
    yield Place("output", _at(found, "TransformOutput", "S3OutputPath") or "")


def _tuning_inputs(found: Mapping[str, Any]) -> Iterator[Place]:
    yield from _channels(_at(found, "TrainingJobDefinition") or {})


def _tuning_outputs(found: Mapping[str, Any]) -> Iterator[Place]:
    yield Place("models", _at(found, "TrainingJobDefinition", "OutputDataConfig", "S3OutputPath") or "")


_Find = Callable[[Mapping[str, Any]], Iterator[Place]]
_INPUTS: Mapping[str, _Find] = {
    "training-job": _channels,
    "processing-job": _processing_inputs,
    "transform-job": _transform_inputs,
    "hyper-parameter-tuning-job": _tuning_inputs,
}
_OUTPUTS: Mapping[str, _Find] = {
    "training-job": _training_outputs,
    "processing-job": _processing_outputs,
    "transform-job": _transform_outputs,
    "hyper-parameter-tuning-job": _tuning_outputs,
}
