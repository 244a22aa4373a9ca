"""CreateTrainingJob's request as a job: channels, hyperparameters, resources, model, checkpoints."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.local.home import ACCOUNT_ID, DEFAULT_REGION, Home
from pipecell.local.runtimes.notebook_job import ENTRY_POINT, notebook_command
from pipecell.local.runtimes.xgboost_command import xgboost_command, xgboost_metrics
from pipecell.local.work import toolkit
from pipecell.local.work.contract import (
    DEFAULT_MAX_RUNTIME_SECONDS,
    checked_uri,
    common_environment,
    host_names,
    local_path,
    notes_of,
    refuse,
    runtime_of,
)
from pipecell.local.work.specification import Host, JobSpec, MetricDefinition, S3Input, S3Output, Script

_CONFIG = "/opt/ml/input/config"
_NETWORK = "lo"


def training_spec(
    request: Mapping[str, Any], home: Home, *, region: str = DEFAULT_REGION, python: str = sys.executable
) -> JobSpec:
    """Return the job of a CreateTrainingJob request.

    Args:
        request: the request, valid by AWS's shapes.
        home: holds the user's mappings of images.
        region: the request's region.
        python: the user's interpreter.

    Raises:
        EndpointError: PC831 no program stands in for the image, PC832 something that cannot be done here;
            ``path`` is the request's field.
    """
    name = request["TrainingJobName"]
    algorithm = request["AlgorithmSpecification"]
    if "TrainingImage" not in algorithm:
        raise refuse(
            "Algorithms from the Marketplace have no image here", "AlgorithmSpecification.AlgorithmName"
        )
    runtime = runtime_of(
        algorithm["TrainingImage"], "training", home, python, "AlgorithmSpecification.TrainingImage"
    )
    decoded = toolkit.decode(request.get("HyperParameters") or {})
    inputs, channels = _channels(request)
    groups = _instance_groups(request)
    notes = notes_of(request)
    command: tuple[str, ...] = ()
    script = None
    built_in = False
    if algorithm.get("ContainerEntrypoint") == [ENTRY_POINT] and not runtime.wrapper:
        command = notebook_command(runtime.python)
    elif algorithm.get("ContainerEntrypoint"):
        command = runtime.command(algorithm["ContainerEntrypoint"], algorithm.get("ContainerArguments") or ())
    elif runtime.wrapper:
        command = runtime.command((), algorithm.get("ContainerArguments") or ())
    elif runtime.has_toolkit and "sagemaker_program" in decoded:
        script = _script(decoded)
    elif runtime.is_xgboost:
        built_in = True
        command = xgboost_command(runtime)
    else:
        raise refuse(
            f"The {runtime.name} image needs a script: the hyperparameter sagemaker_program is missing",
            "HyperParameters",
        )
    instances = sum(len(group["hosts"]) for group in groups)
    if built_in and instances > 1:
        notes.append(
            f"{instances} instances were asked for. On this machine one process trains on all of the data."
        )
        groups = [{**groups[0], "hosts": ["algo-1"]}]
        inputs = tuple(_replicated(each) for each in inputs)
    return JobSpec(
        kind="training",
        name=name,
        python=runtime.python,
        command=command,
        script=script,
        hosts=tuple(
            Host(
                resources["current_host"],
                _training_environment(request, resources, channels, region, script),
                _training_files(request, resources, channels),
            )
            for resources in _resources(groups)
        ),
        inputs=(*inputs, *_checkpoint_inputs(request)),
        outputs=_training_outputs(request),
        working_directory=toolkit.CODE if script else "/opt/ml",
        failure_style="script" if script else "algorithm",
        metrics=_metrics(algorithm, built_in=built_in),
        max_runtime_seconds=(request.get("StoppingCondition") or {}).get(
            "MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS
        ),
        notes=tuple(notes),
    )


def _instance_groups(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the instance groups as resourceconfig.json has them."""
    resources = request.get("ResourceConfig") or {}
    asked = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": "homogeneousCluster",
            "InstanceType": resources.get("InstanceType", "local"),
            "InstanceCount": resources.get("InstanceCount", 1),
        }
    ]
    left = host_names(sum(group["InstanceCount"] for group in asked))
    if not left:
        raise refuse("A training job needs at least one instance", "ResourceConfig.InstanceCount")
    groups = []
    for group in asked:
        count = group["InstanceCount"]
        groups.append(
            {
                "instance_group_name": group["InstanceGroupName"],
                "instance_type": group["InstanceType"],
                "hosts": left[:count],
            }
        )
        left = left[count:]
    return groups


def _resources(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the content of resourceconfig.json for every host."""
    hosts = [host for group in groups for host in group["hosts"]]
    return [
        {
            "current_host": host,
            "current_instance_type": group["instance_type"],
            "current_group_name": group["instance_group_name"],
            "hosts": hosts,
            "instance_groups": [dict(each) for each in groups],
            "network_interface_name": _NETWORK,
        }
        for group in groups
        for host in group["hosts"]
    ]


def _channels(request: Mapping[str, Any]) -> tuple[tuple[S3Input, ...], dict[str, Any]]:
    """Return the inputs, and the content of inputdataconfig.json."""
    inputs, described = [], {}
    default_mode = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    for place, channel in enumerate(request.get("InputDataConfig") or ()):
        path = f"InputDataConfig[{place}]"
        name = channel["ChannelName"]
        if name in {".", ".."}:
            raise refuse(f"A channel cannot be called {name!r}", f"{path}.ChannelName")
        mode = channel.get("InputMode", default_mode)
        if mode == "Pipe":
            raise refuse(
                "Pipe mode is not available on this machine; use File or FastFile", f"{path}.InputMode"
            )
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise refuse("Only data on S3 is available on this machine", f"{path}.DataSource")
        if source["S3DataType"] not in {"S3Prefix", "ManifestFile"}:
            raise refuse(
                f"{source['S3DataType']} is not available on this machine",
                f"{path}.DataSource.S3DataSource.S3DataType",
            )
        distribution = source.get("S3DataDistributionType", "FullyReplicated")
        inputs.append(
            S3Input(
                name=name,
                uri=checked_uri(source["S3Uri"], f"{path}.DataSource.S3DataSource.S3Uri"),
                path=f"/opt/ml/input/data/{name}",
                data_type=source["S3DataType"],
                distribution=distribution,
            )
        )
        described[name] = {
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
            "TrainingInputMode": "File" if mode == "FastFile" else mode,
            "S3DistributionType": distribution,
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
    return tuple(inputs), described


def _replicated(source: S3Input) -> S3Input:
    return S3Input(source.name, source.uri, source.path, source.data_type)


def _script(decoded: Mapping[str, Any]) -> Script:
    program = str(decoded["sagemaker_program"])
    if program.startswith("/") or ".." in program.split("/"):
        raise refuse(
            f"The program {program!r} is not inside of its source", "HyperParameters.sagemaker_program"
        )
    source = str(decoded.get("sagemaker_submit_directory", ""))
    if source and not source.startswith(("s3://", "/opt/ml/")):
        raise refuse(
            f"{source!r} is neither on S3 nor below /opt/ml", "HyperParameters.sagemaker_submit_directory"
        )
    own = toolkit.user_hyperparameters(decoded)
    if source == toolkit.CODE:
        source = ""
    return Script(archive=source, program=program, arguments=toolkit.arguments(own), path=toolkit.CODE)


def _training_files(
    request: Mapping[str, Any], resources: Mapping[str, Any], channels: Mapping[str, Any]
) -> dict[str, Any]:
    files: dict[str, Any] = {
        f"{_CONFIG}/hyperparameters.json": dict(request.get("HyperParameters") or {}),
        f"{_CONFIG}/inputdataconfig.json": dict(channels),
        f"{_CONFIG}/resourceconfig.json": dict(resources),
    }
    if request.get("CheckpointConfig"):
        files[f"{_CONFIG}/checkpointconfig.json"] = {
            "S3Uri": request["CheckpointConfig"]["S3Uri"],
            "LocalPath": _checkpoint_path(request),
        }
    return files


def _training_environment(
    request: Mapping[str, Any],
    resources: Mapping[str, Any],
    channels: Mapping[str, Any],
    region: str,
    script: Script | None,
) -> dict[str, str]:
    name = request["TrainingJobName"]
    decoded = toolkit.decode(request.get("HyperParameters") or {})
    variables = {
        "TRAINING_JOB_NAME": name,
        "TRAINING_JOB_ARN": f"arn:aws:sagemaker:{region}:{ACCOUNT_ID}:training-job/{name}",
        "CURRENT_HOST": resources["current_host"],
        "SAGEMAKER_REGION": region,
        "SAGEMAKER_JOB_NAME": str(decoded.get("sagemaker_job_name", name)),
        **toolkit.environment(hyperparameters=decoded, channels=channels, resources=resources, job_name=name),
    }
    if script is not None:
        variables |= {"SAGEMAKER_PROGRAM": script.program, "SAGEMAKER_SUBMIT_DIRECTORY": script.path}
    return {**variables, **common_environment(request, region)}


def _training_outputs(request: Mapping[str, Any]) -> tuple[S3Output, ...]:
    target = request["OutputDataConfig"]
    base = checked_uri(target["S3OutputPath"], "OutputDataConfig.S3OutputPath").rstrip("/")
    base = f"{base}/{request['TrainingJobName']}/output"
    packed = target.get("CompressionType", "GZIP") == "GZIP"
    outputs = [
        S3Output(
            name="model",
            path=toolkit.MODEL,
            uri=f"{base}/model.tar.gz" if packed else f"{base}/model",
            archive=packed,
            upload_on=("Completed", "Stopped"),
            allow_empty=True,
        ),
        S3Output(
            name="output",
            path=f"{toolkit.OUTPUT}/data",
            uri=f"{base}/output.tar.gz" if packed else f"{base}/data",
            archive=packed,
            upload_on=("Completed", "Stopped", "Failed"),
        ),
    ]
    checkpoints = request.get("CheckpointConfig")
    if checkpoints:
        outputs.append(
            _continuous(
                "checkpoints", _checkpoint_path(request), checkpoints["S3Uri"], "CheckpointConfig.S3Uri"
            )
        )
    board = request.get("TensorBoardOutputConfig")
    if board:
        path = local_path(
            board.get("LocalPath", f"{toolkit.OUTPUT}/tensorboard"), "TensorBoardOutputConfig.LocalPath"
        )
        uri = f"{board['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/tensorboard-output"
        outputs.append(_continuous("tensorboard", path, uri, "TensorBoardOutputConfig.S3OutputPath"))
    return tuple(outputs)


def _continuous(name: str, path: str, uri: str, field: str) -> S3Output:
    return S3Output(
        name=name,
        path=path,
        uri=checked_uri(uri, field),
        upload_mode="Continuous",
        upload_on=("Completed", "Stopped", "Failed"),
    )


def _checkpoint_path(request: Mapping[str, Any]) -> str:
    return local_path(
        request["CheckpointConfig"].get("LocalPath", "/opt/ml/checkpoints"), "CheckpointConfig.LocalPath"
    )


def _checkpoint_inputs(request: Mapping[str, Any]) -> tuple[S3Input, ...]:
    if not request.get("CheckpointConfig"):
        return ()
    uri = request["CheckpointConfig"]["S3Uri"].rstrip("/") + "/"
    return (S3Input("checkpoints", uri, _checkpoint_path(request), optional=True),)


def _metrics(algorithm: Mapping[str, Any], *, built_in: bool) -> tuple[MetricDefinition, ...]:
    own = []
    for place, each in enumerate(algorithm.get("MetricDefinitions") or ()):
        path = f"AlgorithmSpecification.MetricDefinitions[{place}].Regex"
        try:
            re.compile(each["Regex"])
        except re.error as error:
            raise refuse(f"{each['Regex']!r} is no regular expression: {error}", path) from error
        own.append(MetricDefinition(each["Name"], each["Regex"]))
    named = {each.name for each in own}
    extra = [each for each in xgboost_metrics() if each.name not in named] if built_in else []
    return (*own, *extra)
