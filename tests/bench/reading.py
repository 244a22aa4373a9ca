"""Reading, checking and graphing a large definition that somebody else compiled."""

from __future__ import annotations

import json

from pipecell.definition import read_document, read_graph
from pipecell.definition.checks import check
from tests.bench.row import Row, median_seconds

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def definition(steps: int) -> str:
    """Return a definition of processing steps, each reading the output of the one before."""

    def step(number: int) -> dict[str, object]:
        before = f"Steps.Step{number - 1}.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"
        source: object = {"Get": before} if number else {"Get": "Parameters.Input"}
        return {
            "Name": f"Step{number}",
            "Type": "Processing",
            "Arguments": {
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceType": {"Get": "Parameters.InstanceType"},
                        "InstanceCount": 1,
                        "VolumeSizeInGB": 30,
                    }
                },
                "AppSpecification": {
                    "ImageUri": IMAGE,
                    "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/step.py"],
                },
                "RoleArn": "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole",
                "ProcessingInputs": [
                    {
                        "InputName": "in",
                        "AppManaged": False,
                        "S3Input": {
                            "S3Uri": source,
                            "LocalPath": "/opt/ml/processing/input",
                            "S3DataType": "S3Prefix",
                            "S3InputMode": "File",
                        },
                    }
                ],
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "out",
                            "AppManaged": False,
                            "S3Output": {
                                "S3Uri": {
                                    "Std:Join": {
                                        "On": "/",
                                        "Values": [
                                            "s3://bucket",
                                            {"Get": "Execution.PipelineExecutionId"},
                                            f"step{number}",
                                        ],
                                    }
                                },
                                "LocalPath": "/opt/ml/processing/out",
                                "S3UploadMode": "EndOfJob",
                            },
                        }
                    ]
                },
            },
        }

    return json.dumps(
        {
            "Version": "2020-12-01",
            "Parameters": [
                {"Name": "InstanceType", "Type": "String", "DefaultValue": "ml.m5.large"},
                {"Name": "Input", "Type": "String", "DefaultValue": "s3://bucket/data"},
            ],
            "Steps": [step(number) for number in range(steps)],
        }
    )


def measure() -> list[Row]:
    """Measure 100 and 1,000 steps: ten times the steps should take about ten times as long."""
    rows = []
    for steps, budget in ((100, None), (1_000, 0.25)):
        text = definition(steps)

        def work(text: str = text) -> None:
            document = read_document(text, name="Large")
            check(document)
            read_graph(document)

        work()
        rows.append(Row(f"read + check + graph, {steps:,} steps", median_seconds(work), budget))
    return rows
