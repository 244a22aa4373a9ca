"""References hold what their place takes: the types of parameters, properties and joins."""

import json
from typing import Any

import pytest

from pipecell.definition import read_document
from pipecell.definition.checks import Diagnostic, check
from tests.unit.golden.compare import definition


def with_limit(value: Any, *parameters: dict[str, Any]) -> list[Diagnostic]:
    """Check census with something else as the run-time limit, in seconds, of its training."""
    body = json.loads(json.dumps(definition("census.json").body))
    train = next(step for step in body["Steps"] if step["Type"] == "Training")
    train["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = value
    body["Parameters"] += parameters
    return [d for d in check(read_document(body)) if d.severity != "info"]


def parameter(kind: str, default: Any = None) -> dict[str, Any]:
    return {"Name": "Limit", "Type": kind, **({} if default is None else {"DefaultValue": default})}


@pytest.mark.parametrize(
    ("value", "parameters", "says"),
    [
        (
            {"Get": "Parameters.Limit"},
            [parameter("String", "60")],
            'Parameter "Limit" is a string; an integer',
        ),
        ({"Get": "Parameters.Limit"}, [parameter("Boolean", True)], "Declare it as ParameterInteger."),
        ({"Get": "Execution.PipelineName"}, [], "Execution.PipelineName is a string"),
        ({"Std:Join": {"On": "", "Values": ["6", "0"]}}, [], "A Std:Join is a string"),
        (
            {"Get": "Steps.CensusProcess.ProcessingJobName"},
            [],
            "CensusProcess's ProcessingJobName is a string",
        ),
        ({"Get": "Steps.CensusProcess.ProcessingOutputConfig"}, [], "is an object"),
    ],
)
def test_mismatches(value: Any, parameters: list[dict[str, Any]], says: str) -> None:
    diagnostics = with_limit(value, *parameters)
    assert [d.code for d in diagnostics] == ["PC134"]
    assert says in str(diagnostics[0])


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        ({"Get": "Parameters.Limit"}, [parameter("Integer", 60)]),
        ({"Get": "Parameters.Limit"}, [parameter("Integer")]),
        ({"Get": "Parameters.Limit"}, [parameter("Float", 60.0)]),
        ({"Get": "Steps.CensusProcess.StoppingCondition.MaxRuntimeInSeconds"}, []),
    ],
)
def test_matches(value: Any, parameters: list[dict[str, Any]]) -> None:
    assert with_limit(value, *parameters) == []


def test_a_default_that_does_not_fit_its_place() -> None:
    (found,) = with_limit({"Get": "Parameters.Limit"}, parameter("Integer", 0))
    assert (found.code, found.severity) == ("PC135", "warning")
    assert "0 is too little; AWS wants at least 1." in found.message


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("ModelArtifacts.S3ModelArtifact", 'Did you mean "S3ModelArtifacts"?'),
        ("TrainingJobName.Length", "TrainingJobName is a string."),
        ("FinalMetricDataList[0].Valu", 'Did you mean "Value"?'),
    ],
)
def test_properties_inside_properties(reference: str, says: str) -> None:
    fail = {
        "Name": "F",
        "Type": "Fail",
        "Arguments": {"ErrorMessage": {"Get": f"Steps.CensusTrain.{reference}"}},
    }
    body = {**definition("census.json").body}
    body["Steps"] = [*body["Steps"], fail]
    (found,) = [d for d in check(read_document(body)) if d.severity == "error"]
    assert (found.code, found.step) == ("PC107", "F")
    assert says in found.hint


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("Steps.M.ModelName", "ModelStep M compiles to M-RegisterModel and M-CreateModel."),
        ("Steps.M-RegisterModel.ModelName", "M-CreateModel has it."),
    ],
)
def test_the_steps_that_a_model_step_compiles_to(reference: str, says: str) -> None:
    steps = [
        {"Name": f"M-{kind}", "Type": step_type, "Arguments": {}}
        for kind, step_type in [("RegisterModel", "RegisterModel"), ("CreateModel", "Model")]
    ]
    fail = {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": reference}}}
    found = check(read_document({"Version": "2020-12-01", "Steps": [*steps, fail]}))
    assert says in [d.hint for d in found if d.step == "F"]
