"""Models, messages, calls, notebooks, checks and clusters as ``%%step`` cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.declare.cell_writing.common import add_image, add_step_words, cannot, page, pair
from pipecell.declare.cell_writing.sources import job_of
from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Wording
from pipecell.declare.jobs.fields import Field, field_text

_EMPTY_BODY = "(no message)"


def write_model(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a step that makes a model."""
    arguments = step["Arguments"]
    container = arguments.get("PrimaryContainer")
    if not isinstance(container, Mapping):
        raise cannot(name, "Containers", "a model of several containers")
    cell = CellText("model", name)
    if step["Name"] == name:
        cell.flag("--plain-name")
    _add_model(cell, wording, container, thing, "PrimaryContainer")
    add_step_words(cell, wording, step)
    return cell


def write_register(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a step that registers a model."""
    arguments = step["Arguments"]
    specification = page(arguments, "InferenceSpecification")
    containers: Sequence[Any] = specification.get("Containers") or ()
    if len(containers) != 1:
        raise cannot(name, "InferenceSpecification.Containers", "a model of several containers")
    cell = CellText("register", name)
    _add_model(cell, wording, containers[0], thing, "InferenceSpecification", "Containers", 0)
    cell.add("--group", wording.word(arguments.get("ModelPackageGroupName"), "model_package_group"))
    cell.add("--approval", wording.word(arguments.get("ModelApprovalStatus"), "approval"))
    cell.add("--metrics", _metrics(wording, arguments))
    for option, key in (
        ("--content-type", "SupportedContentTypes"),
        ("--response-type", "SupportedResponseMIMETypes"),
        ("--inference-instance", "SupportedRealtimeInferenceInstanceTypes"),
        ("--transform-instance", "SupportedTransformInstanceTypes"),
    ):
        for value in specification.get(key) or ():
            cell.add(option, wording.word(value, option.strip("-")))
    cell.add("--description", wording.word(arguments.get("ModelPackageDescription"), "description"))
    add_step_words(cell, wording, step)
    return cell


def _metrics(wording: Wording, arguments: Mapping[str, Any]) -> str | None:
    """Return what ``--metrics`` says: an output whose JSON file has its name, or a file's place."""
    uri = page(arguments, "ModelMetrics", "ModelQuality", "Statistics").get("S3Uri")
    inside = uri.get("Std:Join") if isinstance(uri, Mapping) else None
    if isinstance(inside, Mapping) and inside.get("On") == "/" and len(inside["Values"]) == 2:  # noqa: PLR2004
        output, file = wording.word(inside["Values"][0]), inside["Values"][1]
        if output is not None and not output.startswith("$") and isinstance(file, str):
            return output if file == f"{output.partition('.')[2]}.json" else None
    return wording.word(uri, "metrics")


def _add_model(
    cell: CellText, wording: Wording, container: Mapping[str, Any], thing: Any, *path: str | int
) -> None:
    source = wording.word(wording.packed(container.get("ModelDataUrl")), "model_data")
    if source is not None:
        step, _, output = source.partition(".")
        cell.add("--model", step if output == "model" else source)
    elif container.get("ModelDataUrl") is not None:
        field = Field((*path, "ModelDataUrl"), of_step=False, value=container["ModelDataUrl"])
        cell.add("--set", field_text(field))
    add_image(cell, wording, container.get("Image"), *path, "Image")
    model = job_of(thing)
    script = getattr(model, "entry_point", None)
    if isinstance(script, str):
        cell.add("--inference-script", script)
        if getattr(model, "source_dir", None):
            cell.add("--source", str(model.source_dir))
    for key, value in (container.get("Environment") or {}).items():
        if not key.startswith("SAGEMAKER_"):
            cell.add("--env", pair(key, wording.word(value, key)))


def write_fail(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a fail step."""
    del thing
    message = step["Arguments"].get("ErrorMessage")
    text = wording.text(message)
    cell = CellText("fail", name)
    cell.body = text if text is not None and text.strip() else _EMPTY_BODY
    add_step_words(cell, wording, step)
    return cell


def write_lambda(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a step that calls a Lambda function."""
    cell = CellText("lambda", name)
    function: Any = getattr(thing, "lambda_func", None)
    script = getattr(function, "script", None)
    if script:
        cell.add("--script", str(script))
        cell.add("--runtime", str(function.runtime))
        cell.add("--function", str(function.function_name))
        cell.add("--handler", str(function.handler))
        cell.add("--timeout", str(function.timeout))
        cell.add("--memory", str(function.memory_size))
    elif isinstance(step.get("FunctionArn"), str) and getattr(function, "zipped_code_dir", None) is None:
        cell.add("--function", step["FunctionArn"])
    else:
        raise cannot(name, "FunctionArn", "where the code of its function is")
    _add_values(cell, wording, step)
    add_step_words(cell, wording, step)
    return cell


def write_callback(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a step that waits for an answer."""
    del thing
    cell = CellText("callback", name)
    cell.add("--queue", wording.word(step.get("SqsQueueUrl"), "queue"))
    _add_values(cell, wording, step)
    add_step_words(cell, wording, step)
    return cell


def _add_values(cell: CellText, wording: Wording, step: Mapping[str, Any]) -> None:
    for key, value in (step.get("Arguments") or {}).items():
        cell.add("-i", pair(key, wording.word(value, key)))
    for output in step.get("OutputParameters") or ():
        kind = output.get("OutputType", "String")
        cell.add("-o", output["OutputName"] + ("" if kind == "String" else f":{kind}"))


def write_emr(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a step on an EMR cluster."""
    del thing
    arguments = step["Arguments"]
    jar = page(arguments, "StepConfig", "HadoopJarStep")
    cell = CellText("emr", name)
    if "ClusterConfig" in arguments:
        config = Field(("ClusterConfig",), of_step=False, value=arguments["ClusterConfig"])
        cell.add("--set", field_text(config))
    else:
        cell.add("--cluster", wording.word(arguments.get("ClusterId"), "cluster"))
    cell.add("--jar", wording.word(jar.get("Jar"), "jar"))
    cell.add("--main-class", wording.word(jar.get("MainClass"), "main_class"))
    for word in jar.get("Args") or ():
        text = wording.word(word, f"{name}_argument")
        cell.words += [(f"--arg={text}",)] if text is not None and "\n" not in text else []
    add_step_words(cell, wording, step)
    return cell


def _root(arguments: Mapping[str, Any]) -> str | None:
    """Return the bucket that a notebook job's files are in, where the SDK chose it."""
    channel = (arguments.get("InputDataConfig") or [{}])[0]
    uri = page(channel, "DataSource", "S3DataSource").get("S3Uri")
    return "/".join(uri.split("/")[:3]) if isinstance(uri, str) else None


def write_notebook(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return the cell of a notebook job."""
    arguments = step["Arguments"]
    cell = CellText("notebook", name)
    cell.add("--notebook", str(thing.input_notebook))
    cell.add("--kernel", str(thing.kernel_name))
    image = ("AlgorithmSpecification", "TrainingImage")
    add_image(cell, wording, page(arguments, image[0]).get(image[1]), *image)
    root = getattr(thing, "s3_root_uri", None) or _root(arguments)
    cell.add("--results", root if isinstance(root, str) else None)
    cell.add(
        "--instance", wording.word(page(arguments, "ResourceConfig").get("InstanceType"), "instance_type")
    )
    job_name = arguments.get("TrainingJobName")
    if isinstance(job_name, str) and job_name != name:
        cell.add("--job-name", job_name)
    for key, value in (getattr(thing, "parameters", None) or {}).items():
        if isinstance(value, str):
            cell.add("--param", pair(key, wording.word(value, key)))
    longest = page(arguments, "StoppingCondition").get("MaxRuntimeInSeconds")
    if isinstance(longest, int):
        cell.add("--max-runtime", str(longest))
    for path in getattr(thing, "additional_dependencies", None) or ():
        cell.add("--with", str(path))
    add_step_words(cell, wording, step)
    return cell
