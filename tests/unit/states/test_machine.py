from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.local.work.states import kept
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Execution, Frame
from tests.unit.states.machines import TASK, single, start


def failing(error: str = "Boom", *, times: int = 99) -> Any:
    calls: list[Any] = []

    def answer(arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) <= times:
            raise Failure(error, "why")
        return {"calls": len(calls)}

    return answer


def test_a_pass_state_leaves_aws_events_in_order() -> None:
    run = single({"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.r"}, {"a": 1})
    assert run.output == {"a": 1, "r": {"x": 1}}
    assert run.types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert [(event["id"], event["previousEventId"]) for event in run.events] == [
        (1, 0),
        (2, 0),
        (3, 2),
        (4, 3),
    ]


def test_data_flows_through_a_task() -> None:
    state = {
        "Type": "Task",
        "Resource": TASK,
        "InputPath": "$.in",
        "Parameters": {"a.$": "$.a", "name.$": "$$.State.Name"},
        "ResultSelector": {"b.$": "$.a"},
        "ResultPath": "$.out",
        "OutputPath": "$.out",
    }
    run = single(state, {"in": {"a": [1, 2]}})
    assert run.output == {"b": [1, 2]}
    assert run.types[1:-1] == [
        "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
    ]  # fmt: skip
    assert json.loads(next(run.details("TaskScheduled"))["parameters"]) == {"a": [1, 2], "name": "S"}


def test_a_retrier_backs_off_and_gives_up_to_the_catcher() -> None:
    definition = {
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task",
                "Resource": TASK,
                "Retry": [
                    {"ErrorEquals": ["Boom"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 3}
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "C"}],
                "End": True,
            },
            "C": {"Type": "Pass", "End": True},
        },
    }
    run = start(definition, {"a": 1}, failing()).settle()
    assert run.output == {"a": 1, "e": {"Error": "Boom", "Cause": "why"}}
    assert run.types.count("TaskFailed") == 3
    assert run.now - 1_000_000 == pytest.approx(2 + 6)


def test_a_retried_task_sees_its_attempt_in_the_context() -> None:
    seen: list[Any] = []

    def answer(arguments: Any) -> Any:
        seen.append(arguments["n"])
        if len(seen) < 3:
            raise Failure("Boom", None)
        return {}

    state = {"Type": "Task", "Resource": TASK, "Parameters": {"n.$": "$$.State.RetryCount"}}
    single({**state, "Retry": [{"ErrorEquals": ["States.TaskFailed"]}]}, None, answer)
    assert seen == [0, 1, 2]


def test_nothing_catches_a_runtime_error() -> None:
    state = {
        "Type": "Task",
        "Resource": TASK,
        "OutputPath": "$.no",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S"}],
    }
    run = single(state, {"a": 1})
    assert (run.execution.status, run.execution.error) == ("FAILED", "States.Runtime")
    assert run.execution.cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). "
        "Invalid path '$.no' : No results for path: $['no']"
    )


def test_a_time_out_takes_the_task_away() -> None:
    run = single({"Type": "Task", "Resource": TASK, "TimeoutSeconds": 5}, None, lambda _arguments: None)
    assert run.execution.error == "States.Timeout"
    assert run.types[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    assert run.now == 1_000_005
    assert any(effect.kind == "cancel" for effect in run.pending)


def test_a_late_answer_changes_nothing() -> None:
    run = start({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": TASK, "End": True}}})
    taken: list[bool] = []
    run.turn(lambda turn: taken.append(turn.task_event("succeeded", 0, "another token", output="1")))
    assert taken == [False]
    assert run.execution.running


@pytest.mark.parametrize(("limit", "together"), [(0, 3), (1, 1), (2, 2)])
def test_a_map_runs_as_many_items_at_once_as_it_may(limit: int, together: int) -> None:
    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "MaxConcurrency": limit,
                "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
                "ItemProcessor": {
                    "StartAt": "T",
                    "States": {"T": {"Type": "Task", "Resource": TASK, "End": True}},
                },
                "End": True,
            }
        },
    }
    run = start(definition, ["a", "b", "c"])
    assert len([effect for effect in run.pending if effect.kind == "task"]) == together
    assert run.settle().output == [{"i": 0, "v": "a"}, {"i": 1, "v": "b"}, {"i": 2, "v": "c"}]
    assert run.types.count("MapIterationSucceeded") == 3
    assert len(run.execution.frames) == 1


def test_a_failed_item_aborts_the_others_and_the_map_is_caught() -> None:
    def answer(arguments: Any) -> Any:
        if arguments == 2:
            raise Failure("Boom", "two")
        return None

    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "T",
                    "States": {"T": {"Type": "Task", "Resource": TASK, "End": True}},
                },
                "Catch": [{"ErrorEquals": ["Boom"], "Next": "C"}],
                "End": True,
            },
            "C": {"Type": "Pass", "End": True},
        },
    }
    run = start(definition, [1, 2, 3], answer).settle()
    assert run.output == {"Error": "Boom", "Cause": "two"}
    tail = run.types[run.types.index("TaskFailed") :]
    assert tail == [
        "TaskFailed", "MapIterationFailed", "TaskStateAborted",
        "MapIterationAborted", "TaskStateAborted", "MapIterationAborted", "TaskStateAborted",
        "MapStateFailed", "MapStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert len([effect for effect in run.pending if effect.kind == "cancel"]) == 2


def test_branches_see_outer_variables_and_keep_their_own() -> None:
    branch = {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Assign": {"y.$": "$x"}, "Parameters": {"x.$": "$x"}, "End": True}},
    }
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 7}, "Next": "B"},
            "B": {"Type": "Parallel", "Branches": [branch], "End": True},
        },
    }
    run = start(definition).settle()
    assert run.output == [{"x": 7}]
    assert run.execution.frames[0].variables == {"x": 7}


def test_jsonata_output_and_assign_see_the_old_variables() -> None:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": "{% $x + 1 %}"}, "Output": "{% $x %}", "Next": "C"},
            "C": {"Type": "Pass", "Output": {"x": "{% $x %}", "in": "{% $states.input %}"}, "End": True},
        },
    }
    assert start(definition).settle().output == {"x": 2, "in": 1}


def test_a_wait_is_a_due_time() -> None:
    run = start({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "End": True}}}, {"a": 1})
    assert (run.execution.frames[0].phase, run.execution.frames[0].due) == ("wait", 1_000_030)
    assert run.settle().output == {"a": 1}


def test_an_endless_loop_ends_at_the_event_limit() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "End"}],
                "Default": "A",
            },
            "End": {"Type": "Succeed"},
        },
    }
    run = start(definition)
    assert run.execution.status == "FAILED"
    assert len(run.events) == 25_000
    assert run.types[-1] == "ExecutionFailed"


def test_too_large_an_output_fails_the_state() -> None:
    run = single({"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}}, {"t": "x" * 200_000})
    assert run.execution.error == "States.DataLimitExceeded"


def test_a_redrive_enters_the_failed_state_again() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Result": 5, "Next": "T"},
            "T": {"Type": "Task", "Resource": TASK, "End": True},
        },
    }
    run = start(definition, None, failing(times=1)).settle()
    assert run.execution.status == "FAILED"
    run.turn(lambda turn: turn.redrive())
    run.settle()
    assert run.output == {"calls": 2}
    assert run.types.count("PassStateEntered") == 1
    assert "ExecutionRedriven" in run.types


def test_frames_survive_json() -> None:
    frame = Frame(
        3,
        0,
        2,
        ("M", "ItemProcessor"),
        "T",
        {"a": None},
        phase="task",
        token="t",
        task={"stage": "scheduled"},
    )
    frame.item = {"Index": 2, "Value": [1]}
    small, large = frame.dump()
    assert Frame.load(3, small, large) == frame
    assert "input" not in json.loads(small)


def test_an_execution_knows_its_children() -> None:
    execution = Execution("a", "n", "m", "m", "{}", "r", "{}", 0.0)
    for number in (0, 1, 2):
        execution.add(Frame(number, None if number == 0 else 0))
    assert [frame.id for frame in execution.children(0)] == [1, 2]


def test_a_redrive_keeps_what_succeeded_in_a_map_and_in_a_parallel() -> None:
    seen: list[Any] = []
    broken = {2}

    def answer(arguments: Any) -> Any:
        seen.append(arguments)
        if arguments in broken:
            raise Failure("Boom", "why")
        return arguments * 10

    task = {"Type": "Task", "Resource": TASK, "End": True}
    processor = {"StartAt": "T", "States": {"T": task}}
    iterate = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1}
    branches = [
        {
            "StartAt": f"P{n}",
            "States": {f"P{n}": {"Type": "Pass", "Result": n, "Next": f"T{n}"}, f"T{n}": task},
        }
        for n in (1, 2)
    ]
    for state in (iterate, {"Type": "Parallel", "Branches": branches}):
        seen.clear()
        broken.add(2)
        definition = {"StartAt": "S", "States": {"S": {**state, "End": True}}}
        run = start(definition, [1, 2], answer).settle()
        assert run.execution.status == "FAILED"
        assert seen == [1, 2]
        run.execution.frames[0].group = run.execution.frames[0].items = None
        broken.clear()
        run.turn(lambda turn: turn.redrive())
        run.settle()
        assert (run.execution.status, run.output) == ("SUCCEEDED", [10, 20])
        assert seen == [1, 2, 2]


@pytest.mark.parametrize("end", ["failed", "stopped"])
def test_a_redrive_goes_on_where_inner_branches_and_items_stood(end: str) -> None:
    seen: list[Any] = []
    broken = {4}

    def answer(arguments: Any) -> Any:
        seen.append(arguments)
        if arguments not in broken:
            return arguments * 10
        if end == "failed":
            raise Failure("Boom", "why")
        return None

    first = {"Type": "Task", "Resource": TASK, "Next": "Add"}
    add = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($, 1)"}, "OutputPath": "$.n", "End": True}
    inner = {"Type": "Map", "ItemProcessor": {"StartAt": "T", "States": {"T": first, "Add": add}}}
    before = {"Type": "Pass", "Assign": {"kept": True}, "Next": "Inner"}
    states = {"Before": before, "Inner": {**inner, "MaxConcurrency": 1, "End": True}}
    outer = {"StartAt": "Before", "States": states}
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": outer, "End": True}
    other = {"Type": "Task", "Resource": TASK, "InputPath": "$[0][0]", "End": True}
    branches = [
        {"StartAt": "Outer", "States": {"Outer": each}},
        {"StartAt": "Other", "States": {"Other": other}},
    ]
    both = {"Type": "Parallel", "Branches": branches, "End": True}
    run = start({"StartAt": "Both", "States": {"Both": both}}, [[1, 2], [3, 4, 5]], answer).settle()
    root = run.execution.frames[0]
    if end == "stopped":
        run.turn(lambda turn: turn.stop(None, None))
        root.done = kept.finished(run.execution, root)
        run.execution.frames = {0: root}
        run.execution.kids.clear()
        root.group = None
    assert run.execution.status == ("FAILED" if end == "failed" else "ABORTED")
    assert sorted(seen) == [1, 1, 2, 3, 4]
    broken.clear()
    run.pending.clear()
    run.turn(lambda turn: turn.redrive())
    run.settle()
    assert (run.execution.status, run.output) == ("SUCCEEDED", [[[11, 21], [31, 41, 51]], 10])
    assert sorted(seen) == [1, 1, 2, 3, 4, 4, 5]


def test_a_retry_begins_a_map_anew() -> None:
    seen: list[Any] = []

    def answer(arguments: Any) -> Any:
        seen.append(arguments)
        if seen.count(2) == 1 and arguments == 2:
            raise Failure("Boom", "why")
        return arguments

    task = {"Type": "Task", "Resource": TASK, "End": True}
    run = single(
        {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "T", "States": {"T": task}},
            "MaxConcurrency": 1,
            "Retry": [{"ErrorEquals": ["Boom"]}],
        },
        [1, 2],
        answer,
    )
    assert (run.output, seen) == ([1, 2], [1, 2, 1, 2])
