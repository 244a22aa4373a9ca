"""Parts of pipelines for tests: tiny steps that leave traces, and a driver for their executions."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-pipecell"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BUCKET = "sagemaker-us-east-1-000000000000"
PATIENCE = 120.0

_numbers = count(1)


def fresh(word: str) -> str:
    """Return a name that no other test uses."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


class Traces:
    """A folder outside of the jobs where they leave a line each time they run.

    Sandboxes hide ``/opt/ml`` only, so jobs and tests can meet here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def code(self, step: str, then: str = "") -> str:
        """Return a program that leaves a line for this step, then does what ``then`` says."""
        return (
            "import os, sys, time, json, pathlib\n"
            f"here = pathlib.Path({str(self.folder)!r})\n"
            f"with open(here / {step!r}, 'a') as trace: trace.write('ran\\n')\n"
            f"print('this is', {step!r})\n{then}\n"
        )

    def wait_for(self, name: str) -> str:
        """Return a program that waits until a file of this name is here."""
        return (
            f"deadline = time.monotonic() + {2 * PATIENCE}\n"
            f"while not (here / {name!r}).exists():\n"
            "    time.sleep(0.01)\n"
            "    assert time.monotonic() < deadline, 'nobody came'\n"
        )

    def runs(self, step: str) -> int:
        """Return how often a step ran."""
        path = self.folder / step
        return len(path.read_text().splitlines()) if path.exists() else 0

    def put(self, name: str) -> None:
        """Put a file for which a job waits."""
        (self.folder / name).touch()


def processing(
    name: str,
    script: str,
    *,
    outputs: Sequence[str] = (),
    inputs: Mapping[str, Any] | None = None,
    image: Any = SKLEARN,
    property_files: Mapping[str, str] | None = None,
    environment: Mapping[str, Any] | None = None,
    **body: Any,
) -> dict[str, Any]:
    """Return a Processing step that runs a script from S3; its first output holds the property files."""
    given = {"code": script, **(inputs or {})}
    arguments: dict[str, Any] = {
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/script.py"],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {
                "InputName": key,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"/opt/ml/processing/input/{key}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for key, uri in given.items()
        ],
    }
    if environment:
        arguments["Environment"] = dict(environment)
    if outputs:
        arguments["ProcessingOutputConfig"] = {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {
                        "S3Uri": {
                            "Std:Join": {
                                "On": "/",
                                "Values": [
                                    f"s3://{BUCKET}/runs",
                                    {"Get": "Execution.PipelineExecutionId"},
                                    name,
                                    output,
                                ],
                            }
                        },
                        "LocalPath": f"/opt/ml/processing/{output}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for output in outputs
            ]
        }
    step: dict[str, Any] = {"Name": name, "Type": "Processing", "Arguments": arguments, **body}
    if property_files:
        step["PropertyFiles"] = [
            {"PropertyFileName": key, "OutputName": outputs[0], "FilePath": path}
            for key, path in property_files.items()
        ]
    return step


def definition(steps: Iterable[Mapping[str, Any]], *parameters: Mapping[str, Any], **more: Any) -> str:
    """Return a definition as text."""
    return json.dumps({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps), **more})


class Pipelines:
    """Creates and drives pipelines through boto3's clients of one endpoint."""

    def __init__(self, client: Any) -> None:
        self.sagemaker = client("sagemaker")
        self.s3 = client("s3")
        self.s3.create_bucket(Bucket=BUCKET)

    def upload(self, text: str, name: str = "script.py") -> str:
        """Upload a script and return the URI of the folder that it is in."""
        prefix = fresh("code")
        self.s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{name}", Body=text.encode())
        return f"s3://{BUCKET}/{prefix}"

    def create(self, text: str, name: str | None = None, **request: Any) -> str:
        """Create a pipeline and return its name."""
        name = name or fresh("pipeline")
        self.sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=ROLE, **request)
        return name

    def start(self, pipeline: str, parameters: Mapping[str, Any] | None = None, **request: Any) -> str:
        """Start an execution and return its ARN."""
        given = [{"Name": name, "Value": str(value)} for name, value in (parameters or {}).items()]
        answer = self.sagemaker.start_pipeline_execution(
            PipelineName=pipeline, PipelineParameters=given, **request
        )
        return str(answer["PipelineExecutionArn"])

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))

    def wait(self, arn: str) -> dict[str, Any]:
        """Wait until an execution has ended and return its description."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.describe(arn)
            if found["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
                return found
            if time.monotonic() > deadline:
                pytest.fail(f"{arn} does not end: {self.steps(arn)}")
            time.sleep(0.02)

    def run(self, text: str, parameters: Mapping[str, Any] | None = None, **request: Any) -> str:
        """Create and start a pipeline, wait for its success and return the execution's ARN."""
        arn = self.start(self.create(text), parameters, **request)
        found = self.wait(arn)
        assert found["PipelineExecutionStatus"] == "Succeeded", self.steps(arn)
        return arn

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        """Return the steps by name, the first that began first."""
        pages = self.sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn, SortOrder="Ascending"
        )
        return {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}

    def statuses(self, arn: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def job_of(self, arn: str, step: str) -> str:
        """Return the name of a step's job."""
        metadata = self.steps(arn)[step]["Metadata"]
        return str(next(iter(metadata.values()))["Arn"]).rpartition("/")[2]
