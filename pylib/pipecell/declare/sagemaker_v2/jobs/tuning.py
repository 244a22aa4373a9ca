"""Tuning: many trainings of one kind, in search of the best hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.hyperparameters import Range
from pipecell.declare.jobs.words import count
from pipecell.declare.sagemaker_v2.jobs import training
from pipecell.declare.sagemaker_v2.jobs.algorithms import algorithm_of, check_hyperparameters, check_ranges
from pipecell.definition import xgboost

if TYPE_CHECKING:
    from pipecell.declare.jobs.cell import StepCell
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_METRICS = (("binary:", "logloss"), ("multi:", "mlogloss"), ("rank:", "ndcg"), ("count:", "poisson-nloglik"))


def make_tuning(making: Making) -> Any:
    """Return a TuningStep."""
    from sagemaker.tuner import HyperparameterTuner
    from sagemaker.workflow.steps import TuningStep

    base = _base(making)
    image = making.image(str(base.image) if isinstance(base.image, str) else training.IMAGE, scope="training")
    if making.cell.image is None and base.image is not None and not isinstance(base.image, str):
        image = base.image
    fixed = {name: value for name, value in base.hyperparameters.items() if name not in making.cell.ranges}
    metric, definitions = _metric(making, fixed, algorithm_of(image))
    if base.script is None:
        check_ranges(making, image, making.cell.ranges)
        check_hyperparameters(making, image, {**fixed, **_examples(making.cell.ranges)})
    estimator = training.estimator(making, replace(base, hyperparameters=fixed), image)
    tuner = HyperparameterTuner(
        estimator=estimator,
        objective_metric_name=metric,
        hyperparameter_ranges={name: _range(making, tried) for name, tried in making.cell.ranges.items()},
        metric_definitions=definitions or None,
        objective_type=_direction(making, metric),
        max_jobs=count(making.cell.settings.get("jobs"), "--jobs", 10),
        max_parallel_jobs=count(making.cell.settings.get("parallel"), "--parallel", 2),
        strategy=making.setting("strategy", "Bayesian"),
    )
    inputs = training.channels(making, base.inputs, image) or None
    if making.setting("job_name") is None:
        return TuningStep(step_args=tuner.fit(inputs), **making.step())
    return TuningStep(tuner=tuner, inputs=inputs, **making.step())


def _base(making: Making) -> StepCell:
    """Return what is trained: the tuning's own inputs and values, over those of ``--training``."""
    own = replace(making.cell, settings={**making.cell.settings, "metric": ()})
    if "training" not in own.settings:
        return own
    name, facts = making.other("training", ("training",))
    if facts is None:
        return own
    if facts.cell is None:
        making.refuse(
            f"--training {name}: a %%pipeline cell declares it, and only a %%step cell can be tuned so.",
            "Give the tuning its own -i and fixed values.",
            code="PC653",
        )
    cell = facts.cell
    return replace(
        cell,
        inputs={**cell.inputs, **own.inputs},
        hyperparameters={**cell.hyperparameters, **own.hyperparameters},
        params={key: value for key, value in cell.params.items() if key not in own.ranges},
        image=own.image if own.image is not None else cell.image,
        script=own.script or cell.script,
        settings={**cell.settings, "metric": ()},
    )


def _metric(making: Making, fixed: Mapping[str, Any], algorithm: str) -> tuple[str, list[dict[str, str]]]:
    """Return the objective metric and, for a script, how to read it from the log."""
    asked = making.cell.settings.get("metric")
    if asked is None and algorithm != "xgboost":
        making.refuse("A tuning step needs --metric NAME.", "For a script: --metric 'auc=auc: ([0-9.]+)'.")
    if asked is None:
        return f"validation:{_default_metric(fixed)}", []
    name, equals, _ = str(asked).partition("=")
    if equals:
        return name, training.metric_definitions(making, (str(asked),))
    if algorithm == "xgboost":
        known = [f"validation:{metric}" for metric in sorted(xgboost.MAXIMIZED | xgboost.MINIMIZED)]
        full = name if ":" in name else f"validation:{name}"
        if full not in known:
            making.unknown("a metric of XGBoost", name, tuple(known))
        return full, []
    if not algorithm:
        making.refuse(f"--metric {name}: how is it read from the log?", f"Write --metric '{name}=REGEX'.")
    return name, []


def _default_metric(fixed: Mapping[str, Any]) -> str:
    """Return the first metric that is reported: the first of ``eval_metric``, else the objective's own."""
    if isinstance(fixed.get("eval_metric"), str):
        return str(fixed["eval_metric"]).split(",")[0].strip()
    objective = str(fixed.get("objective", "reg:squarederror"))
    return next((metric for start, metric in _METRICS if objective.startswith(start)), "rmse")


def _direction(making: Making, metric: str) -> str:
    settings = making.cell.settings
    if settings.get("maximize") and settings.get("minimize"):
        making.refuse("--maximize and --minimize contradict each other.", "Keep one.")
    if settings.get("maximize"):
        return "Maximize"
    if settings.get("minimize"):
        return "Minimize"
    name = metric.rpartition(":")[2]
    if name in xgboost.MAXIMIZED:
        return "Maximize"
    if name in xgboost.MINIMIZED:
        return "Minimize"
    return making.refuse(f"Is a high or a low {metric} better?", "Add --maximize or --minimize.")


def _range(making: Making, tried: Range) -> Any:
    from sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter

    if tried.choices:
        return CategoricalParameter([making.value(choice) for choice in tried.choices])
    whole = all(
        isinstance(bound, int) or type(bound).__name__ == "ParameterInteger"
        for bound in (tried.low, tried.high)
    )
    kind = IntegerParameter if whole else ContinuousParameter
    return kind(tried.low, tried.high, scaling_type=tried.scale)


def _examples(ranges: Mapping[str, Range]) -> dict[str, Any]:
    """Return one value of each range, so that what is checked together finds all names."""
    return {name: tried.choices[0] if tried.choices else tried.low for name, tried in ranges.items()}
