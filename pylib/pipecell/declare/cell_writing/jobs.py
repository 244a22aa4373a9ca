"""Processing, training, tuning and transform steps as ``%%step`` cells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipecell.declare.cell_writing.common import add_common, add_image, cannot, page, pair
from pipecell.declare.cell_writing.sources import (
    Code,
    code_of_processing,
    code_of_training,
    job_of,
    local_inputs,
)
from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Wording, variable_name
from pipecell.declare.compiled import PLACEHOLDER_ACCOUNT
from pipecell.declare.jobs.fields import Field, field_text

_PLAIN_LINE = re.compile(r"[A-Za-z_][\w.-]*")
_SCALES = {"Linear": " linear", "Logarithmic": " log", "ReverseLogarithmic": " reverse", "Auto": ""}
_TRAINING_IMAGE = ("AlgorithmSpecification", "TrainingImage")
_DAY = 86400
SET_BELOW = "s3://set-below"
"""Stands where a value is joined from other steps' outputs: ``--set`` gives it, the input keeps its place."""
_DEFAULT_VOLUME = 30
_DEFAULT_BUCKET = re.compile(rf"s3://sagemaker-[a-z0-9-]+-{PLACEHOLDER_ACCOUNT}/")


def write_processing(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a processing step."""
    arguments = step["Arguments"]
    cell = CellText("processing", name)
    cluster = page(arguments, "ProcessingResources", "ClusterConfig")
    code = code_of_processing(thing)
    application = arguments["AppSpecification"]
    entry = application.get("ContainerEntrypoint") or ()
    if code.script:
        cell.add("--script", code.script)
        if code.folder:
            cell.add("--source", code.folder)
        if code.job_name:
            cell.add("--job-name", code.job_name)
    elif entry:
        for word in entry:
            cell.add("--entrypoint", wording.word(word, f"{name}_entrypoint"))
    else:
        cell.flag("--no-script")
    add_image(
        cell,
        wording,
        application["ImageUri"],
        "AppSpecification",
        "ImageUri",
        instance=cluster.get("InstanceType"),
    )
    _add_instance(cell, wording, cluster)
    local = local_inputs(thing)
    for number, given in enumerate(arguments.get("ProcessingInputs") or ()):
        if given["InputName"] in _generated(code) or "S3Input" not in given:
            continue
        if number in local:
            cell.add("--upload", f"{local[number]}={given['S3Input']['S3Uri']}")
        place = given["S3Input"].get("LocalPath")
        usual = f"/opt/ml/processing/input/{given['InputName']}"
        source = wording.word(given["S3Input"].get("S3Uri"), variable_name(f"{name}_{given['InputName']}"))
        at = f"@{place}" if place and place != usual else ""
        cell.add("-i", f"{given['InputName']}={source or SET_BELOW}{at}")
    for left in page(arguments, "ProcessingOutputConfig").get("Outputs") or ():
        cell.add("-o", _output(wording, name, left))
    for word in application.get("ContainerArguments") or ():
        text = wording.word(word, f"{name}_argument")
        cell.words += [(f"--arg={text}",)] if text is not None and "\n" not in text else []
    add_common(cell, wording, step, runtime=None)
    for entry_of in step.get("PropertyFiles") or ():
        cell.add(
            "--property-file",
            f"{entry_of['PropertyFileName']}={entry_of['OutputName']}/{entry_of['FilePath']}",
        )
    return cell


def _generated(code: Code) -> frozenset[str]:
    """Return the names of inputs that the SDK adds for a step's code."""
    return frozenset({"code", "entrypoint"} if code.folder else {"code"} if code.script else ())


def _output(wording: Wording, step: str, left: Mapping[str, Any]) -> str:
    name, stored = str(left["OutputName"]), left.get("S3Output") or {}
    place, uri = stored.get("LocalPath"), stored.get("S3Uri")
    word = name
    if not _is_usual(uri, step, name):
        target = wording.word(uri, f"{name}_destination")
        word += f"={target}" if target is not None and target.startswith(("s3://", "$")) else ""
    return word + (f"@{place}" if place and place != f"/opt/ml/processing/output/{name}" else "")


def _is_usual(uri: Any, step: str, output: str) -> bool:
    """Say whether the SDK chose an output's place: below the execution, the step and the output's name."""
    values = uri["Std:Join"]["Values"] if isinstance(uri, Mapping) and "Std:Join" in uri else ()
    return list(values[-3:]) == [step, "output", output]


def _is_below_execution(uri: Any, step: str) -> bool:
    """Say whether the SDK chose where predictions go: below the execution, under the step's name."""
    values = uri["Std:Join"]["Values"] if isinstance(uri, Mapping) and "Std:Join" in uri else ()
    return list(values[-2:]) == [{"Get": "Execution.PipelineExecutionId"}, step]


def write_training(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a training step."""
    arguments = step["Arguments"]
    cell = CellText("training", name)
    estimator = job_of(thing)
    code = code_of_training(thing, estimator)
    algorithm = arguments["AlgorithmSpecification"]
    _add_code(cell, code)
    add_image(
        cell,
        wording,
        algorithm.get("TrainingImage"),
        *_TRAINING_IMAGE,
        instance=arguments["ResourceConfig"].get("InstanceType"),
    )
    _add_instance(cell, wording, arguments["ResourceConfig"])
    _add_channels(cell, wording, name, arguments.get("InputDataConfig") or ())
    _add_destination(cell, wording, name, arguments.get("OutputDataConfig") or {})
    for metric in algorithm.get("MetricDefinitions") or ():
        cell.add("--metric", f"{metric['Name']}={metric['Regex']}")
    add_common(cell, wording, step, runtime=_DAY)
    values = arguments.get("HyperParameters") or {}
    if code.script:
        _add_params(cell, wording, values)
    else:
        cell.body = settings(wording, values)
    return cell


def write_tuning(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a tuning step.

    Raises:
        DeclarationError: ``PC657``, it tunes several estimators, or searches no range.
    """
    arguments = step["Arguments"]
    job = arguments.get("TrainingJobDefinition")
    if job is None:
        raise cannot(name, "TrainingJobDefinitions", "a tuning of several estimators")
    config = arguments["HyperParameterTuningJobConfig"]
    cluster = page(job, "HyperParameterTuningResourceConfig") or page(job, "ResourceConfig")
    cell = CellText("tuning", name)
    tuner = job_of(thing)
    code = code_of_training(thing, getattr(tuner, "estimator", None))
    _add_code(cell, code)
    add_image(
        cell,
        wording,
        job["AlgorithmSpecification"].get("TrainingImage"),
        "TrainingJobDefinition",
        *_TRAINING_IMAGE,
        instance=cluster.get("InstanceType"),
    )
    _add_instance(cell, wording, cluster)
    _add_channels(cell, wording, name, job.get("InputDataConfig") or ())
    _add_destination(cell, wording, name, job.get("OutputDataConfig") or {})
    _add_objective(cell, config, job)
    add_common(cell, wording, {**step, "Arguments": job}, runtime=_DAY)
    for tag in arguments.get("Tags") or ():
        cell.add("--tag", pair(tag["Key"], wording.word(tag["Value"])))
    fixed = {
        key: value
        for key, value in (job.get("StaticHyperParameters") or {}).items()
        if key != "_tuning_objective_metric"
    }
    ranges = "\n".join(_ranges(wording, config.get("ParameterRanges") or {}))
    if not ranges:
        raise cannot(name, "ParameterRanges", "a tuning without ranges")
    if code.script:
        _add_params(cell, wording, fixed)
        cell.body = ranges
    else:
        cell.body = "\n".join(filter(None, [settings(wording, fixed), ranges]))
    return cell


def _add_objective(cell: CellText, config: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    objective = config.get("HyperParameterTuningJobObjective") or {}
    metric = str(objective.get("MetricName"))
    known = {
        each["Name"]: each["Regex"]
        for each in page(job, "AlgorithmSpecification").get("MetricDefinitions") or ()
    }
    cell.add("--metric", f"{metric}={known[metric]}" if metric in known else metric)
    cell.flag("--maximize" if objective.get("Type") == "Maximize" else "--minimize")
    limits = config.get("ResourceLimits") or {}
    for option, key in (("--jobs", "MaxNumberOfTrainingJobs"), ("--parallel", "MaxParallelTrainingJobs")):
        if isinstance(limits.get(key), int):
            cell.add(option, str(limits[key]))
    if config.get("Strategy") in ("Random", "Grid", "Hyperband"):
        cell.add("--strategy", config["Strategy"])


def _ranges(wording: Wording, ranges: Mapping[str, Any]) -> Iterable[str]:
    for key, whole in (("IntegerParameterRanges", True), ("ContinuousParameterRanges", False)):
        for given in ranges.get(key) or ():
            low, high = (_bound(wording, given[side], whole=whole) for side in ("MinValue", "MaxValue"))
            yield f"{given['Name']}: {low}..{high}{_SCALES.get(given.get('ScalingType', 'Auto'), '')}"
    for given in ranges.get("CategoricalParameterRanges") or ():
        choices = [str(wording.word(value)) for value in given["Values"]]
        yield f"{given['Name']}: [{', '.join(choices)}]"


def _bound(wording: Wording, value: Any, *, whole: bool) -> str:
    text = str(wording.word(value))
    return text if whole or not re.fullmatch(r"-?\d+", text) else f"{text}.0"


def write_transform(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a transform step."""
    del thing
    arguments = step["Arguments"]
    cell = CellText("transform", name)
    model = arguments.get("ModelName")
    word = wording.word(model, "model_name") if not isinstance(model, str) else None
    if isinstance(model, str):
        cell.add("--set", field_text(Field(("ModelName",), of_step=False, value=model)))
    if word is not None:
        cell.add("--model", word.partition(".")[0] if not word.startswith("$") else word)
    given = arguments["TransformInput"]
    source = wording.word(page(given, "DataSource", "S3DataSource").get("S3Uri"), f"{name}_data")
    cell.add("-i", f"data={source or SET_BELOW}")
    output = arguments.get("TransformOutput") or {}
    if not _is_below_execution(output.get("S3OutputPath"), name):
        target = wording.word(output.get("S3OutputPath"), f"{name}_predictions")
        cell.add("-o", f"predictions={target}" if target and target.startswith(("s3://", "$")) else None)
    _add_instance(cell, wording, arguments["TransformResources"])
    cell.add("--content-type", wording.word(given.get("ContentType")))
    cell.add("--split", str(given.get("SplitType") or "None"))
    cell.add("--strategy", arguments.get("BatchStrategy"))
    processing = arguments.get("DataProcessing") or {}
    cell.add("--input-filter", wording.word(processing.get("InputFilter")))
    cell.add("--output-filter", wording.word(processing.get("OutputFilter")))
    if processing.get("JoinSource") == "Input":
        cell.flag("--join")
    add_common(cell, wording, step, runtime=None)
    return cell


def _add_code(cell: CellText, code: Code) -> None:
    if not code.script:
        return
    cell.add("--script", code.script)
    if code.folder:
        cell.add("--source", code.folder)
    for helper in code.helpers:
        cell.add("--with", helper)
    if code.job_name:
        cell.add("--job-name", code.job_name)


def _add_instance(cell: CellText, wording: Wording, cluster: Mapping[str, Any]) -> None:
    kind = wording.word(cluster.get("InstanceType"), "instance_type")
    count = cluster.get("InstanceCount", 1)
    number = wording.word(count, "instance_count") if count != 1 else None
    cell.add("--instance", None if kind is None else f"{kind}*{number}" if number else kind)
    volume = cluster.get("VolumeSizeInGB", _DEFAULT_VOLUME)
    if volume != _DEFAULT_VOLUME:
        cell.add("--volume", wording.word(volume, "volume_size"))


def _add_channels(cell: CellText, wording: Wording, step: str, channels: Iterable[Mapping[str, Any]]) -> None:
    channels = list(channels)
    for channel in channels:
        uri = page(channel, "DataSource", "S3DataSource").get("S3Uri")
        source = wording.word(uri, f"{step}_{channel['ChannelName']}")
        cell.add("-i", f"{channel['ChannelName']}={source or SET_BELOW}")
    types = {json.dumps(channel.get("ContentType")): channel.get("ContentType") for channel in channels}
    if len(types) == 1:
        cell.add("--content-type", wording.word(next(iter(types.values()))))


def _add_destination(cell: CellText, wording: Wording, step: str, output: Mapping[str, Any]) -> None:
    target = wording.word(output.get("S3OutputPath"), f"{step}_output")
    if target is not None and _DEFAULT_BUCKET.fullmatch(target):
        return
    if target is not None and target.startswith(("s3://", "$")):
        cell.add("-o", f"model={target}")


def _add_params(cell: CellText, wording: Wording, values: Mapping[str, Any]) -> None:
    """Add a script's hyperparameters, which a definition holds as JSON."""
    for key, value in values.items():
        if not key.isidentifier() or key.startswith("sagemaker_"):
            continue
        try:
            plain = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            plain = value
        cell.add("--param", pair(key, wording.word(plain, key)))


def settings(wording: Wording, values: Mapping[str, Any]) -> str:
    """Return ``name: value`` lines; a value that no line can say is left out."""
    lines = []
    for key, value in values.items():
        text = wording.word(value, key)
        if (
            text is None
            or not _PLAIN_LINE.fullmatch(key)
            or not text.strip()
            or re.search(r"\n|(^|\s)#", text)
        ):
            continue
        lines.append(f"{key}: {_shielded(text)}")
    return "\n".join(lines)


def _shielded(text: str) -> str:
    """Put a value in quotes where it would be read as a range, a list or without its own."""
    own_quotes = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return f'"{text}"' if own_quotes or text != text.strip() else text
