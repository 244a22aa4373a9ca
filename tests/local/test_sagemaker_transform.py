"""Batch transform, by real jobs: a model of the XGBoost image, and one with the user's script."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from tests.local.conftest import Clients
from tests.local.pipeline_parts import BUCKET, PATIENCE, ROLE, SKLEARN, Pipelines, definition, fresh
from tests.local.waiting import wait_until

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.fixture
def pipelines(client: Clients) -> Pipelines:
    return Pipelines(client)


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def upload(pipelines: Pipelines, key: str, content: bytes) -> str:
    pipelines.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return f"s3://{BUCKET}/{key}"


def request(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": target, "AssembleWith": "Line", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def read(pipelines: Pipelines, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return str(pipelines.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


SCRIPT = """
import os
def model_fn(folder):
    return int(open(os.path.join(folder, "factor.txt")).read())
def input_fn(body, kind):
    return [float(line.split(",")[-1]) for line in body.splitlines()]
def predict_fn(data, model):
    return [value * model for value in data]
def output_fn(prediction, accept):
    return "\\n".join(str(value) for value in prediction)
"""


def test_a_step_transforms_with_a_model_of_the_same_pipeline(pipelines: Pipelines) -> None:
    prefix = fresh("transform")
    artifact = upload(
        pipelines,
        f"{prefix}/model.tar.gz",
        archive({"factor.txt": "3", "code/inference.py": SCRIPT}),
    )
    upload(pipelines, f"{prefix}/in/a.csv", b"x,1\ny,2\n")
    upload(pipelines, f"{prefix}/in/deep/b.csv", b"z,5\n")
    environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    container = {"Image": SKLEARN, "ModelDataUrl": artifact, "Environment": environment}
    model = {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    steps = [
        {"Name": "Make", "Type": "Model", "Arguments": model},
        {
            "Name": "Apply",
            "Type": "Transform",
            "Arguments": {
                **request(
                    f"s3://{BUCKET}/{prefix}/in/",
                    f"s3://{BUCKET}/{prefix}/out",
                    DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"},
                ),
                "ModelName": {"Get": "Steps.Make.ModelName"},
            },
        },
    ]
    arn = pipelines.run(definition(steps))
    assert read(pipelines, f"s3://{BUCKET}/{prefix}/out/a.csv.out") == "x,1,3.0\ny,2,6.0\n"
    assert read(pipelines, f"s3://{BUCKET}/{prefix}/out/deep/b.csv.out") == "z,5,15.0\n"
    job = pipelines.sagemaker.describe_transform_job(TransformJobName=pipelines.job_of(arn, "Apply"))
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformEndTime"] >= job["TransformStartTime"]
    assert job["ModelName"] == pipelines.job_of(arn, "Make")


def test_the_xgboost_image_serves_what_it_trained(pipelines: Pipelines) -> None:
    pytest.importorskip("xgboost")
    prefix = fresh("xgboost")
    rows = "".join(f"{index % 2},{index % 2},{index % 7}\n" for index in range(200))
    upload(pipelines, f"{prefix}/train/data.csv", rows.encode())
    upload(pipelines, f"{prefix}/in/data.csv", b"0,3\n1,3\n")
    name = fresh("job")
    pipelines.sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters={"num_round": "5", "objective": "binary:logistic"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{BUCKET}/{prefix}/train/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/{prefix}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 120},
    )
    waited(lambda: pipelines.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])
    job = pipelines.sagemaker.describe_training_job(TrainingJobName=name)
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    pipelines.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": XGBOOST, "ModelDataUrl": artifact}
    )
    pipelines.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        **request(f"s3://{BUCKET}/{prefix}/in/", f"s3://{BUCKET}/{prefix}/out"),
    )
    waited(lambda: pipelines.sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"])
    low, high = (float(line) for line in read(pipelines, f"s3://{BUCKET}/{prefix}/out/data.csv.out").split())
    assert low < 0.5 < high
    listed = pipelines.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert [each["TransformJobStatus"] for each in listed] == ["Completed"]


def waited(status: Any) -> None:
    """Wait until a job has ended well."""
    wait_until(lambda: status() not in ("InProgress", "Stopping"), "the job ends", PATIENCE)
    assert status() == "Completed"


def test_a_model_that_is_not_there_is_refused_at_once(pipelines: Pipelines) -> None:
    with pytest.raises(pipelines.sagemaker.exceptions.ClientError, match="Could not find model"):
        pipelines.sagemaker.create_transform_job(
            TransformJobName=fresh("job"),
            ModelName="nobody",
            **request(f"s3://{BUCKET}/x/", f"s3://{BUCKET}/y"),
        )
