"""What references mean in a run: parameters, its names, properties of jobs, property files in S3."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from pipecell.definition.document import read_document
from pipecell.engines.engine import StepSnapshot
from pipecell.engines.scope import RunScope
from pipecell.errors import ExecutionError
from tests.unit.engines.fakes import FakeClient, FakeEngine, snapshot

ARN = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/score-1"
DOCUMENT = read_document(
    {
        "Version": "2020-12-01",
        "Steps": [
            {
                "Name": "Score",
                "Type": "Processing",
                "Arguments": {},
                "PropertyFiles": [
                    {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "metrics.json"}
                ],
            },
            {"Name": "Later", "Type": "Processing", "Arguments": {}},
        ],
    },
    name="p",
)


class Connection:
    """The way to a bucket with one report, and to the job that wrote it."""

    target = "local"

    def __init__(self, report: bytes) -> None:
        self.report = report
        self.read: list[str] = []

    def client(self, name: str) -> Any:
        return FakeClient(
            describe_processing_job=lambda ProcessingJobName: {  # noqa: N803 - boto3's names
                "ProcessingJobName": ProcessingJobName,
                "ProcessingOutputConfig": {
                    "Outputs": [{"OutputName": "report", "S3Output": {"S3Uri": "s3://data/out/"}}]
                },
            },
            head_object=lambda **_: {"ContentLength": len(self.report)},
            get_object=self.get,
        )

    def get(self, **request: Any) -> Mapping[str, Any]:
        self.read.append(f"{request['Bucket']}/{request['Key']}")
        return {"Body": io.BytesIO(self.report)}


class Engine(FakeEngine):
    """An engine with a connection."""

    def __init__(self, report: bytes) -> None:
        super().__init__(snapshot())
        self.there: Any = Connection(report)

    @property
    def connection(self) -> Any:
        return self.there


def scope(report: bytes = b"") -> RunScope:
    score = StepSnapshot(
        "Score", "Processing", "Succeeded", 1.0, 2.0, metadata={"ProcessingJob": {"Arn": ARN}}
    )
    return RunScope(Engine(report), DOCUMENT, snapshot(steps=(score,), parameters={"Rounds": 7}))


def test_parameters_and_names_of_the_run() -> None:
    found = scope()
    assert found.parameter("Rounds") == 7
    assert found.execution("PipelineExecutionId") == "e1"
    assert found.execution("PipelineName") == "p"


def test_a_property_of_a_steps_job() -> None:
    path = "ProcessingOutputConfig.Outputs[0].S3Output.S3Uri"
    assert scope().step_property("Score", path) == "s3://data/out/"


def test_a_property_file_is_read_once_from_where_the_job_wrote_it() -> None:
    found = scope(json.dumps({"auc": {"value": 0.9}}).encode())
    assert found.property_file("Score", "Report", "auc.value") == 0.9
    assert found.whole_file("Score", "Report") == {"auc": {"value": 0.9}}
    assert found.engine.connection.read == ["data/out/metrics.json"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["Later", "Score"])
def test_a_file_that_no_step_has(name: str) -> None:
    with pytest.raises(ExecutionError, match="has no property file Other"):
        scope().whole_file(name, "Other")


def test_a_step_without_a_job_has_no_properties() -> None:
    with pytest.raises(ExecutionError, match="Later has no job to read"):
        scope().step_property("Later", "ProcessingJobArn")


def test_a_file_that_is_not_json() -> None:
    with pytest.raises(ExecutionError, match="is not JSON"):
        scope(b"auc=0.9").s3_json("s3://data/out/metrics.json", "auc")
