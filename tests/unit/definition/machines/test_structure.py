from __future__ import annotations

from typing import Any

import pytest

from pipecell.definition import read_document
from pipecell.errors import DefinitionError
from tests.unit.definition.machines.parts import DONE, LAMBDA, found, machine, one, only, task

INNER = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}


def test_a_name_that_is_no_state_is_shown_where_it_stands() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Dome"}],
        "Default": "Done",
    }
    problem = only(machine({"A": choice, "Done": DONE}), "PC150")
    assert (problem.step, problem.path, problem.hint) == ("A", "Choices[0].Next", 'Did you mean "Done"?')


def test_a_state_inside_a_parallel_cannot_be_led_to() -> None:
    states = {"P": {"Type": "Parallel", "Branches": [INNER], "Next": "In"}}
    assert "inside P" in found(machine(states), "PC150")[0].hint


def test_a_wrong_start() -> None:
    problem = only(read_document({"StartAt": "Bee", "States": {"Be": DONE}}), "PC150")
    assert (problem.step, problem.path) == (None, "StartAt")


def test_unreachable_states() -> None:
    assert only(machine({"A": DONE, "B": DONE}), "PC151").step == "B"


def test_a_loop_without_an_end() -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    assert only(machine(states), "PC152").severity == "error"


def test_a_trap_beside_a_way_out() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Trap"}],
        "Default": "Done",
    }
    problem = only(machine({"A": choice, "Trap": {"Type": "Pass", "Next": "Trap"}, "Done": DONE}), "PC152")
    assert (problem.severity, problem.step) == ("warning", "Trap")


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"Type": "Pass"}, "Next"),
        ({"Type": "Pass", "End": False}, "End"),
        ({"Type": "Succeed", "End": True}, "End"),
        ({"Type": "Fail", "Next": "A"}, "Next"),
        ({"Type": "Wait", "Seconds": 1, "Next": "A", "End": True}, "Next"),
    ],
)
def test_what_follows(state: dict[str, Any], path: str) -> None:
    assert only(machine({"A": state}), "PC153").path == path


def test_names_are_unique_in_the_whole_machine() -> None:
    states = {"P": {"Type": "Parallel", "Branches": [INNER, INNER], "End": True}}
    assert "States.P.Branches[1].States.In" in only(machine(states), "PC154").message


def test_types_and_fields() -> None:
    assert (
        only(machine({"A": {"Type": "task", "Next": "B"}, "B": DONE}), "PC155").hint == 'Did you mean "Task"?'
    )
    assert (
        only(task(Parameters={"FunctionName": "f"}, ReslutPath="$.x"), "PC156").hint
        == 'Did you mean "ResultPath"?'
    )
    assert "Wait" in only(one(Seconds=3), "PC156").hint
    assert only(machine({"A": DONE}, StartsAt="A"), "PC156").path == "StartsAt"


@pytest.mark.parametrize(
    ("kind", "needs"),
    [("Task", "Resource"), ("Wait", "Seconds"), ("Parallel", "Branches"), ("Map", "ItemProcessor")],
)
def test_what_a_state_needs(kind: str, needs: str) -> None:
    assert needs in only(one(kind), "PC157").message


@pytest.mark.parametrize(
    "body",
    [
        {"Seconds": 1.5},
        {"Seconds": -1},
        {"Seconds": True},
        {"Timestamp": "tomorrow"},
        {"Timestamp": "2026-13-01T00:00:00Z"},
    ],
)
def test_what_a_wait_takes(body: dict[str, Any]) -> None:
    assert only(one("Wait", **body), "PC158").step == "A"


def test_a_heartbeat_is_shorter_than_the_time_out() -> None:
    document = task(Parameters={"FunctionName": "f"}, TimeoutSeconds=5, HeartbeatSeconds=5)
    assert only(document, "PC158").path == "HeartbeatSeconds"


def test_a_distributed_map_says_how_it_runs() -> None:
    distributed = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    assert "ExecutionType" in only(one("Map", ItemProcessor=distributed), "PC158").path
    problem = only(
        one("Map", ItemProcessor=INNER, ItemReader={"Resource": "arn:aws:states:::s3:getObject"}), "PC158"
    )
    assert problem.path == "ItemReader"


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ([{"ErrorEquals": "States.ALL"}], "Retry[0].ErrorEquals"),
        ([{"ErrorEquals": ["States.ALL", "X"]}], "Retry[0].ErrorEquals"),
        ([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}], "Retry[0].ErrorEquals"),
        ([{"ErrorEquals": ["X"], "BackoffRate": 0.5}], "Retry[0].BackoffRate"),
        ([{"ErrorEquals": ["X"], "MaxAttempt": 1}], "Retry[0].MaxAttempt"),
        ([{"ErrorEquals": ["X"], "IntervalSeconds": 9, "MaxDelaySeconds": 9}], "Retry[0].MaxDelaySeconds"),
        ([{"ErrorEquals": ["X"], "JitterStrategy": "HALF"}], "Retry[0].JitterStrategy"),
        ({"ErrorEquals": ["X"]}, "Retry"),
    ],
)
def test_retries(rules: Any, path: str) -> None:
    assert only(task(Parameters={"FunctionName": "f"}, Retry=rules), "PC159").path == path


def test_an_error_that_a_fail_state_throws_may_have_any_name() -> None:
    states = {
        "P": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "States.Enough"}}}],
            "Catch": [{"ErrorEquals": ["States.Enough"], "Next": "D"}],
            "Next": "D",
        },
        "D": DONE,
    }
    assert found(machine(states)) == []
    assert found(task(Parameters={"FunctionName": "f"}, Retry=[{"ErrorEquals": ["States.Timout"]}]), "PC160")


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"Variable": "$.x", "NumericGreater": 1}, "NumericGreater"),
        ({"Variable": "$.x", "NumericEquals": "1"}, "NumericEquals"),
        ({"Variable": "$.x", "NumericEquals": True}, "NumericEquals"),
        ({"Variable": "$.x", "BooleanEquals": "true"}, "BooleanEquals"),
        ({"StringEquals": "x"}, "Variable"),
        ({"Variable": "$.x"}, ""),
        ({"Variable": "$.x", "IsNull": True, "IsPresent": True}, ""),
        ({"And": [{"Variable": "$.x", "IsNull": True, "Next": "B"}]}, "And[0].Next"),
        ({"Not": []}, "Not"),
    ],
)
def test_choice_rules(rule: dict[str, Any], path: str) -> None:
    document = machine(
        {"A": {"Type": "Choice", "Choices": [{**rule, "Next": "B"}], "Default": "B"}, "B": DONE}
    )
    assert only(document, "PC161").path == f"Choices[0]{'.' if path else ''}{path}"


def test_a_choice_that_may_match_nothing_is_worth_a_word() -> None:
    rules = [{"Variable": "$.ok", "BooleanEquals": value, "Next": "B"} for value in (True, False)]
    assert found(machine({"A": {"Type": "Choice", "Choices": rules[:1]}, "B": DONE}), "PC530")
    assert not found(machine({"A": {"Type": "Choice", "Choices": rules}, "B": DONE}), "PC530")


def test_a_malformed_state_is_reported_with_its_cell() -> None:
    body = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Resource": LAMBDA}}}
    with pytest.raises(DefinitionError) as caught:
        read_document(body, cells={"B": 7})
    assert (caught.value.step, caught.value.cell, caught.value.path) == ("B", 7, "States.B.Type")
