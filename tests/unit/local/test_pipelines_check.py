from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.records.jobs import JobRecord
from pipecell.local.runtimes import map_image
from pipecell.local.wire import ServiceError
from pipecell.local.work.jobs import JobStatus
from tests.unit.local.bench_top import Bench, World, processing, started, status_of

MONITOR = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def check(**body: Any) -> dict[str, Any]:
    step = processing("check")
    output = {
        "OutputName": "monitoring_output",
        "S3Output": {
            "S3Uri": "s3://data/checks",
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
        },
    }
    step["Arguments"] |= {
        "AppSpecification": {"ImageUri": MONITOR},
        "ProcessingOutputConfig": {"Outputs": [output]},
    }
    defaults = {"CheckType": "DATA_QUALITY", "SkipCheck": False, "SuppliedBaselineStatistics": None}
    return {**step, "Type": "QualityCheck", **defaults, **body}


def finds(bench: Bench, count: int) -> None:
    """Let the job report violations."""

    def decide(job: JobRecord) -> JobStatus:
        report = json.dumps({"violations": [{"feature_name": "age"}] * count}).encode()
        bench.objects.put("data", "checks/constraint_violations.json", report)
        return status_of("Completed")

    bench.world.decide = decide


def run(bench: Bench, step: dict[str, Any]) -> dict[str, Any]:
    map_image(bench.world.home, "*/sagemaker-model-monitor-analyzer*", "my-monitor")
    arn = bench.start([step])
    bench.wait(arn)
    return bench.steps(arn)["check"]


def test_without_a_stand_in_it_is_refused_with_the_way_out(bench: Bench) -> None:
    bench.create([check()])
    with pytest.raises(ServiceError, match=r"SageMaker Model Monitor.*%pipeline local map"):
        bench.call("StartPipelineExecution", **started("p"))


def test_a_stand_in_runs_and_its_baselines_are_offered(bench: Bench) -> None:
    finds(bench, 0)
    step = run(bench, check())
    assert step["StepStatus"] == "Succeeded"
    shown = step["Metadata"]["QualityCheck"]
    assert shown["CheckType"] == "DATA_QUALITY"
    assert shown["CalculatedBaselineStatistics"] == "s3://data/checks/statistics.json"
    assert shown["BaselineUsedForDriftCheckConstraints"] == "s3://data/checks/constraints.json"
    assert ":processing-job/" in shown["CheckJobArn"]


def test_violations_fail_the_step_unless_it_says_otherwise(bench: Bench) -> None:
    finds(bench, 2)
    step = run(bench, check())
    assert step["FailureReason"] == (
        "ClientError: The check found 2 violations. See s3://data/checks/constraint_violations.json."
    )


@pytest.mark.parametrize("body", [{"FailOnViolation": False}, {"SkipCheck": True}])
def test_violations_may_be_only_reported(bench: Bench, body: dict[str, Any]) -> None:
    finds(bench, 2)
    step = run(bench, check(**body))
    assert step["StepStatus"] == "Succeeded"
    assert step["Metadata"]["QualityCheck"]["ViolationReport"].endswith("constraint_violations.json")
