"""Requests for jobs as the SDK makes them, and what runs them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from pipecell.local.work.container import processing_spec, training_spec
from pipecell.local.work.jobs import JobStatus
from tests.local.workshop import BUCKET, ROLE, SKLEARN, Workshop

OUT = f"s3://{BUCKET}/out"


def processing(name: str, script: str, **fields: Any) -> dict[str, Any]:
    """Return a CreateProcessingJob request as the SDK's ScriptProcessor makes it."""
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
        },
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
        },
        "ProcessingInputs": [s3_input("code", script, "/opt/ml/processing/input/code")],
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "RoleArn": ROLE,
        **fields,
    }


def s3_input(name: str, uri: str, path: str, **fields: Any) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **fields}
    return {"InputName": name, "S3Input": source}


def s3_output(name: str, path: str, uri: str, mode: str = "EndOfJob") -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


def training(name: str, **fields: Any) -> dict[str, Any]:
    """Return a CreateTrainingJob request."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": OUT},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **fields,
    }


def channel(name: str, uri: str, **fields: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated", **fields}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "ContentType": "text/csv"}


def source_archive(work: Workshop, files: dict[str, str], key: str = "source/sourcedir.tar.gz") -> str:
    """Store a source archive and return its URI."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return work.put(key, content.getvalue())


def scripted(
    work: Workshop, name: str, files: dict[str, str], program: str = "train.py", **fields: Any
) -> dict[str, Any]:
    """Return a training request in script mode."""
    hyperparameters = {
        "sagemaker_program": json.dumps(program),
        "sagemaker_submit_directory": json.dumps(source_archive(work, files)),
        "sagemaker_container_log_level": "20",
        "sagemaker_region": '"us-east-1"',
        **fields.pop("HyperParameters", {}),
    }
    return training(name, HyperParameters=hyperparameters, **fields)


def process(work: Workshop, request: dict[str, Any]) -> JobStatus:
    return work.run(processing_spec(request, work.home))


def train(work: Workshop, request: dict[str, Any]) -> JobStatus:
    return work.run(training_spec(request, work.home))


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in files if file is not None}
