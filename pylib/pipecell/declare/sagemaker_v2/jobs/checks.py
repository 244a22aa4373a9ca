"""Checks of quality and bias: data, or a model's answers, against a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.sagemaker_v2.jobs.making import DEFAULT_INSTANCE, made
from pipecell.errors import did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_MODEL_QUALITY = (
    *("problem_type", "inference_attribute", "probability_attribute", "ground_truth_attribute"),
    "probability_threshold_attribute",
)
_FORMAT = ("format", "header")
_DATA = ("label", "headers", "dataset_type")
_BIAS = ("label_values_or_threshold", "facet_name", "facet_values_or_threshold", "group_name")
_PREDICTIONS = ("label_index", "probability", "probability_threshold")


def make_quality_check(making: Making) -> Any:
    """Return a QualityCheckStep."""
    from sagemaker.workflow import quality_check_step as sdk

    given = dict(making.cell.hyperparameters)
    model = making.setting("check", "data") == "model"
    _refuse_unknown(making, given, (*_FORMAT, *(_MODEL_QUALITY if model else ())))
    settings: dict[str, Any] = {
        "baseline_dataset": _source(making),
        "dataset_format": _format(making, given),
        "output_s3_uri": _results(making),
    }
    if not model:
        return made(
            sdk.QualityCheckStep,
            quality_check_config=made(sdk.DataQualityCheckConfig, **settings),
            **_step(making),
        )
    if "problem_type" not in given:
        making.refuse("A check of a model needs its problem_type.", "Add a line `problem_type: Regression`.")
    settings |= {name: making.value(given.get(name)) for name in _MODEL_QUALITY}
    return made(
        sdk.QualityCheckStep,
        quality_check_config=made(sdk.ModelQualityCheckConfig, **settings),
        **_step(making),
    )


def make_clarify_check(making: Making) -> Any:
    """Return a ClarifyCheckStep."""
    from sagemaker import clarify
    from sagemaker.workflow import clarify_check_step as sdk

    given = dict(making.cell.hyperparameters)
    model = making.setting("check", "data-bias") == "model-bias"
    _refuse_unknown(making, given, (*_DATA, *_BIAS, *(_PREDICTIONS if model else ())))
    for name in ("label", "facet_name", "label_values_or_threshold"):
        if name not in given:
            making.refuse(f"A check for bias needs {name}.", f"Add a line `{name}: …`.")
    data = made(
        clarify.DataConfig,
        s3_data_input_path=_source(making),
        s3_output_path=_results(making),
        s3_analysis_config_output_path=making.setting(
            "analysis",
            f"s3://{making.session.default_bucket()}/{making.scope.pipeline}/checks/{making.cell.name}",
        ),
        label=_number(given["label"]),
        headers=_list(given.get("headers")),
        dataset_type=given.get("dataset_type", "text/csv"),
    )
    bias = made(
        clarify.BiasConfig,
        label_values_or_threshold=_numbers(given["label_values_or_threshold"]),
        facet_name=_names(given["facet_name"]),
        facet_values_or_threshold=_numbers(given.get("facet_values_or_threshold")),
        group_name=given.get("group_name"),
    )
    if not model:
        config = made(sdk.DataBiasCheckConfig, data_config=data, data_bias_config=bias)
        return made(sdk.ClarifyCheckStep, clarify_check_config=config, **_step(making))
    name, facts = making.other("model", ("model",))
    from pipecell.declare.sagemaker_v2.jobs.references import step_property

    config = made(
        sdk.ModelBiasCheckConfig,
        data_config=data,
        data_bias_config=bias,
        model_config=made(
            clarify.ModelConfig,
            model_name=step_property(facts.names[-1] if facts else f"{name}-CreateModel", "ModelName"),
            instance_count=making.cell.instance.count,
            instance_type=_serving_instance(making),
        ),
        model_predicted_label_config=made(
            clarify.ModelPredictedLabelConfig,
            label=given.get("label_index"),
            probability=given.get("probability"),
            probability_threshold=_number(given.get("probability_threshold")),
        ),
    )
    return made(sdk.ClarifyCheckStep, clarify_check_config=config, **_step(making))


def _serving_instance(making: Making) -> str:
    """Return what the model answers on meanwhile: the analysis is a file, so it cannot be a parameter."""
    asked = making.cell.instance.type
    return asked if isinstance(asked, str) else DEFAULT_INSTANCE


def _step(making: Making) -> dict[str, Any]:
    from sagemaker.workflow.check_job_config import CheckJobConfig

    job = {**making.job("CheckInstanceType"), "env": making.environment()}
    return {
        **making.step(retry=False),
        "check_job_config": made(CheckJobConfig, **job),
        "skip_check": bool(making.setting("skip", False)),
        "register_new_baseline": bool(making.setting("register_baseline", False)),
        "model_package_group_name": making.setting("group", making.scope.pipeline),
    }


def _source(making: Making) -> Any:
    if len(making.cell.inputs) != 1:
        making.refuse(
            f"A {making.cell.kind} step reads one input.", "Write -i data=Step.output or -i data=s3://…."
        )
    (value,) = making.cell.inputs.values()
    return making.value(value)


def _results(making: Making) -> Any:
    from sagemaker.workflow.execution_variables import ExecutionVariables
    from sagemaker.workflow.functions import Join

    asked = making.setting("results")
    if asked is not None:
        return asked
    base = f"s3://{making.session.default_bucket()}/{making.scope.pipeline}"
    return Join(on="/", values=[base, ExecutionVariables.PIPELINE_EXECUTION_ID, making.cell.name])


def _format(making: Making, given: dict[str, Any]) -> Any:
    from sagemaker.model_monitor import DatasetFormat

    header = str(given.get("header", "true")).lower() == "true"
    kind = given.get("format", "csv")
    if kind not in ("csv", "json"):
        making.unknown("a format", str(kind), ("csv", "json"))
    return DatasetFormat.csv(header=header) if kind == "csv" else DatasetFormat.json(lines=True)


def _refuse_unknown(making: Making, given: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            making.refuse_setting(
                f'A {making.cell.kind} step has no setting "{name}".', did_you_mean(name, known), name=name
            )


def _list(text: Any) -> list[str] | None:
    return [word.strip() for word in str(text).strip("[]").split(",")] if text is not None else None


def _numbers(text: Any) -> list[Any] | None:
    return None if text is None else [_number(word) for word in _list(text) or ()]


def _names(text: Any) -> Any:
    """Return a column's name or number, or several in brackets."""
    return _numbers(text) if str(text).startswith("[") else _number(text)


def _number(text: Any) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except (TypeError, ValueError):
            continue
    return text
