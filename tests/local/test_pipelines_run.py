"""Executions of real jobs, driven by boto3 against a real endpoint."""

from __future__ import annotations

import json
import os
import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from tests.local.conftest import Clients
from tests.local.pipeline_parts import BUCKET, Pipelines, Traces, definition, fresh, processing
from tests.local.waiting import wait_until

WRITE_METRICS = (
    "target = pathlib.Path('/opt/ml/processing/report')\n"
    "metrics = {'scores': {'auc': {'value': 0.9}}, 'Result': [1, 2]}\n"
    "(target / 'metrics.json').write_text(json.dumps(metrics))\n"
)


@pytest.fixture
def pipelines(client: Clients) -> Pipelines:
    return Pipelines(client)


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    return Traces(tmp_path / "traces")


def scores(path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": path}}


def test_a_condition_on_a_property_file_chooses_the_branch(pipelines: Pipelines, traces: Traces) -> None:
    evaluate = processing(
        "Evaluate",
        pipelines.upload(traces.code("Evaluate", WRITE_METRICS)),
        outputs=["report"],
        property_files={"Report": "metrics.json"},
    )
    condition = {
        "Name": "Check",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {
                    "Type": "GreaterThanOrEqualTo",
                    "LeftValue": scores("scores.auc.value"),
                    "RightValue": {"Get": "Parameters.Threshold"},
                },
                {"Type": "Equals", "LeftValue": scores("Result[1]"), "RightValue": 2},
            ],
            "IfSteps": [processing("Good", pipelines.upload(traces.code("Good")))],
            "ElseSteps": [
                {
                    "Name": "TooWeak",
                    "Type": "Fail",
                    "Arguments": {
                        "ErrorMessage": {
                            "Std:Join": {"On": "", "Values": ["AUC under ", {"Get": "Parameters.Threshold"}]}
                        }
                    },
                }
            ],
        },
    }
    threshold = {"Name": "Threshold", "Type": "Float", "DefaultValue": 0.8}
    pipeline = pipelines.create(definition([evaluate, condition], threshold))

    good = pipelines.start(pipeline)
    assert pipelines.wait(good)["PipelineExecutionStatus"] == "Succeeded"
    assert pipelines.statuses(good) == dict.fromkeys(["Evaluate", "Check", "Good"], "Succeeded")
    assert pipelines.steps(good)["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}

    weak = pipelines.start(pipeline, {"Threshold": "0.95"})
    found = pipelines.wait(weak)
    assert found["PipelineExecutionStatus"] == "Failed"
    assert found["FailureReason"] == "Step failure: One or multiple steps failed."
    steps = pipelines.steps(weak)
    assert list(steps) == ["Evaluate", "Check", "TooWeak"]
    assert steps["TooWeak"]["FailureReason"] == "AUC under 0.95"
    assert steps["TooWeak"]["Metadata"] == {"Fail": {"ErrorMessage": "AUC under 0.95"}}
    assert traces.runs("Good") == 1


def test_what_one_step_writes_the_next_one_reads(pipelines: Pipelines, traces: Traces) -> None:
    write = "pathlib.Path('/opt/ml/processing/data/x.txt').write_text('from the first step')"
    read = "print(pathlib.Path('/opt/ml/processing/input/data/x.txt').read_text())"
    first = processing("First", pipelines.upload(traces.code("First", write)), outputs=["data"])
    uri = {"Get": "Steps.First.ProcessingOutputConfig.Outputs['data'].S3Output.S3Uri"}
    second = processing("Second", pipelines.upload(traces.code("Second", read)), inputs={"data": uri})
    arn = pipelines.run(definition([second, first]))
    job = pipelines.job_of(arn, "Second")
    description = pipelines.sagemaker.describe_processing_job(ProcessingJobName=job)
    assert description["ProcessingInputs"][1]["S3Input"]["S3Uri"].endswith("/First/data")
    assert job.startswith(f"pipelines-{arn.rpartition('/')[2]}-Second-")


def test_independent_steps_run_at_the_same_time(pipelines: Pipelines, traces: Traces) -> None:
    """Each waits for the other: one after the other they would never end."""
    steps = [
        processing(name, pipelines.upload(traces.code(name, traces.wait_for(other))))
        for name, other in (("Left", "Right"), ("Right", "Left"))
    ]
    pipelines.run(definition(steps))


def test_parallelism_of_one_runs_steps_one_after_the_other(pipelines: Pipelines, traces: Traces) -> None:
    steps = [processing(name, pipelines.upload(traces.code(name))) for name in ("A", "B", "C")]
    arn = pipelines.run(definition(steps), ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    found = list(pipelines.steps(arn).values())
    assert all(earlier["EndTime"] <= later["StartTime"] for earlier, later in pairwise(found))


def test_a_failing_script_stops_what_comes_later_and_lets_the_rest_end(
    pipelines: Pipelines, traces: Traces
) -> None:
    fail = "print('the very reason', file=sys.stderr)\nsys.exit(7)"
    steps = [
        processing("Bad", pipelines.upload(traces.code("Bad", traces.wait_for("Slow") + fail))),
        processing("Slow", pipelines.upload(traces.code("Slow", traces.wait_for("go")))),
        processing("Later", pipelines.upload(traces.code("Later")), DependsOn=["Bad"]),
        processing("AfterSlow", pipelines.upload(traces.code("AfterSlow")), DependsOn=["Slow"]),
    ]
    arn = pipelines.start(pipelines.create(definition(steps)))
    wait_until(lambda: pipelines.statuses(arn).get("Bad") == "Failed", "Bad fails")
    assert pipelines.describe(arn)["PipelineExecutionStatus"] == "Executing"
    traces.put("go")
    assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.statuses(arn) == {"Bad": "Failed", "Slow": "Succeeded"}
    reason = pipelines.steps(arn)["Bad"]["FailureReason"]
    assert reason.startswith("ClientError: AlgorithmError")
    assert "7" in reason
    job = pipelines.job_of(arn, "Bad")
    description = pipelines.sagemaker.describe_processing_job(ProcessingJobName=job)
    assert description["ProcessingJobStatus"] == "Failed"
    assert traces.runs("Later") == traces.runs("AfterSlow") == 0


def test_stop_ends_running_steps_and_starts_no_more(pipelines: Pipelines, traces: Traces) -> None:
    steps = [
        processing("Long", pipelines.upload(traces.code("Long", traces.wait_for("never")))),
        processing("Next", pipelines.upload(traces.code("Next")), DependsOn=["Long"]),
    ]
    arn = pipelines.start(pipelines.create(definition(steps)))
    wait_until(lambda: traces.runs("Long"), "Long runs")
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(arn) == {"Long": "Stopped"}
    with pytest.raises(pipelines.sagemaker.exceptions.ConflictException, match="status Stopped"):
        pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)


def test_retry_goes_on_from_the_failed_step(pipelines: Pipelines, traces: Traces) -> None:
    fail_once = "assert (here / 'repaired').exists(), 'not yet repaired'"
    steps = [
        processing("Before", pipelines.upload(traces.code("Before"))),
        processing("Fragile", pipelines.upload(traces.code("Fragile", fail_once)), DependsOn=["Before"]),
        processing("After", pipelines.upload(traces.code("After")), DependsOn=["Fragile"]),
    ]
    arn = pipelines.start(pipelines.create(definition(steps)))
    assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Failed"
    first_job = pipelines.job_of(arn, "Fragile")
    traces.put("repaired")
    pipelines.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    found = pipelines.steps(arn)
    assert {name: step["AttemptCount"] for name, step in found.items()} == {
        "Before": 1,
        "Fragile": 2,
        "After": 1,
    }
    assert "FailureReason" not in found["Fragile"]
    assert pipelines.job_of(arn, "Fragile") != first_job
    assert [traces.runs(name) for name in ("Before", "Fragile", "After")] == [1, 2, 1]
    with pytest.raises(pipelines.sagemaker.exceptions.ConflictException, match="status Succeeded"):
        pipelines.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)


def test_an_update_leaves_running_executions_on_their_definition(
    pipelines: Pipelines, traces: Traces
) -> None:
    old = [
        processing("Gate", pipelines.upload(traces.code("Gate", traces.wait_for("open")))),
        processing("Old", pipelines.upload(traces.code("Old")), DependsOn=["Gate"]),
    ]
    pipeline = pipelines.create(definition(old))
    running = pipelines.start(pipeline)
    new = definition([processing("New", pipelines.upload(traces.code("New")))])
    answer = pipelines.sagemaker.update_pipeline(PipelineName=pipeline, PipelineDefinition=new)
    assert answer["PipelineVersionId"] == 2
    traces.put("open")
    assert pipelines.wait(running)["PipelineExecutionStatus"] == "Succeeded"
    assert list(pipelines.statuses(running)) == ["Gate", "Old"]
    later = pipelines.start(pipeline)
    assert pipelines.wait(later)["PipelineExecutionStatus"] == "Succeeded"
    assert list(pipelines.statuses(later)) == ["New"]
    again = pipelines.start(pipeline, PipelineVersionId=1)
    assert pipelines.wait(again)["PipelineVersionId"] == 1
    kept = pipelines.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=running)
    assert json.loads(kept["PipelineDefinition"])["Steps"][1]["Name"] == "Old"


def test_tags_and_experiment_go_down_to_every_job(pipelines: Pipelines, traces: Traces) -> None:
    step = processing("Only", pipelines.upload(traces.code("Only")))
    step["Arguments"]["Tags"] = [{"Key": "own", "Value": "of the step"}]
    text = definition(
        [step],
        PipelineExperimentConfig={
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
    )
    name = pipelines.create(text, Tags=[{"Key": "team", "Value": "census"}])
    arn = pipelines.start(name)
    pipelines.wait(arn)
    job = pipelines.sagemaker.describe_processing_job(ProcessingJobName=pipelines.job_of(arn, "Only"))
    found = pipelines.sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("pipecell:")} == {
        "own": "of the step",
        "team": "census",
        "sagemaker:pipeline-execution-arn": arn,
        "sagemaker:pipeline-step-name": "Only",
    }
    experiment = {"ExperimentName": name, "TrialName": arn.rpartition("/")[2]}
    assert job["ExperimentConfig"] == experiment
    assert pipelines.describe(arn)["PipelineExperimentConfig"] == experiment
    assert pipelines.sagemaker.describe_trial(TrialName=experiment["TrialName"])["ExperimentName"] == name


def test_killing_the_endpoint_in_the_middle_of_a_job_loses_nothing(
    own_endpoint: EndpointInfo, own_client: Clients, home: Home, tmp_path: Path
) -> None:
    pipelines, traces = Pipelines(own_client), Traces(tmp_path / "traces")
    steps = [
        processing("Before", pipelines.upload(traces.code("Before"))),
        processing(
            "Long", pipelines.upload(traces.code("Long", traces.wait_for("go"))), DependsOn=["Before"]
        ),
        processing("Beside", pipelines.upload(traces.code("Beside")), DependsOn=["Before"]),
        processing("After", pipelines.upload(traces.code("After")), DependsOn=["Long", "Beside"]),
    ]
    arn = pipelines.start(pipelines.create(definition(steps)))
    wait_until(lambda: traces.runs("Long"), "Long runs")
    os.kill(own_endpoint.pid, signal.SIGKILL)
    traces.put("go")
    again = Clients(daemon.start(home))
    try:
        pipelines = Pipelines(again)
        assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert pipelines.statuses(arn) == dict.fromkeys(["Before", "Long", "Beside", "After"], "Succeeded")
        assert [traces.runs(step["Name"]) for step in steps] == [1, 1, 1, 1]
        log = again("logs").filter_log_events(
            logGroupName="/aws/sagemaker/ProcessingJobs",
            logStreamNamePrefix=pipelines.job_of(arn, "Long"),
        )
        assert "this is Long" in [event["message"] for event in log["events"]]
    finally:
        again.close()


def test_a_definition_may_be_given_by_its_place_in_s3(pipelines: Pipelines, traces: Traces) -> None:
    key = fresh("definition")
    text = definition([processing("Only", pipelines.upload(traces.code("Only")))])
    pipelines.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
    name = fresh("pipeline")
    pipelines.sagemaker.create_pipeline(
        PipelineName=name,
        RoleArn="arn:aws:iam::000000000000:role/any",
        PipelineDefinitionS3Location={"Bucket": BUCKET, "ObjectKey": key},
    )
    assert pipelines.sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == text
    assert pipelines.wait(pipelines.start(name))["PipelineExecutionStatus"] == "Succeeded"
