"""Profiles: what smoke makes of a pipeline."""

from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.profiles import profile_values, smoke
from pipecell.errors import UsageError
from tests.unit.golden.compare import definition


def get(name: str) -> dict[str, str]:
    return {"Get": f"Parameters.{name}"}


def document(arguments: dict[str, Any], *parameters: dict[str, Any], type_: str = "Training") -> Document:
    steps = [{"Name": "S", "Type": type_, "Arguments": arguments}]
    return read_document({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": steps})


def instance(default: str = "ml.p3.2xlarge", **more: Any) -> dict[str, Any]:
    return {"Name": "I", "Type": "String", "DefaultValue": default, **more}


RESOURCES = {"ResourceConfig": {"InstanceType": get("I")}}


def test_census() -> None:
    doc = definition("census.json")
    assert smoke(doc) == {"ProcessingInstanceType": "ml.t3.medium", "TrainingInstanceType": "ml.t3.medium"}
    assert profile_values(doc, "full")["TrainingInstanceType"] == "ml.p3.2xlarge"
    values = profile_values(doc, "smoke", {"ProcessingInstanceType": "ml.m5.xlarge"})
    assert values["ProcessingInstanceType"] == "ml.m5.xlarge"
    assert values["TrainingInstanceType"] == "ml.t3.medium"
    assert values["AccuracyThreshold"] == 0.8


def test_counts_and_run_time() -> None:
    arguments = {
        "ResourceConfig": {"InstanceCount": get("N")},
        "StoppingCondition": {"MaxRuntimeInSeconds": get("T")},
    }
    count = {"Name": "N", "Type": "Integer", "DefaultValue": 4}
    time = {"Name": "T", "Type": "Integer", "DefaultValue": 86400}
    assert smoke(document(arguments, count, time)) == {"N": 1, "T": 3600}
    assert smoke(document(arguments, count | {"DefaultValue": 1}, time | {"DefaultValue": 60})) == {}


def test_a_type_is_valid_for_every_job_that_it_reaches() -> None:
    body = {
        "Version": "2020-12-01",
        "Parameters": [instance()],
        "Steps": [
            {"Name": "A", "Type": "Training", "Arguments": RESOURCES},
            {
                "Name": "B",
                "Type": "Transform",
                "Arguments": {"TransformResources": {"InstanceType": get("I")}},
            },
        ],
    }
    assert smoke(read_document(body)) == {"I": "ml.m5.large"}


def test_a_join_of_one_parameter_reaches_too() -> None:
    joined = {"Std:Join": {"On": "", "Values": [get("I")]}}
    assert smoke(document({"ResourceConfig": {"InstanceType": joined}}, instance())) == {"I": "ml.t3.medium"}


def test_algorithms_that_need_a_gpu_keep_one() -> None:
    image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"
    arguments = {**RESOURCES, "AlgorithmSpecification": {"TrainingImage": image}}
    assert smoke(document(arguments, instance())) == {"I": "ml.g4dn.xlarge"}


@pytest.mark.parametrize(
    "parameter",
    [
        instance("ml.t3.medium"),
        instance(EnumValues=["ml.p3.2xlarge", "ml.p3.8xlarge"]),
        {"Name": "I", "Type": "String"},
        {"Name": "Other", "Type": "String", "DefaultValue": "ml.p3.2xlarge"},
    ],
)
def test_what_cannot_become_cheaper_stays(parameter: dict[str, Any]) -> None:
    assert smoke(document(RESOURCES, parameter)) == {}


def test_an_enumeration_limits_the_choice() -> None:
    parameter = instance(EnumValues=["ml.p3.2xlarge", "ml.m5.2xlarge", "ml.m5.xlarge"])
    assert smoke(document(RESOURCES, parameter)) == {"I": "ml.m5.xlarge"}


def test_a_parameter_that_decides_two_things_stays() -> None:
    arguments = {
        "ResourceConfig": {"InstanceCount": get("N")},
        "StoppingCondition": {"MaxRuntimeInSeconds": get("N")},
    }
    assert smoke(document(arguments, {"Name": "N", "Type": "Integer", "DefaultValue": 7200})) == {}


def test_unknown_kinds_of_step_stay() -> None:
    assert smoke(document(RESOURCES, instance(), type_="Teleport")) == {}


def test_a_state_machine_has_nothing_to_shrink() -> None:
    assert smoke(read_document({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})) == {}


def test_unknown_profile() -> None:
    with pytest.raises(UsageError, match='Did you mean "smoke"'):
        profile_values(definition("census.json"), "smok")
