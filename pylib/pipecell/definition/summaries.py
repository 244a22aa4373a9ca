"""Short words for people: the one line under a step's name, and the label of a data edge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pipecell.definition.conditions import describe, operand
from pipecell.definition.paths import Key, parse_property_path
from pipecell.definition.references import Reference, find_references
from pipecell.errors import DefinitionError

Values = Mapping[str, Any]
"""Parameter values to show instead of parameter names."""

_IMAGE = re.compile(r"(?:[^/]+/)*(?P<name>[^/:@]+)(?::(?P<tag>[^@]+))?(?:@.*)?")
_PLATFORM = re.compile(r"-(cpu|gpu|py\d+|cu\d+|ubuntu[\d.]+|ec2|sagemaker|e\d|v\d[\d.]*).*$")
_ARN_NAME = re.compile(r"[:/]([^:/]+)$")


def image_name(uri: str) -> str:
    """Return what people call a container image: ``…/sagemaker-xgboost:1.7-1`` is ``xgboost 1.7-1``."""
    found = _IMAGE.fullmatch(uri.strip())
    if found is None:
        return uri
    name = found["name"].removeprefix("sagemaker-")
    for ending in ("-training", "-inference", "-processing", "-container", "-prod"):
        name = name.removesuffix(ending)
    tag = _PLATFORM.sub("", found["tag"] or "")
    return name if tag in ("", "latest") else f"{name} {tag}"


def summarise(step_type: str, body: Mapping[str, Any], values: Values) -> str:
    """Return one short line about a step; empty when there is nothing to add to its name.

    Args:
        step_type: the definition's type word.
        body: the whole step.
        values: parameter values, usually the defaults.
    """
    arguments = body.get("Arguments")
    if not isinstance(arguments, Mapping):
        arguments = {}
    write = _SUMMARIES.get(step_type)
    return write(arguments, body, values) if write else _job(arguments, body, values)


def _text(value: Any, values: Values) -> str:
    """Return a scalar or a function of a definition in words, empty for anything else."""
    if value is None or isinstance(value, list):
        return ""
    if isinstance(value, Mapping) and not (
        len(value) == 1 and next(iter(value)) in ("Get", "Std:Join", "Std:JsonGet")
    ):
        return ""
    return operand(value, values)


def _at(holder: Any, *keys: str) -> Any:
    """Return a nested value, None where any part of the way is missing."""
    for key in keys:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(key)
    return holder


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _image(value: Any, values: Values) -> str:
    text = _text(value, values)
    if any(reference.kind == "step" for reference in find_references(value)):
        return ""  # known only in a run
    return image_name(text) if "/" in text or ":" in text else text


def _instances(resources: Any, values: Values) -> str:
    """Return ``ml.m5.large``, with ``× 2`` for more than one, of any of AWS's resource shapes."""
    resources = _first(_at(resources, "InstanceGroups")) or resources
    kind = _text(_at(resources, "InstanceType"), values)
    count = _text(_at(resources, "InstanceCount") or _at(resources, "InitialInstanceCount"), values)
    return f"{kind} × {count}" if kind and count not in ("", "1", "1.0") else kind


def _training(arguments: Any, _: Any, values: Values) -> str:
    algorithm = _at(arguments, "AlgorithmSpecification")
    image = _at(algorithm, "TrainingImage") or _at(algorithm, "AlgorithmName")
    resources = _at(arguments, "ResourceConfig") or _at(arguments, "HyperParameterTuningResourceConfig")
    return _join(_image(image, values), _instances(resources, values))


def _processing(arguments: Any, _: Any, values: Values) -> str:
    image = _image(_at(arguments, "AppSpecification", "ImageUri"), values)
    return _join(image, _instances(_at(arguments, "ProcessingResources", "ClusterConfig"), values))


def _check(arguments: Any, body: Any, values: Values) -> str:
    kind = _text(body.get("CheckType"), values).replace("_", " ").lower()
    return _join(kind, _instances(_at(arguments, "ProcessingResources", "ClusterConfig"), values))


def _tuning(arguments: Any, _: Any, values: Values) -> str:
    definition = _at(arguments, "TrainingJobDefinition") or _first(_at(arguments, "TrainingJobDefinitions"))
    limits = _at(arguments, "HyperParameterTuningJobConfig", "ResourceLimits")
    jobs = _text(_at(limits, "MaxNumberOfTrainingJobs"), values)
    return _join(_training(definition, None, values), f"{jobs} jobs" if jobs else "")


def _model(arguments: Any, _: Any, values: Values) -> str:
    container = _at(arguments, "PrimaryContainer") or _first(_at(arguments, "Containers"))
    image = _at(container, "Image")
    return _image(image, values) if image else _text(_at(container, "ModelPackageName"), values)


def _register(arguments: Any, _: Any, values: Values) -> str:
    return _text(_at(arguments, "ModelPackageGroupName") or _at(arguments, "ModelPackageName"), values)


def _lambda(_: Any, body: Any, values: Values) -> str:
    return _arn_name(_text(body.get("FunctionArn"), values))


def _callback(_: Any, body: Any, values: Values) -> str:
    return _arn_name(_text(body.get("SqsQueueUrl"), values))


def _arn_name(text: str) -> str:
    found = _ARN_NAME.search(text)
    return found[1] if found else text


def _emr(arguments: Any, _: Any, values: Values) -> str:
    group = _first(_at(arguments, "ClusterConfig", "Instances", "InstanceGroups"))
    jar = _text(_at(arguments, "StepConfig", "HadoopJarStep", "Jar"), values)
    cluster = _text(_at(arguments, "ClusterId"), values) or _instances(group, values)
    return _join(jar.rsplit("/", 1)[-1], cluster)


def _endpoint_config(arguments: Any, _: Any, values: Values) -> str:
    return _instances(_first(_at(arguments, "ProductionVariants")), values)


def _transform(arguments: Any, _: Any, values: Values) -> str:
    return _instances(_at(arguments, "TransformResources"), values)


def _job(arguments: Any, body: Any, values: Values) -> str:
    """Return what can be said of a type that this module does not know, by the shapes that AWS reuses."""
    for write in (_training, _processing, _model, _transform, _endpoint_config):
        line = write(arguments, body, values)
        if line:
            return line
    return ""


_SUMMARIES: dict[str, Callable[[Any, Any, Values], str]] = {
    "Training": _training,
    "Processing": _processing,
    "QualityCheck": _check,
    "ClarifyCheck": _check,
    "Tuning": _tuning,
    "Transform": _transform,
    "Model": _model,
    "RegisterModel": _register,
    "Condition": lambda a, _, v: describe(_list(_at(a, "Conditions")), v),
    "Fail": lambda a, _, v: _text(_at(a, "ErrorMessage"), v),
    "Lambda": _lambda,
    "Callback": _callback,
    "EMR": _emr,
    "EndpointConfig": _endpoint_config,
    "Endpoint": lambda a, _, v: _text(_at(a, "EndpointName"), v),
}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_BEST = re.compile(r"TrainingJobSummaries\[\d+\]\.TrainingJobName")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.-]?")
_LABELS = {
    "ModelArtifacts.S3ModelArtifacts": "model",
    "ModelName": "model",
    "ModelPackageArn": "model package",
    "ModelPackageGroupName": "model group",
    "OutputDataConfig.S3OutputPath": "output",
    "TransformOutput.S3OutputPath": "predictions",
    "BestTrainingJob.TrainingJobName": "best job",
    "CalculatedBaselineStatistics": "statistics",
    "CalculatedBaselineConstraints": "constraints",
    "BaselineUsedForDriftCheckStatistics": "baseline",
    "BaselineUsedForDriftCheckConstraints": "baseline",
    "EndpointConfigName": "endpoint config",
    "EndpointName": "endpoint",
    "EndpointArn": "endpoint",
    "ClusterId": "cluster",
}


def edge_label(reference: Reference, source: Mapping[str, Any]) -> str:
    """Return the name of the output that a reference takes from a step: ``train``, ``model``, ``evaluation``.

    Args:
        reference: a reference to the step.
        source: the whole step that is referred to.
    """
    if reference.property_file is not None:
        return _property_file_output(reference.property_file, source)
    known = "best model" if _BEST.fullmatch(reference.property) else _LABELS.get(reference.property)
    if known is not None:
        return "result" if known == "output" and reference.json_path is not None else known
    try:
        segments = parse_property_path(reference.property)
    except DefinitionError:
        return reference.property
    keys = [segment for segment in segments if isinstance(segment, Key)]
    if keys:
        return _UUID.sub("", keys[-1]) or str(keys[-1])
    names = [segment for segment in segments if isinstance(segment, str)]
    return _words(names[-1]) if names else ""


def _property_file_output(name: str, source: Mapping[str, Any]) -> str:
    for entry in _list(source.get("PropertyFiles")):
        if isinstance(entry, Mapping) and entry.get("PropertyFileName") == name:
            return str(entry.get("OutputName") or name)
    return name


def _words(name: str) -> str:
    """Return ``TrainingJobName`` as ``training job name``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
