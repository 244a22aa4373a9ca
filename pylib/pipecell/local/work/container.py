"""The container contract: what SageMaker's requests become inside of ``/opt/ml``.

`training_spec` and `processing_spec` turn a validated ``Create…Job`` request into a
`JobSpec`. What this machine cannot do is refused here, before anything runs; what
means nothing here is left out, and the job's log says so.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local import runtimes
from pipecell.local.home import ACCOUNT_ID, DEFAULT_REGION, Home
from pipecell.local.runtimes import Runtime
from pipecell.local.runtimes.xgboost_command import xgboost_command, xgboost_metrics
from pipecell.local.work import toolkit
from pipecell.local.work.specification import (
    Host,
    JobSpec,
    MetricDefinition,
    S3Input,
    S3Output,
    Script,
)

DEFAULT_MAX_RUNTIME_SECONDS = 86_400
_CONFIG = "/opt/ml/input/config"
_NETWORK = "lo"

_MEANINGLESS = {
    "network isolation": ("EnableNetworkIsolation", "NetworkConfig.EnableNetworkIsolation"),
    "VPC": ("VpcConfig", "NetworkConfig.VpcConfig"),
    "encryption keys": (
        "OutputDataConfig.KmsKeyId",
        "ResourceConfig.VolumeKmsKeyId",
        "ProcessingOutputConfig.KmsKeyId",
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
        "EnableInterContainerTrafficEncryption",
        "NetworkConfig.EnableInterContainerTrafficEncryption",
    ),
    "spot instances": ("EnableManagedSpotTraining",),
    "warm pools": ("ResourceConfig.KeepAlivePeriodInSeconds",),
    "debugger and profiler rules": ("DebugRuleConfigurations", "ProfilerRuleConfigurations"),
    "shuffling": ("ShuffleConfig",),
}


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
        raise _refuse(
            "Algorithms from the Marketplace have no image here", "AlgorithmSpecification.AlgorithmName"
        )
    runtime = _runtime(
        algorithm["TrainingImage"], "training", home, python, "AlgorithmSpecification.TrainingImage"
    )
    decoded = toolkit.decode(request.get("HyperParameters") or {})
    inputs, channels = _channels(request)
    groups = _instance_groups(request)
    notes = _notes(request)
    command: tuple[str, ...] = ()
    script = None
    built_in = False
    if algorithm.get("ContainerEntrypoint"):
        command = runtime.command(algorithm["ContainerEntrypoint"], algorithm.get("ContainerArguments") or ())
    elif runtime.wrapper:
        command = runtime.command((), algorithm.get("ContainerArguments") or ())
    elif runtime.has_toolkit and "sagemaker_program" in decoded:
        script = _script(decoded)
    elif runtime.is_xgboost:
        built_in = True
        command = xgboost_command(runtime)
    else:
        raise _refuse(
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


def processing_spec(
    request: Mapping[str, Any], home: Home, *, region: str = DEFAULT_REGION, python: str = sys.executable
) -> JobSpec:
    """Return the job of a CreateProcessingJob request; arguments and errors as `training_spec`."""
    name = request["ProcessingJobName"]
    application = request["AppSpecification"]
    runtime = _runtime(application["ImageUri"], "processing", home, python, "AppSpecification.ImageUri")
    entrypoint = application.get("ContainerEntrypoint") or ()
    if not entrypoint and not runtime.wrapper:
        raise _refuse(
            f"The entry point of the image {application['ImageUri']!r} is not known here",
            "AppSpecification.ContainerEntrypoint",
        )
    cluster = request["ProcessingResources"]["ClusterConfig"]
    hosts = _host_names(cluster.get("InstanceCount", 1))
    return JobSpec(
        kind="processing",
        name=name,
        python=runtime.python,
        command=runtime.command(entrypoint, application.get("ContainerArguments") or ()),
        hosts=tuple(_processing_host(host, hosts, request, region) for host in hosts),
        inputs=tuple(
            _processing_input(each, f"ProcessingInputs[{place}]")
            for place, each in enumerate(request.get("ProcessingInputs") or ())
        ),
        outputs=tuple(
            _processing_output(each, f"ProcessingOutputConfig.Outputs[{place}]")
            for place, each in enumerate((request.get("ProcessingOutputConfig") or {}).get("Outputs") or ())
        ),
        max_runtime_seconds=(request.get("StoppingCondition") or {}).get(
            "MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS
        ),
        notes=tuple(_notes(request)),
    )


# What both kinds share


def _runtime(image: str, kind: str, home: Home, python: str, path: str) -> Runtime:
    reason = runtimes.check_image(image, kind, home, python=python)
    runtime = runtimes.find(image, home, python=python)
    if reason is not None or runtime is None:
        raise EndpointError(reason or f"No program stands in for {image!r}.", code="PC831", path=path)
    return runtime


def _refuse(message: str, path: str) -> EndpointError:
    return EndpointError(f"{message}.", code="PC832", path=path)


def _host_names(count: int) -> list[str]:
    return [f"algo-{number}" for number in range(1, count + 1)]


def _local_path(path: str, field: str) -> str:
    normal = posixpath.normpath(path)
    if not normal.startswith("/opt/ml/") or normal.split("/")[3] == ".pipecell":
        raise _refuse(f"{path!r} is not below /opt/ml", field)
    return normal


def _s3(uri: str, path: str) -> str:
    if not re.match(r"s3://[^/]", uri):
        raise _refuse(f"{uri!r} is not an s3:// URI", path)
    return uri


def _notes(request: Mapping[str, Any]) -> list[str]:
    ignored = [what for what, paths in _MEANINGLESS.items() if any(_lookup(request, path) for path in paths)]
    return [f"Ignored on this machine: {', '.join(ignored)}."] if ignored else []


def _lookup(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _common_environment(request: Mapping[str, Any], region: str) -> dict[str, str]:
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **{name: str(value) for name, value in (request.get("Environment") or {}).items()},
    }


# Training


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
    left = _host_names(sum(group["InstanceCount"] for group in asked))
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
            raise _refuse(f"A channel cannot be called {name!r}", f"{path}.ChannelName")
        mode = channel.get("InputMode", default_mode)
        if mode == "Pipe":
            raise _refuse(
                "Pipe mode is not available on this machine; use File or FastFile", f"{path}.InputMode"
            )
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise _refuse("Only data on S3 is available on this machine", f"{path}.DataSource")
        if source["S3DataType"] not in {"S3Prefix", "ManifestFile"}:
            raise _refuse(
                f"{source['S3DataType']} is not available on this machine",
                f"{path}.DataSource.S3DataSource.S3DataType",
            )
        distribution = source.get("S3DataDistributionType", "FullyReplicated")
        inputs.append(
            S3Input(
                name=name,
                uri=_s3(source["S3Uri"], f"{path}.DataSource.S3DataSource.S3Uri"),
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
        raise _refuse(
            f"The program {program!r} is not inside of its source", "HyperParameters.sagemaker_program"
        )
    source = str(decoded.get("sagemaker_submit_directory", ""))
    if source and not source.startswith(("s3://", "/opt/ml/")):
        raise _refuse(
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
    return {**variables, **_common_environment(request, region)}


def _training_outputs(request: Mapping[str, Any]) -> tuple[S3Output, ...]:
    target = request["OutputDataConfig"]
    base = _s3(target["S3OutputPath"], "OutputDataConfig.S3OutputPath").rstrip("/")
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
        path = _local_path(
            board.get("LocalPath", f"{toolkit.OUTPUT}/tensorboard"), "TensorBoardOutputConfig.LocalPath"
        )
        uri = f"{board['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/tensorboard-output"
        outputs.append(_continuous("tensorboard", path, uri, "TensorBoardOutputConfig.S3OutputPath"))
    return tuple(outputs)


def _continuous(name: str, path: str, uri: str, field: str) -> S3Output:
    return S3Output(
        name=name,
        path=path,
        uri=_s3(uri, field),
        upload_mode="Continuous",
        upload_on=("Completed", "Stopped", "Failed"),
    )


def _checkpoint_path(request: Mapping[str, Any]) -> str:
    return _local_path(
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
            raise _refuse(f"{each['Regex']!r} is no regular expression: {error}", path) from error
        own.append(MetricDefinition(each["Name"], each["Regex"]))
    named = {each.name for each in own}
    extra = [each for each in xgboost_metrics() if each.name not in named] if built_in else []
    return (*own, *extra)


# Processing


def _processing_host(host: str, hosts: Sequence[str], request: Mapping[str, Any], region: str) -> Host:
    name = request["ProcessingJobName"]
    arn = f"arn:aws:sagemaker:{region}:{ACCOUNT_ID}:processing-job/{name}"
    described = {
        key: request.get(key)
        for key in (
            *("AppSpecification", "Environment", "ExperimentConfig", "NetworkConfig", "ProcessingInputs"),
            *("ProcessingOutputConfig", "ProcessingResources", "RoleArn", "StoppingCondition"),
        )
    }
    files = {
        "/opt/ml/config/processingjobconfig.json": {
            "ProcessingJobArn": arn,
            "ProcessingJobName": name,
            **json.loads(json.dumps(described, default=str)),
        },
        "/opt/ml/config/resourceconfig.json": {"current_host": host, "hosts": list(hosts)},
    }
    variables = {
        "PROCESSING_JOB_NAME": name,
        "PROCESSING_JOB_ARN": arn,
        "CURRENT_HOST": host,
        "SM_CURRENT_HOST": host,
        "SM_HOSTS": json.dumps(list(hosts)),
    }
    return Host(host, {**variables, **_common_environment(request, region)}, files)


def _processing_input(source: Mapping[str, Any], path: str) -> S3Input:
    s3 = source.get("S3Input")
    if s3 is None:
        raise _refuse("Only inputs on S3 are available on this machine", f"{path}.DatasetDefinition")
    if s3.get("S3InputMode", "File") == "Pipe":
        raise _refuse("Pipe mode is not available on this machine; use File", f"{path}.S3Input.S3InputMode")
    if not s3.get("LocalPath"):
        raise _refuse("An input needs a LocalPath below /opt/ml/processing", f"{path}.S3Input.LocalPath")
    return S3Input(
        name=source["InputName"],
        uri=_s3(s3["S3Uri"], f"{path}.S3Input.S3Uri"),
        path=_local_path(s3["LocalPath"], f"{path}.S3Input.LocalPath"),
        data_type=s3["S3DataType"],
        distribution=s3.get("S3DataDistributionType", "FullyReplicated"),
    )


def _processing_output(output: Mapping[str, Any], path: str) -> S3Output:
    s3 = output.get("S3Output")
    if s3 is None:
        raise _refuse("Only outputs to S3 are available on this machine", f"{path}.FeatureStoreOutput")
    if not s3.get("LocalPath"):
        raise _refuse("An output needs a LocalPath below /opt/ml/processing", f"{path}.S3Output.LocalPath")
    return S3Output(
        name=output["OutputName"],
        path=_local_path(s3["LocalPath"], f"{path}.S3Output.LocalPath"),
        uri=_s3(s3["S3Uri"], f"{path}.S3Output.S3Uri"),
        upload_mode=s3.get("S3UploadMode", "EndOfJob"),
        upload_on=("Completed",)
        if s3.get("S3UploadMode") != "Continuous"
        else ("Completed", "Stopped", "Failed"),
        exclude=(".pipecell",),
    )
