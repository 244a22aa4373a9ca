"""Pipelines whose steps start others: tuning jobs with trials, machines that start machines and pipelines."""

from __future__ import annotations

import io
import tarfile
from typing import Any

BUCKET = "sagemaker-us-east-1-000000000000"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::000000000000:role/r"
MACHINES = "arn:aws:states:us-east-1:000000000000:stateMachine:"
SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--eta", type=float)
eta = parser.parse_known_args()[0].eta
print(f"[0]\\ttrain-auc:{eta}\\n[1]\\ttrain-auc:{eta / 2}", flush=True)
print(f"auc={1 - (eta - 0.3) ** 2}", flush=True)
"""


HOLD = """
import os, time
while not os.path.exists({door!r}):
    time.sleep(0.02)
"""


def put_source(s3: Any, prefix: str, door: str = "") -> None:
    """Put the trials' script where `tuning_request` looks for it; with a door, trials wait for that file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        content = ((HOLD.format(door=door) if door else "") + SCRIPT).encode()
        entry = tarfile.TarInfo("train.py")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/source.tar.gz", Body=packed.getvalue())


def tuning_request(prefix: str, trials: int) -> dict[str, Any]:
    """Return a tuning job that prefers an ``eta`` of 0.3."""
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "RandomSeed": 3,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.1", "MaxValue": "0.9"}]
            },
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"s3://{BUCKET}/{prefix}/source.tar.gz"',
            },
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": "auc=([0-9.]+)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/{prefix}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        },
    }


def tuning_pipeline(prefix: str, trials: int) -> dict[str, Any]:
    """Return a pipeline of one tuning step."""
    step = {"Name": "Tune", "Type": "Tuning", "Arguments": tuning_request(prefix, trials)}
    return {"Version": "2020-12-01", "Steps": [step]}


def machine(states: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a state machine that begins with the first of its states."""
    return {"StartAt": next(iter(states)), "States": states}


def task(resource: str, parameters: dict[str, Any], *, then: str = "") -> dict[str, Any]:
    """Return a task."""
    after = {"Next": then} if then else {"End": True}
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Parameters": parameters,
        "TimeoutSeconds": 3600,
        **after,
    }


def judge() -> dict[str, Any]:
    """Return a machine that takes one of two ways."""
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Yes"}],
        "Default": "No",
    }
    end: dict[str, Any] = {"Type": "Pass", "End": True}
    return machine({"Look": {"Type": "Pass", "Next": "Large?"}, "Large?": choice, "Yes": end, "No": end})


def starter(inner: str, pipeline: str, tuning: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a machine that starts another one and waits, then a pipeline, then a tuning job."""
    states = {
        "Machine": task(
            "states:startExecution.sync:2",
            {"StateMachineArn": f"{MACHINES}{inner}", "Input": {"n": 5}},
            then="Pipeline",
        ),
        "Pipeline": task(
            "aws-sdk:sagemaker:startPipelineExecution",
            {
                "PipelineName": pipeline,
                "ClientRequestToken.$": "States.Hash($$.Execution.Id, 'SHA-256')",
            },
            then="Wait",
        ),
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
        "Ask": task(
            "aws-sdk:sagemaker:describePipelineExecution",
            {"PipelineExecutionArn.$": "$.PipelineExecutionArn"},
            then="Ended?",
        ),
        "Ended?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.PipelineExecutionStatus", "StringEquals": "Executing", "Next": "Wait"}
            ],
            "Default": "Tune" if tuning else "End",
        },
    }
    if tuning:
        name = "States.Format('t-{}', States.ArrayGetItem(States.StringSplit($$.Execution.Name, '-'), 0))"
        request = {"HyperParameterTuningJobName.$": name, **tuning}
        states["Tune"] = task("sagemaker:createHyperParameterTuningJob.sync", request, then="End")
    states["End"] = {"Type": "Succeed"}
    return machine(states)
