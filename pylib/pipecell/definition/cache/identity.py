"""What identifies a step's work within its pipeline, by type of step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from pipecell.definition.junk import mapping

_CHECK_SETTINGS = (
    *("CheckType", "ModelPackageGroupName", "SkipCheck", "RegisterNewBaseline"),
    *("FailOnViolation", "SuppliedBaselineStatistics", "SuppliedBaselineConstraints"),
)
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "Callback": ("SqsQueueUrl",),
    "Lambda": ("FunctionArn",),
    "QualityCheck": _CHECK_SETTINGS,
    "ClarifyCheck": _CHECK_SETTINGS,
}
_JOBS: Mapping[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
}
_TUNED = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)


def _of_job(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda arguments: {name: arguments[name] for name in names if name in arguments}


def _of_check(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arguments.get(name) for name in _JOBS["Processing"]}


def _of_tuning(arguments: Mapping[str, Any]) -> dict[str, Any]:
    definition = mapping(arguments.get("TrainingJobDefinition"))
    return {
        "HyperParameterTuningJobConfig": arguments.get("HyperParameterTuningJobConfig"),
        "TrainingJobDefinition": {name: definition[name] for name in _TUNED if name in definition},
        "TrainingJobDefinitions": arguments.get("TrainingJobDefinitions"),
    }


_IDENTIFYING: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    **{step_type: _of_job(names) for step_type, names in _JOBS.items()},
    "QualityCheck": _of_check,
    "ClarifyCheck": _of_check,
    "Tuning": _of_tuning,
    "Callback": dict,
    "Lambda": dict,
    "AutoML": dict,
    "EMR": dict,
}


def cacheable(step_type: str) -> bool:
    """Tell whether the results of a type of step are ever reused."""
    return step_type in _IDENTIFYING


def settings_of(step_type: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step says beside its Arguments that decides its result, references unresolved."""
    return {key: body[key] for key in _SETTINGS.get(step_type, ()) if key in body}


def identity(
    step_type: str, arguments: Mapping[str, Any], settings: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the part of a step that decides its result; None when its type is never cached.

    Args:
        step_type: the definition's type word.
        arguments: the step's Arguments, resolved.
        settings: what `settings_of` gave, resolved.
    """
    pick = _IDENTIFYING.get(step_type)
    return None if pick is None else {**pick(mapping(arguments)), **mapping(settings)}


def key_of(pipeline: str, step: str, step_type: str, identifying: Mapping[str, Any]) -> str:
    """Return what a result is found by: a digest of all that identifies the work.

    Args:
        pipeline: the pipeline's name; results are shared within one pipeline only.
        step: the step's name.
        step_type: the definition's type word.
        identifying: what `identity` gave.
    """
    whole = {"pipeline": pipeline, "step": step, "type": step_type, "arguments": identifying}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
