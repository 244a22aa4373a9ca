"""State machines as graphs."""

from typing import Any

import pytest

from pipecell.definition import read_document, read_graph
from pipecell.definition.states import describe_rule, summarise_state
from pipecell.graph import Edge, Graph


def graph(states: dict[str, Any], start: str | None = None) -> Graph:
    return read_graph(read_document({"StartAt": start or next(iter(states)), "States": states}, name="M"))


def test_next_choice_default_and_catch() -> None:
    drawn = graph(
        {
            "Train": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
                "Next": "Good?",
            },
            "Good?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.accuracy", "NumericGreaterThanEquals": 0.8, "Next": "Fine"}],
                "Default": "Train",
            },
            "Fine": {"Type": "Succeed"},
            "Sorry": {"Type": "Fail", "Error": "Weak", "Cause": "too low"},
        }
    )
    assert drawn.edges == (
        Edge("Train", "Good?", "control"),
        Edge("Train", "Sorry", "control", "catch ALL"),
        Edge("Good?", "Fine", "branch", "accuracy ≥ 0.8"),
        Edge("Good?", "Train", "branch", "else"),
    )
    assert [node.summary for node in drawn.nodes] == [
        "sagemaker createTrainingJob.sync",
        "",
        "",
        "Weak: too low",
    ]


def test_parallel_and_map_hold_their_states() -> None:
    inner = {"StartAt": "Work", "States": {"Work": {"Type": "Pass", "End": True}}}
    drawn = graph(
        {
            "Both": {"Type": "Parallel", "Branches": [inner, inner], "Next": "All"},
            "All": {"Type": "Map", "ItemsPath": "$.files", "ItemProcessor": inner, "End": True},
        }
    )
    assert [(node.id, node.name, node.parent) for node in drawn.nodes] == [
        ("Both", "Both", None),
        ("Both[0]/Work", "Work", "Both"),
        ("Both[1]/Work", "Work", "Both"),
        ("All", "All", None),
        ("All/Work", "Work", "All"),
    ]
    assert set(drawn.edges) == {
        Edge("Both", "Both[0]/Work", "branch"),
        Edge("Both", "Both[1]/Work", "branch"),
        Edge("All", "All/Work", "branch", "each"),
        Edge("Both", "All", "control"),
    }


def test_ids_stay_unique_whatever_the_names() -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    drawn = graph(
        {"A/B": {"Type": "Pass", "Next": "A"}, "A": {"Type": "Map", "Iterator": inner, "End": True}}
    )
    assert [node.id for node in drawn.nodes] == ["A/B", "A", "A/B#2"]
    assert Edge("A", "A/B#2", "branch", "each") in drawn.edges


def test_nonsense_is_drawn_without_edges() -> None:
    drawn = graph(
        {
            "A": {"Type": "Choice", "Choices": {"Next": "A"}, "Catch": [3], "Next": "Nowhere", "Default": 5},
            "B": {"Type": "Parallel", "Branches": "x"},
            "C": {"Type": "Teleport"},
        }
    )
    assert [node.type for node in drawn.nodes] == ["Choice", "Parallel", "Teleport"]
    assert drawn.edges == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.Status", "StringEquals": "Completed"}, "Status = Completed"),
        ({"Variable": "$['Payload'][0]['Value']", "NumericLessThan": 0.1}, "Payload[0].Value < 0.1"),
        ({"Variable": "$.a", "NumericGreaterThanPath": "$.b.c"}, "a > b.c"),
        ({"Variable": "$.a", "BooleanEquals": True}, "a = true"),
        ({"Variable": "$.a", "StringMatches": "x*"}, "a ~ x*"),
        ({"Variable": "$.a", "TimestampLessThanEquals": "2026-01-01T00:00:00Z"}, "a ≤ 2026-01-01T00:00:00Z"),
        ({"Variable": "$.a", "IsPresent": False}, "a is not present"),
        (
            {
                "Next": "X",
                "And": [{"Variable": "$.a", "IsNull": True}, {"Not": {"Variable": "$.b", "IsNumeric": True}}],
            },
            "a is null and not b is a number",
        ),
        (
            {
                "Not": {
                    "Or": [{"Variable": "$.a", "NumericEquals": 1}, {"Variable": "$.b", "NumericEquals": 2}]
                }
            },
            "not (a = 1 or b = 2)",
        ),
        ({"Condition": "{% $states.input.n > 5\n and true %}"}, "$states.input.n > 5 and true"),
        ({"Variable": "$.a[?(@.x)]", "NumericEquals": 1}, "$.a[?(@.x)] = 1"),
        ({"Variable": 5}, "?"),
    ],
)
def test_rules_in_words(rule: dict[str, Any], words: str) -> None:
    assert describe_rule(rule) == words


@pytest.mark.parametrize(
    ("state", "summary"),
    [
        ({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:prepare"}, "prepare"),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName.$": "$.function"},
            },
            "function",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
                "Parameters": {
                    "AlgorithmSpecification": {
                        "TrainingImage": "6.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.5-1"
                    },
                    "ResourceConfig": {"InstanceType.$": "$.instance", "InstanceCount": 1},
                },
            },
            "sagemaker createTrainingJob.sync · xgboost 1.5-1 · instance",
        ),
        ({"Type": "Task", "Resource": "arn:aws:states:us-east-1:1:activity:approve"}, "approve"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:startPipelineExecution"},
            "sagemaker startPipelineExecution",
        ),
        ({"Type": "Task"}, ""),
        ({"Type": "Wait", "Seconds": 30}, "30 s"),
        ({"Type": "Wait", "SecondsPath": "$.pause"}, "pause s"),
        ({"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z"}, "until 2026-01-01T00:00:00Z"),
        ({"Type": "Map", "Items": "{% $states.input.files %}"}, "each of $states.input.files"),
        ({"Type": "Succeed"}, ""),
    ],
)
def test_summaries(state: dict[str, Any], summary: str) -> None:
    assert summarise_state(state) == summary
