"""Pipelines that run at once, without an SDK: their scripts stand in the definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
REPORT = """
import json, pathlib
folder = pathlib.Path("/opt/ml/processing/report")
folder.mkdir(parents=True, exist_ok=True)
(folder / "report.json").write_text(json.dumps({"metrics": {"accuracy": {"value": 0.875}}}))
(folder / "rows.csv").write_text("name,value\\n<b>one</b>,1\\ntwo,2\\n")
print("the report is written")
"""
COUNT = """
import time
for number in range(36_000):
    print("line", number, flush=True)
    time.sleep(0.1)
"""
BREAK = """
def divide(number):
    return number / 0

divide(1)
"""


def job(name: str, script: str, **more: Any) -> dict[str, Any]:
    """Return a processing step that runs a script."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": {"Get": "Parameters.Instance"},
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 30,
                }
            },
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "-c", "import sys; exec('\\n'.join(sys.argv[1:]))"],
                "ContainerArguments": script.splitlines()[1:],
            },
            "RoleArn": "arn:aws:iam::000000000000:role/r",
            **more.pop("Arguments", {}),
        },
        **more,
    }


def definition(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return a pipeline of these steps."""
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Instance", "Type": "String", "DefaultValue": "ml.c5.9xlarge"}],
        "Steps": list(steps),
    }


def judged(*after: dict[str, Any]) -> dict[str, Any]:
    """Return a pipeline that reports, judges the report, and takes one of two branches."""
    output = {
        "OutputName": "report",
        "AppManaged": False,
        "S3Output": {
            "S3Uri": "s3://sagemaker-us-east-1-000000000000/judged/report",
            "LocalPath": "/opt/ml/processing/report",
            "S3UploadMode": "EndOfJob",
        },
    }
    report = job(
        "Report",
        REPORT,
        Arguments={"ProcessingOutputConfig": {"Outputs": [output]}},
        PropertyFiles=[{"PropertyFileName": "Numbers", "OutputName": "report", "FilePath": "report.json"}],
    )
    accuracy = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Report.PropertyFiles.Numbers"},
            "Path": "metrics.accuracy.value",
        }
    }
    condition = {
        "Name": "Judge",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": accuracy, "RightValue": 0.8}],
            "IfSteps": list(after),
            "ElseSteps": [{"Name": "TooWeak", "Type": "Fail", "Arguments": {"ErrorMessage": "too weak"}}],
        },
    }
    return definition(report, condition)


def chain(count: int) -> dict[str, Any]:
    """Return a pipeline with one first step and many that wait for it."""
    first = job("Start", "\nprint('start')")
    rest = [job(f"Part{number}", "\nprint('part')", DependsOn=["Start"]) for number in range(count - 1)]
    return definition(first, *rest)


def write(folder: Path, name: str, body: dict[str, Any]) -> None:
    """Write a definition where a notebook finds it."""
    (folder / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
