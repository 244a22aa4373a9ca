"""A SageMaker pipeline as a state machine."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.checks import check
from pipecell.definition.parameters import declared
from pipecell.definition.translate import to_machine
from pipecell.definition.translate.expressions import condition, expression
from pipecell.errors import DefinitionError
from tests.unit.golden.compare import definition

CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}


def processing(name: str, *after: str, **body: Any) -> dict[str, Any]:
    arguments = {
        "ProcessingResources": CLUSTER,
        "AppSpecification": {"ImageUri": "i"},
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        **body.pop("Arguments", {}),
    }
    return {"Name": name, "Type": "Processing", "DependsOn": list(after), "Arguments": arguments, **body}


def fail(name: str, message: Any = "no") -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def choice(name: str, test: dict[str, Any], yes: list[Any], no: list[Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {"Conditions": [test], "IfSteps": yes, "ElseSteps": no},
    }


def translated(*steps: dict[str, Any], parameters: Any = ()) -> Document:
    body = {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}
    machine = to_machine(read_document(body, name="P"))
    assert [str(problem) for problem in check(machine) if problem.severity == "error"] == []
    return machine


def test_the_census_is_translated_whole() -> None:
    pipeline = definition("census.json")
    machine = to_machine(pipeline)
    assert [str(problem) for problem in check(machine) if problem.severity == "error"] == []
    states = machine.body["States"]
    assert states["CensusTrain"]["Resource"] == "arn:aws:states:::sagemaker:createTrainingJob.sync"
    train = next(
        c for c in states["CensusTrain"]["Arguments"]["InputDataConfig"] if c["ChannelName"] == "train"
    )
    assert train["DataSource"]["S3DataSource"]["S3Uri"] == (
        '{% $step_CensusProcess.ProcessingOutputConfig.Outputs[OutputName = "train"].S3Output.S3Uri %}'
    )
    assert {p.name for p in declared(machine)} == {p.name for p in declared(pipeline)}


def test_parameters_have_their_defaults() -> None:
    machine = translated(
        processing("A"),
        parameters=[
            {"Name": "N", "Type": "Integer", "DefaultValue": 3},
            {"Name": "Needed", "Type": "String"},
        ],
    )
    assert machine.body["States"]["Parameters"]["Assign"]["parameters"] == {
        "N": "{% $exists($states.input.N) ? $states.input.N : 3 %}",
        "Needed": "{% $states.input.Needed %}",
    }


def test_steps_that_do_not_wait_for_each_other_run_side_by_side() -> None:
    reader = processing("C", Arguments={"Environment": {"X": {"Get": "Steps.B.ProcessingJobName"}}})
    states = translated(processing("A"), processing("B"), reader).body["States"]
    both = states["A and B"]
    assert [branch["StartAt"] for branch in both["Branches"]] == ["A", "B"]
    assert both["Assign"]["step_B"] == "{% $states.result[1] %}"
    assert both["Next"] == "C"
    assert states["C"]["Arguments"]["Environment"] == {"X": "{% $step_B.ProcessingJobName %}"}


def test_a_condition_leads_on_from_both_branches() -> None:
    test = {"Type": "GreaterThan", "LeftValue": {"Get": "Parameters.N"}, "RightValue": 1}
    states = translated(
        choice("If", test, [processing("Yes")], []),
        processing("After", "If"),
        parameters=[{"Name": "N", "Type": "Integer", "DefaultValue": 3}],
    ).body["States"]
    assert states["If"]["Choices"] == [{"Condition": "{% ($parameters.N > 1) %}", "Next": "Yes"}]
    assert (states["If"]["Default"], states["Yes"]["Next"], states["After"]["End"]) == (
        "After",
        "After",
        True,
    )


def test_a_property_file_is_read_once_where_its_step_ends() -> None:
    files = [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "r.json"}]
    value = {
        "Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.Report"}, "Path": "metrics['a b'][0]"}
    }
    test = {"Type": "LessThanOrEqualTo", "LeftValue": value, "RightValue": 0.5}
    output = {
        "OutputName": "out",
        "S3Output": {"S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"},
    }
    step = processing("A", PropertyFiles=files, Arguments={"ProcessingOutputConfig": {"Outputs": [output]}})
    states = translated(step, choice("If", test, [fail("Bad", value)], [])).body["States"]
    assert states["A"]["Next"] == "A reads Report"
    assert states["A reads Report"]["Resource"] == "arn:aws:states:::aws-sdk:s3:getObject"
    assert states["If"]["Choices"][0]["Condition"] == (
        "{% ($step_A.PropertyFiles.Report.metrics.`a b`[0] <= 0.5) %}"
    )
    assert states["Bad"]["Cause"].startswith("{% $step_A.PropertyFiles.Report")


def test_retries_and_groups() -> None:
    policy = {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxAttempts": 4}
    register = {"Name": "R", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "G"}}
    states = translated(processing("A", RetryPolicies=[policy]), {**register, "DependsOn": ["A"]}).body[
        "States"
    ]
    assert states["A"]["Retry"] == [
        {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxAttempts": 4}
    ]
    assert (states["R group"]["Next"], states["R group"]["Catch"][0]["Next"]) == ("R", "R")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a'b", '"a\'b"'),
        ({"Get": "Parameters.Odd-name"}, "$parameters.`Odd-name`"),
        ({"Get": "Execution.PipelineExecutionId"}, "$states.context.Execution.Name"),
        (
            {"Get": "Steps.My-Step.ModelArtifacts.S3ModelArtifacts"},
            "$step_My_Step.ModelArtifacts.S3ModelArtifacts",
        ),
        ({"Get": "Steps.L.OutputParameters['code']"}, "$step_L.OutputParameters.code"),
        (
            {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.B"}]}},
            '$join([$string("s3:/"), $string($parameters.B)], "/")',
        ),
    ],
)
def test_references(value: Any, text: str) -> None:
    assert expression(value) == text


def test_conditions() -> None:
    left = {"Get": "Parameters.X"}
    equals = {"Type": "Equals", "LeftValue": left, "RightValue": "a"}
    listed = {"Type": "In", "QueryValue": left, "Values": ["a", 1]}
    either = {"Type": "Or", "Conditions": [equals, listed]}
    assert condition({"Type": "Not", "Expression": either}) == (
        '$not(($parameters.X = "a") or ($parameters.X in ["a", 1]))'
    )


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"Name": "E", "Type": "EMR", "Arguments": {}}], "A EMR step has no counterpart"),
        (
            [
                choice("If", {"Type": "Equals", "LeftValue": 1, "RightValue": 1}, [processing("In")], []),
                processing("Out", "In"),
            ],
            "It waits for In, which a condition may leave out",
        ),
        (
            [processing("A", Arguments={"Environment": {"X": {"Get": "Execution.CostCentre"}}})],
            "Execution.CostCentre",
        ),
    ],
)
def test_what_has_no_counterpart_is_refused(steps: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(DefinitionError, match=says) as caught:
        translated(*steps)
    assert caught.value.code == "PC630"
