"""The data that flows from state to state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.definition.machines.parts import DONE, LAMBDA, found, machine, only

CALL = {"Type": "Task", "Resource": LAMBDA, "Parameters": {"FunctionName": "f"}}
TRAIN = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
    "Parameters": {
        "TrainingJobName.$": "$$.Execution.Name",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "i"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
}


def reading(path: str, *before: dict[str, Any]) -> Any:
    states: dict[str, Any] = {f"S{n}": {**state, "Next": f"S{n + 1}"} for n, state in enumerate(before)}
    states[f"S{len(before)}"] = {"Type": "Pass", "Parameters": {"x.$": path}, "End": True}
    return machine(states)


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("$.anything", []),
        ("$.Payload.body", [CALL]),
        ("$.ModelArtifacts.S3ModelArtifacts", [TRAIN]),
        ("$.FinalMetricDataList[0].Value", [TRAIN]),
        ("$.job.TrainingJobName", [{**TRAIN, "ResultPath": "$.job"}]),
        ("$.kept", [{**TRAIN, "ResultPath": "$.job"}]),
        ("$.kept", [{**TRAIN, "ResultPath": None}]),
        ("$.a.b", [{"Type": "Pass", "Result": {"a": {"b": 1}}}]),
        ("$.a[1]", [{"Type": "Pass", "Result": {"a": [1, 2]}}]),
        ("$[0].b", [{"Type": "Pass", "Result": [{"b": 1}]}]),
        ("States.Format('{}', $.n)", [{"Type": "Pass", "Parameters": {"n.$": "$.m"}}]),
        (
            "$.DbInstances[0].DbInstanceArn",
            [{"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:rds:describeDBInstances"}],
        ),
    ],
)
def test_paths_that_a_run_can_have(path: str, before: list[dict[str, Any]]) -> None:
    assert found(reading(path, *before), "PC170") == []


@pytest.mark.parametrize(
    ("path", "before", "hint"),
    [
        ("$.body", [CALL], "Payload"),
        ("$.ModelArtifacts.S3ModelArtifact", [TRAIN], 'Did you mean "S3ModelArtifacts"?'),
        ("$.kept", [TRAIN], "Known: AlgorithmSpecification"),
        ("$.count", [{"Type": "Pass", "Parameters": {"counter": 1}}], 'Did you mean "counter"?'),
        ("$.a[2]", [{"Type": "Pass", "Result": {"a": [1, 2]}}], ""),
        ("States.Format('{}', $.n)", [{"Type": "Pass", "Parameters": {"m": 1}}], "Known: m."),
        ("$.a", [{**CALL, "ResultSelector": {"b.$": "$.Payload"}}], "Known: b."),
    ],
)
def test_paths_that_no_run_can_have(path: str, before: list[dict[str, Any]], hint: str) -> None:
    problem = only(reading(path, *before), "PC170")
    assert (problem.step, problem.path) == (f"S{len(before)}", "Parameters.x.$")
    assert hint in problem.hint


def test_either_of_two_ways_may_bring_a_value() -> None:
    states = {
        "If": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "A"}],
            "Default": "B",
        },
        "A": {"Type": "Pass", "Parameters": {"a": 1}, "Next": "C"},
        "B": {"Type": "Pass", "Parameters": {"b": 1}, "Next": "C"},
        "C": {"Type": "Pass", "InputPath": "$.a", "End": True},
    }
    assert found(machine(states)) == []
    assert (
        only(machine({**states, "C": {"Type": "Pass", "InputPath": "$.c", "End": True}}), "PC170").step == "C"
    )


def test_a_loop_that_nests_its_data_comes_to_an_end() -> None:
    states = {
        "A": {"Type": "Pass", "Parameters": {"old.$": "$"}, "Next": "If"},
        "If": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.old.old", "IsPresent": True, "Next": "B"}],
            "Default": "A",
        },
        "B": DONE,
    }
    assert found(machine(states)) == []


def test_a_caught_error_is_where_the_catcher_puts_it() -> None:
    states = {
        "T": {
            **CALL,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "E"}],
            "End": True,
        },
        "E": {
            "Type": "Pass",
            "Parameters": {"why.$": "$.error.Cause", "typo.$": "$.error.Couse"},
            "End": True,
        },
    }
    assert only(machine(states), "PC170").hint == 'Did you mean "Cause"?'


def test_data_inside_a_map_and_after_it() -> None:
    inner = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "Parameters": {"y.$": "$.item.z"}, "End": True}},
    }
    states = {
        "M": {
            "Type": "Map",
            "ItemSelector": {"item.$": "$$.Map.Item.Value"},
            "ItemProcessor": inner,
            "Next": "P",
        },
        "P": {"Type": "Pass", "Parameters": {"first.$": "$[0].y", "typo.$": "$[0].x"}, "End": True},
    }
    assert only(machine(states), "PC170").path == "Parameters.typo.$"


def test_the_branches_of_a_parallel_are_told_apart() -> None:
    def branch(name: str) -> dict[str, Any]:
        return {"StartAt": name, "States": {name: {"Type": "Pass", "Parameters": {name: 1}, "End": True}}}

    states = {
        "P": {"Type": "Parallel", "Branches": [branch("a"), branch("b")], "Next": "R"},
        "R": {"Type": "Pass", "Parameters": {"ok.$": "$[1].b", "not.$": "$[1].a"}, "End": True},
    }
    assert only(machine(states), "PC170").path == "Parameters.not.$"


def test_jsonata_paths_are_followed_where_they_are_nothing_but_paths() -> None:
    states: dict[str, dict[str, Any]] = {
        "A": {"Type": "Pass", "Output": {"n": 1, "list": [{"m": 1}]}, "Next": "B"},
        "B": {
            "Type": "Pass",
            "Output": "{% $states.input.list.m + $count($states.input.missing) %}",
            "Next": "C",
        },
        "C": {"Type": "Pass", "Output": "{% $states.input %}", "End": True},
    }
    assert found(machine(states, QueryLanguage="JSONata")) == []
    states["B"]["Output"] = "{% $states.input.nn %}"
    assert only(machine(states, QueryLanguage="JSONata"), "PC170").step == "B"


def test_a_polling_loop_says_how_long_its_events_last() -> None:
    def loop(seconds: int) -> Any:
        return machine(
            {
                "Ask": {**CALL, "Next": "Ready?"},
                "Ready?": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.Payload", "StringEquals": "yes", "Next": "Done"}],
                    "Default": "Rest",
                },
                "Rest": {"Type": "Wait", "Seconds": seconds, "Next": "Ask"},
                "Done": DONE,
            }
        )

    slow, fast = found(loop(30), "PC390")[0], found(loop(1), "PC390")[0]
    assert (slow.severity, slow.message) == (
        "info",
        "A round uses 9 of 25,000 events: at 30 s this loop lasts 23 hours.",
    )
    assert (fast.severity, fast.hint) == ("warning", "At 63 s it lasts two days.")


def test_advice_is_one_line_a_state() -> None:
    advice = found(machine({"A": {**CALL, "End": True}}), "PC531")
    assert [problem.severity for problem in advice] == ["info"]
    guarded = {
        **CALL,
        "TimeoutSeconds": 9,
        "Retry": [{"ErrorEquals": ["Lambda.ServiceException"]}],
        "End": True,
    }
    assert found(machine({"A": guarded}), "PC531") == []
