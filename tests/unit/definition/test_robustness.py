"""Whatever somebody's file holds: it is refused with a path, or every reader copes with it."""

import copy
import json
from typing import Any

import pytest

from pipecell.definition import read_document, read_graph
from pipecell.definition.checks import check
from pipecell.definition.profiles import smoke
from pipecell.definition.sagemaker import dependencies
from pipecell.errors import DefinitionError


def get(text: str) -> dict[str, str]:
    return {"Get": text}


def step(name: str, kind: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


ROLE = "arn:aws:iam::111122223333:role/Run"
ACCURACY = {"Std:JsonGet": {"PropertyFile": get("Steps.P.PropertyFiles.F"), "Path": "a.value"}}
CONDITIONS = [
    {"Type": "GreaterThan", "LeftValue": ACCURACY, "RightValue": get("Parameters.N")},
    {"Type": "In", "QueryValue": "x", "Values": ["x", get("Parameters.N")]},
    {
        "Type": "Not",
        "Condition": {"Type": "Or", "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 1}]},
    },
]
PIPELINE = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "N", "Type": "Integer", "DefaultValue": 2, "EnumValues": [1, 2]}],
    "Steps": [
        step(
            "P",
            "Processing",
            {
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceType": "ml.m5.large",
                        "InstanceCount": get("Parameters.N"),
                        "VolumeSizeInGB": 30,
                    }
                },
                "RoleArn": ROLE,
                "AppSpecification": {"ImageUri": "a/b:1"},
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "o",
                            "S3Output": {"S3Uri": "s3://bucket/o", "S3UploadMode": "EndOfJob"},
                        }
                    ]
                },
            },
            PropertyFiles=[{"PropertyFileName": "F", "OutputName": "o", "FilePath": "f.json"}],
            DependsOn=["L"],
        ),
        step(
            "T",
            "Tuning",
            {
                "HyperParameterTuningJobConfig": {
                    "Strategy": "Bayesian",
                    "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
                },
                "TrainingJobDefinitions": [
                    {
                        "AlgorithmSpecification": {
                            "TrainingImage": {"Std:Join": {"On": ":", "Values": ["a/b", 1]}},
                            "TrainingInputMode": "File",
                        },
                        "RoleArn": ROLE,
                        "ResourceConfig": {
                            "VolumeSizeInGB": 30,
                            "InstanceGroups": [
                                {
                                    "InstanceType": "ml.m5.large",
                                    "InstanceCount": 1,
                                    "InstanceGroupName": "g",
                                }
                            ],
                        },
                        "OutputDataConfig": {
                            "S3OutputPath": get("Steps.P.ProcessingOutputConfig.Outputs['o'].S3Output.S3Uri")
                        },
                        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                    }
                ],
            },
        ),
        step(
            "L",
            "Lambda",
            {"x": get("Execution.PipelineName")},
            FunctionArn="arn:a:b",
            OutputParameters=[{"OutputName": "c"}],
        ),
        step(
            "R",
            "RegisterModel",
            {
                "InferenceSpecification": {
                    "Containers": [{"Image": "a/b:1"}],
                    "SupportedTransformInstanceTypes": ["ml.m5.large"],
                }
            },
        ),
        step(
            "C",
            "Condition",
            {
                "Conditions": CONDITIONS,
                "IfSteps": [step("F", "Fail", {"ErrorMessage": "no"})],
                "ElseSteps": [],
            },
        ),
    ],
}
MACHINE = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
            "Next": "B",
        },
        "B": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.Payload.a", "NumericEquals": 1},
                        {"Not": {"Variable": "$.Payload.b", "IsNull": True}},
                    ],
                    "Next": "C",
                }
            ],
            "Default": "D",
        },
        "C": {"Type": "Fail", "Error": "E", "Cause": "c"},
        "D": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "E", "States": {"E": {"Type": "Wait", "Seconds": 1, "End": True}}},
            "Next": "G",
        },
        "G": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "H", "States": {"H": {"Type": "Succeed"}}}],
            "End": True,
        },
    },
}
JUNK: list[Any] = [
    *(None, True, 0, -1.5, "", "x", "Steps.", "$", "a[", [], {}, [None], [[]], [5], {"a": {}}),
    *(get("Steps.P"), get("Parameters."), get(""), {"Get": 5}, {"Get": {}}),
    *({"Std:Join": {}}, {"Std:Join": {"Values": 3, "On": 3}}, {"Std:Join": []}),
    *({"Std:JsonGet": {"Path": 4}}, {"Std:JsonGet": {"PropertyFile": get("Steps.P.PropertyFiles")}}),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, item in items:
        found += places(item, (*path, key))
    return found


def put(document: Any, path: tuple[Any, ...], junk: Any) -> Any:
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = junk
    return changed


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize("original", [PIPELINE, MACHINE], ids=["pipeline", "machine"])
def test_junk_in_every_place(original: dict[str, Any], junk: Any) -> None:
    read = 0
    for path in places(original):
        try:
            document = read_document(put(original, path, junk))
        except DefinitionError:
            continue
        read += 1
        graph = read_graph(document)
        ids = {node.id for node in graph.nodes}
        assert all({edge.source, edge.target} <= ids for edge in graph.edges)
        assert all(node.parent is None or node.parent in ids for node in graph.nodes)
        json.dumps([graph.to_json(), [d.to_json() for d in check(document)], smoke(document)])
        dependencies(document)
    assert read > len(places(original)) / 3


@pytest.mark.parametrize("original", [PIPELINE, MACHINE], ids=["pipeline", "machine"])
def test_the_originals_are_right(original: dict[str, Any]) -> None:
    assert [d for d in check(read_document(original)) if d.severity == "error"] == []
