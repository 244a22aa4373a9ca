"""State machines on a real endpoint, through the product: one state tried, a run with a Map and its input."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pipecell.cli import main
from pipecell.declare.compiled import Compiled
from pipecell.definition.document import read_document
from pipecell.errors import ExecutionError, UsageError
from pipecell.local.daemon import EndpointInfo
from pipecell.pipelines import Pipeline
from pipecell.targets import local_target
from pipecell.workspace import Workspace

_numbers = itertools.count(1)
ASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f", "Payload": {"q.$": "$.q"}},
    "ResultSelector": {"a.$": "$.Payload.a"},
    "ResultPath": "$.r",
    "Catch": [{"ErrorEquals": ["Boom"], "Next": "Oops"}],
    "Next": "Oops",
}
OOPS = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"x": "{% $states.input.Cause %}"}, "End": True}


@dataclass
class Bench:
    workspace: Workspace

    def machine(self, **states: Any) -> Pipeline:
        body = {"StartAt": next(iter(states)), "States": states}
        return self.workspace.add(Compiled(read_document(body, name=f"try-{next(_numbers)}"), region=""))


@pytest.fixture
def bench(endpoint: EndpointInfo) -> Iterator[Bench]:
    workspace = Workspace(home=endpoint.home)
    yield Bench(workspace)
    workspace.monitor.close()


def test_a_mocked_call_is_shown_stage_by_stage(bench: Bench) -> None:
    report = bench.machine(Ask=ASK, Oops=OOPS).try_state(
        "Ask", {"q": 1}, mock={"result": {"Payload": {"a": 2}}}
    )
    assert [stage.name for stage in report.trial.stages] == [
        "input", "InputPath", "Parameters", "result", "ResultSelector", "ResultPath", "output",
    ]  # fmt: skip
    assert report.trial.output == {"q": 1, "r": {"a": 2}}
    assert (report.trial.status, report.trial.next_state) == ("SUCCEEDED", "Oops")


def test_a_mocked_error_is_caught(bench: Bench) -> None:
    trial = (
        bench.machine(Ask=ASK, Oops=OOPS)
        .try_state("Ask", {"q": 1}, mock={"error": "Boom", "cause": "why"})
        .trial
    )
    assert (trial.status, trial.next_state, trial.output) == (
        "CAUGHT_ERROR",
        "Oops",
        {"Error": "Boom", "Cause": "why"},
    )


def test_a_jsonata_state_is_tried_with_variables(bench: Bench) -> None:
    state = {**OOPS, "Output": "{% $v + $states.input.n %}"}
    states = {"A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"}, "B": state}
    assert bench.machine(**states).try_state("B", {"n": 2}, variables={"v": 40}).trial.output == 42


def test_what_cannot_be_tried(bench: Bench) -> None:
    with pytest.raises(UsageError, match='no state "Aks"'):
        bench.machine(Ask=ASK, Oops=OOPS).try_state("Aks")
    with pytest.raises(ExecutionError, match="when a mock is specified"):
        bench.machine(Oops=OOPS).try_state("Oops", mock={"result": 1})


def test_a_run_folds_a_map_and_its_last_input_can_be_tried_again(bench: Bench) -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Parameters": {"n.$": "$"}, "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": inner, "Next": "After"}
    pipeline = bench.machine(Each=each, After={"Type": "Pass", "End": True})
    execution = pipeline.run(input={"list": [1]}, parameters={"list": "[1, 2, 3]"}, wait=True)
    assert execution.snapshot.output == [{"n": 1}, {"n": 2}, {"n": 3}]
    steps = {step.name: step for step in execution.steps}
    assert steps["Each"].metadata["Iterations"]["Succeeded"] == 3
    assert steps["In"].metadata["Iterations"]["Entered"] == 3
    assert steps["After"].metadata["Input"] == execution.snapshot.output
    assert "3 of 3 done" in execution.text()
    assert pipeline.try_state("Each", "last", mock={"result": []}).trial.stages[0].value == {
        "list": [1, 2, 3]
    }


def test_a_distributed_map_is_counted_by_its_run(bench: Bench) -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    inner = {"ProcessorConfig": config, "StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    execution = bench.machine(Each={"Type": "Map", "ItemProcessor": inner, "End": True}).run(
        input=[1, 2], wait=True
    )
    (each,) = execution.steps
    assert each.metadata["Iterations"] == {
        "Total": 2,
        "Succeeded": 2,
        "Failed": 0,
        "Stopped": 0,
        "Executing": 0,
    }
    assert "In" not in execution.states()


def test_the_verb_in_a_shell(
    bench: Bench, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("PIPECELL_HOME", str(bench.workspace.home))
    file = tmp_path / "m.asl.json"
    file.write_text(bench.machine(Ask=ASK, Oops=OOPS).export(), encoding="utf-8")
    assert main(["try", str(file), "Ask", "--input", '{"q": 1}', "--error", "Boom"]) == 0
    assert "the error was caught → Oops" in capsys.readouterr().out
    assert main(["try", str(file), "Ask", "--input", "{}", "--mock", '{"Payload": {}}']) == 1
    assert "States.Runtime" in capsys.readouterr().err
    assert main(["try", str(file), "Ask", "--mock", "1", "--error", "E"]) == 2


def test_the_sdk_s_own_workflow_in_a_plain_cell(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create, update and execute through the SDK; its execution is one to watch, by ARN, like any other."""
    import logging

    import boto3

    target = local_target(bench.workspace.home)
    level = logging.getLogger().level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stepfunctions.steps import Chain, Pass
        from stepfunctions.workflow import Workflow
    logging.getLogger().setLevel(level)
    client = boto3.Session(target.access_key, target.secret_key, region_name=target.region).client(
        "stepfunctions", endpoint_url=target.endpoint_url
    )
    name = f"sdk-{next(_numbers)}"
    workflow = Workflow(
        name, Chain([Pass("A"), Pass("B")]), "arn:aws:iam::000000000000:role/r", client=client
    )
    workflow.create()
    workflow.update(definition=Chain([Pass("A"), Pass("C")]))
    began = workflow.execute(inputs={"n": 1})
    assert began.get_output(wait=True) == {"n": 1}
    watched = bench.workspace.execution(began.execution_arn).wait()
    assert [(step.name, step.status) for step in watched.steps] == [("A", "Succeeded"), ("C", "Succeeded")]
    client.close()


def test_a_sagemaker_pipeline_runs_as_a_state_machine(bench: Bench) -> None:
    """The same jobs, by Step Functions: a parameter, a reference, a property file and a condition."""
    write = "import json; json.dump({'n': 7}, open('/opt/ml/processing/out/r.json', 'w'))"
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    output = {"S3Uri": "s3://a/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    name = f"translated-{next(_numbers)}"
    output["S3Uri"] = f"s3://{name}/out"
    report = {
        "Name": "Report",
        "Type": "Processing",
        "PropertyFiles": [{"PropertyFileName": "R", "OutputName": "out", "FilePath": "r.json"}],
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": ["python3", "-c", write]},
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
            "RoleArn": "arn:aws:iam::000000000000:role/r",
        },
    }
    value = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Report.PropertyFiles.R"}, "Path": "n"}}
    test = {"Type": "LessThan", "LeftValue": value, "RightValue": {"Get": "Parameters.Limit"}}
    message = {"Std:Join": {"On": " ", "Values": ["only", value]}}
    fail = {"Name": "Few", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    decide = {
        "Name": "Enough",
        "Type": "Condition",
        "Arguments": {"Conditions": [test], "IfSteps": [fail], "ElseSteps": []},
    }
    parameter = {"Name": "Limit", "Type": "Integer", "DefaultValue": 5}
    body = {"Version": "2020-12-01", "Parameters": [parameter], "Steps": [report, decide]}
    bench.workspace.connect("local").client("s3").create_bucket(Bucket=name)
    pipeline = bench.workspace.add(Compiled(read_document(body, name=name), region=""))
    assert pipeline.run(engine="stepfunctions", wait=True).snapshot.status == "SUCCEEDED"
    failed = pipeline.run(engine="stepfunctions", parameters={"Limit": 10})
    assert failed.wait(raise_on_failure=False).failure_reason == "PipelineFailed: only 7"
