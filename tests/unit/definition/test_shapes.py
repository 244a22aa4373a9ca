"""Walking arguments along AWS's shapes, held against botocore's own validator."""

import copy
import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipecell.definition import read_document
from pipecell.definition.checks import check
from pipecell.definition.data import load
from pipecell.definition.sagemaker import iterate_steps
from pipecell.definition.shapes import Walk, request_of, shape
from tests.unit.golden.compare import definition

OPERATIONS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "RegisterModel": "CreateModelPackage",
}
JUNK = [True, 0, -1, 1.5, "", "x", [], {}, [5], [[]], {"a": {}}, {"Unknown": 1}]


def faults(step_type: str, arguments: dict[str, Any]) -> list[str]:
    request = request_of(step_type, arguments)
    assert request is not None
    walk = Walk()
    walk.walk(request[0], arguments, optional=request[1])
    return [f"{fault.kind} {fault.path}" for fault in walk.faults]


def test_the_data_file_is_whole() -> None:
    data = load("shapes.json")
    for name, body in data["shapes"].items():
        below = [
            *body.get("members", {}).values(),
            *(body[k] for k in ("member", "key", "value") if k in body),
        ]
        assert all(other in data["shapes"] for other in below), name
        re.compile(body.get("pattern", ""))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(*path, key), *places(item, (*path, key))]]


def without_references(value: Any) -> Any:
    """Put a text where a reference stands: botocore knows no references."""
    if isinstance(value, dict):
        if set(value) <= {"Get", "Std:Join", "Std:JsonGet"}:
            return "s3://bucket/key"
        return {key: without_references(item) for key, item in value.items()}
    return [without_references(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("step_type", OPERATIONS)
def test_whatever_botocore_refuses_is_found(step_type: str) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    wanted = model.operation_model(OPERATIONS[step_type]).input_shape
    assert wanted is not None
    step = next(s for s in iterate_steps(definition("census.json")) if s.type == step_type)
    request = request_of(step_type, step.arguments)
    assert request is not None
    original = {**without_references(step.arguments), request[1]: "name"}
    original.get("ResourceConfig", {})["InstanceType"] = "ml.m5.large"
    refused = 0
    for place in places(original):
        for junk in JUNK:
            changed = copy.deepcopy(original)
            holder: Any = changed
            for key in place[:-1]:
                holder = holder[key]
            holder[place[-1]] = junk
            if ParamValidator().validate(changed, wanted).has_errors():
                refused += 1
                assert faults(step_type, changed), (place, junk)
    assert refused > 100


@pytest.mark.parametrize(
    ("step_type", "arguments", "fault"),
    [
        ("Processing", {"Environment": {"A": "x" * 257}}, "length Environment['A']"),
        ("Processing", {"Environment": {"A" * 257: "x"}}, f"length Environment['{'A' * 257}']"),
        (
            "Processing",
            {"ProcessingInputs": [{"InputName": f"i{n}"} for n in range(11)]},
            "length ProcessingInputs",
        ),
        (
            "Processing",
            {"AppSpecification": {"ContainerArguments": []}},
            "length AppSpecification.ContainerArguments",
        ),
        ("Processing", {"RoleArn": "SageMakerRole-without-arn"}, "pattern RoleArn"),
        (
            "Processing",
            {"StoppingCondition": {"MaxRuntimeInSeconds": 777601}},
            "range StoppingCondition.MaxRuntimeInSeconds",
        ),
        ("Training", {"HyperParameters": {"eta": 0.2}}, "type HyperParameters['eta']"),
        ("Training", {"HyperParameters": {f"h{n}": "1" for n in range(101)}}, "length HyperParameters"),
        ("Training", {"InputDataConfig": [{"ChannelName": "a b"}]}, "pattern InputDataConfig[0].ChannelName"),
        (
            "Training",
            {"AlgorithmSpecification": {"TrainingInputMode": "file"}},
            "enum AlgorithmSpecification.TrainingInputMode",
        ),
        ("Training", {"EnableManagedSpotTraining": "True"}, "type EnableManagedSpotTraining"),
        (
            "Tuning",
            {"HyperParameterTuningJobConfig": {"Strategy": "Bayes"}},
            "enum HyperParameterTuningJobConfig.Strategy",
        ),
        ("Transform", {"MaxConcurrentTransforms": -1}, "range MaxConcurrentTransforms"),
        (
            "Model",
            {"PrimaryContainer": {"ModelDataUri": "s3://b/k"}},
            "unknown PrimaryContainer.ModelDataUri",
        ),
        ("RegisterModel", {"ModelApprovalStatus": "Approve"}, "enum ModelApprovalStatus"),
        ("RegisterModel", {"Tags": [{"Key": "a" * 129, "Value": ""}]}, "length Tags[0].Key"),
        (
            "AutoML",
            {"AutoMLJobInputDataConfig": [], "AutoMLProblemTypeConfig": {}},
            "union AutoMLProblemTypeConfig",
        ),
        ("EndpointConfig", {"ProductionVariants": []}, "length ProductionVariants"),
        ("QualityCheck", {"RoleArn": 5}, "type RoleArn"),
    ],
)
def test_faults(step_type: str, arguments: dict[str, Any], fault: str) -> None:
    assert fault in faults(step_type, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"Environment": None},
        {"Environment": {"A": ""}},
        {"Environment": {"A": {"Get": "Parameters.A"}}},
        {"StoppingCondition": {"MaxRuntimeInSeconds": 3600.0}},
        {"StoppingCondition": {"MaxRuntimeInSeconds": {"Std:Join": {"On": "", "Values": [1]}}}},
        {"Tags": [{"Key": "Größe", "Value": "ß"}]},
    ],
)
def test_what_true_definitions_hold(arguments: dict[str, Any]) -> None:
    assert [fault for fault in faults("Processing", arguments) if not fault.startswith("missing")] == []


def test_a_kind_that_aws_describes_nowhere() -> None:
    assert request_of("Novelty", {"a": 1}) is None
    assert shape("S3Uri").pattern is not None


@pytest.mark.parametrize(
    ("place", "value", "code", "says"),
    [
        (("RoleArn",), "arn:aws:iam::<account>:role/R", "PC225", "Put your own value in place of <account>."),
        (("RoleArn",), "MyRole-in-this-account", "PC225", "arn:aws:iam::ACCOUNT:role/NAME"),
        (("OutputDataConfig", "S3OutputPath"), "/models", "PC225", "s3://BUCKET/models"),
        (("OutputDataConfig", "S3OutputPth"), "s3://b/models", "PC220", 'Did you mean "S3OutputPath"?'),
        (("StoppingCondition", "MaxRuntimeInSeconds"), "3600", "PC222", "Write 3600, without quotes."),
        (("HyperParameters", "rounds"), 50, "PC222", 'Write "50".'),
        (("RoleArn",), None, "PC221", "RoleArn is missing."),
    ],
)
def test_findings_say_the_way_out(place: tuple[str, ...], value: Any, code: str, says: str) -> None:
    body = json.loads(json.dumps(definition("census.json").body))
    train = next(step for step in body["Steps"] if step["Type"] == "Training")
    holder = train["Arguments"]
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    errors = [d for d in check(read_document(body)) if d.severity == "error"]
    assert [d.code for d in errors] == [code]
    assert says in str(errors[0])
    assert errors[0].step == train["Name"]
