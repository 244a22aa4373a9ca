"""Checks of quality and bias as ``%%step`` cells, from the configuration that the SDK's step object keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.declare.cell_writing.common import add_step_words, page, pair
from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Wording

_MODEL_QUALITY = (
    *("problem_type", "inference_attribute", "probability_attribute", "ground_truth_attribute"),
    "probability_threshold_attribute",
)
_BIAS = ("label_values_or_threshold", "facet_name", "facet_values_or_threshold", "group_name")


def write_quality_check(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a check of data or of a model's answers."""
    cell = CellText("quality-check", name)
    config = thing.quality_check_config
    lines: dict[str, Any] = {}
    form = config.dataset_format or {}
    if "json" in form:
        lines["format"] = "json"
    elif page(form, "csv").get("header") is False:
        lines["header"] = "false"
    if type(config).__name__ == "ModelQualityCheckConfig":
        cell.add("--check", "model")
        lines |= {key: getattr(config, key, None) for key in _MODEL_QUALITY}
    for given in page(step, "Arguments").get("ProcessingInputs") or ():
        if given["InputName"] == "baseline_dataset_input":
            source = wording.word(given["S3Input"].get("S3Uri"), f"{name}_data")
            cell.add("-i", None if source is None else f"data={source}")
    results = getattr(config.output_s3_uri, "expr", config.output_s3_uri)
    if results is not None and not _is_usual(results, name):
        cell.add("--results", wording.word(results, f"{name}_results"))
    _add_check(cell, wording, step)
    cell.body = _lines(lines)
    return cell


def write_clarify_check(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a check for bias."""
    cell = CellText("clarify-check", name)
    config = thing.clarify_check_config
    data, bias = config.data_config, getattr(config, "data_bias_config", None)
    lines: dict[str, Any] = {"label": data.label, "headers": _listed(data.headers)}
    kind = data.analysis_config.get("dataset_type")
    if kind != "text/csv":
        lines["dataset_type"] = kind
    lines |= {key: _listed(getattr(bias, key, None) or _analysed(bias, key)) for key in _BIAS}
    if type(config).__name__ == "ModelBiasCheckConfig":
        cell.add("--check", "model-bias")
        named = config.model_config.get_predictor_config().get("model_name")
        model = wording.word(getattr(named, "expr", named))
        cell.add("--model", None if model is None else model.partition(".")[0])
        lines |= _predictions(config.model_predicted_label_config)
    for given in page(step, "Arguments").get("ProcessingInputs") or ():
        if given["InputName"] == "dataset":
            source = wording.word(given["S3Input"].get("S3Uri"), f"{name}_data")
            cell.add("-i", None if source is None else f"data={source}")
    results = getattr(data.s3_output_path, "expr", data.s3_output_path)
    cell.add("--results", None if _is_usual(results, name) else wording.word(results, f"{name}_results"))
    kept = data.s3_analysis_config_output_path or data.s3_output_path
    if not str(getattr(kept, "expr", kept)).endswith(f"/checks/{name}"):
        cell.add("--analysis", wording.word(getattr(kept, "expr", kept), f"{name}_analysis"))
    _add_check(cell, wording, step)
    cell.body = _lines(lines)
    return cell


def _is_usual(uri: Any, step: str) -> bool:
    """Say whether results go where a check's cell puts them: below the execution, under the step's name."""
    values = uri["Std:Join"]["Values"] if isinstance(uri, Mapping) and "Std:Join" in uri else ()
    return list(values[1:]) == [{"Get": "Execution.PipelineExecutionId"}, step]


def _analysed(bias: Any, key: str) -> Any:
    """Return a setting of bias from the analysis that the SDK keeps of it."""
    analysis = getattr(bias, "analysis_config", None) or {}
    facet = (analysis.get("facet") or [{}])[0]
    return {
        "label_values_or_threshold": analysis.get("label_values_or_threshold"),
        "facet_name": facet.get("name_or_index"),
        "facet_values_or_threshold": facet.get("value_or_threshold"),
        "group_name": analysis.get("group_variable"),
    }.get(key)


def _predictions(config: Any) -> dict[str, Any]:
    return {
        "label_index": getattr(config, "label", None),
        "probability": getattr(config, "probability", None),
        "probability_threshold": getattr(config, "probability_threshold", None),
    }


def _add_check(cell: CellText, wording: Wording, step: Mapping[str, Any]) -> None:
    """Add what both checks say; the instance is that of their processing job."""
    arguments = page(step, "Arguments")
    cluster = page(arguments, "ProcessingResources", "ClusterConfig")
    cell.add("--instance", wording.word(cluster.get("InstanceType"), "instance_type"))
    cell.add("--group", wording.word(step.get("ModelPackageGroupName"), "model_package_group"))
    if step.get("SkipCheck") is True:
        cell.flag("--skip")
    if step.get("RegisterNewBaseline") is True:
        cell.flag("--register-baseline")
    for key, value in (arguments.get("Environment") or {}).items():
        if not key.startswith(("dataset_", "output_", "analysis_", "publish_", "baseline_", "problem_")):
            cell.add("--env", pair(key, wording.word(value, key)))
    for tag in arguments.get("Tags") or ():
        cell.add("--tag", pair(tag["Key"], wording.word(tag["Value"])))
    add_step_words(cell, wording, step)


def _listed(value: Any) -> Any:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else value


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{key}: {value}" for key, value in values.items() if value is not None)
