"""CreateProcessingJob's request as a job: inputs, outputs, entry point and its configuration files."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.local.home import ACCOUNT_ID, DEFAULT_REGION, Home
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
from pipecell.local.work.specification import Host, JobSpec, S3Input, S3Output


def processing_spec(
    request: Mapping[str, Any], home: Home, *, region: str = DEFAULT_REGION, python: str = sys.executable
) -> JobSpec:
    """Return the job of a CreateProcessingJob request; arguments and errors as `training_spec`."""
    name = request["ProcessingJobName"]
    application = request["AppSpecification"]
    runtime = runtime_of(application["ImageUri"], "processing", home, python, "AppSpecification.ImageUri")
    entrypoint = application.get("ContainerEntrypoint") or ()
    if not entrypoint and not runtime.wrapper:
        raise refuse(
            f"The entry point of the image {application['ImageUri']!r} is not known here",
            "AppSpecification.ContainerEntrypoint",
        )
    cluster = request["ProcessingResources"]["ClusterConfig"]
    hosts = host_names(cluster.get("InstanceCount", 1))
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
        notes=tuple(notes_of(request)),
    )


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
    return Host(host, {**variables, **common_environment(request, region)}, files)


def _processing_input(source: Mapping[str, Any], path: str) -> S3Input:
    s3 = source.get("S3Input")
    if s3 is None:
        raise refuse("Only inputs on S3 are available on this machine", f"{path}.DatasetDefinition")
    if s3.get("S3InputMode", "File") == "Pipe":
        raise refuse("Pipe mode is not available on this machine; use File", f"{path}.S3Input.S3InputMode")
    if not s3.get("LocalPath"):
        raise refuse("An input needs a LocalPath below /opt/ml/processing", f"{path}.S3Input.LocalPath")
    return S3Input(
        name=source["InputName"],
        uri=checked_uri(s3["S3Uri"], f"{path}.S3Input.S3Uri"),
        path=local_path(s3["LocalPath"], f"{path}.S3Input.LocalPath"),
        data_type=s3["S3DataType"],
        distribution=s3.get("S3DataDistributionType", "FullyReplicated"),
    )


def _processing_output(output: Mapping[str, Any], path: str) -> S3Output:
    s3 = output.get("S3Output")
    if s3 is None:
        raise refuse("Only outputs to S3 are available on this machine", f"{path}.FeatureStoreOutput")
    if not s3.get("LocalPath"):
        raise refuse("An output needs a LocalPath below /opt/ml/processing", f"{path}.S3Output.LocalPath")
    return S3Output(
        name=output["OutputName"],
        path=local_path(s3["LocalPath"], f"{path}.S3Output.LocalPath"),
        uri=checked_uri(s3["S3Uri"], f"{path}.S3Output.S3Uri"),
        upload_mode=s3.get("S3UploadMode", "EndOfJob"),
        upload_on=("Completed",)
        if s3.get("S3UploadMode") != "Continuous"
        else ("Completed", "Stopped", "Failed"),
        exclude=(".pipecell",),
    )
