"""A state machine's events become the states that ran."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from pipecell.engines.history import HistoryReader, read_states, reason


def event(number: int, kind: str, previous: int, details: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": number,
        "type": kind,
        "previousEventId": previous,
        "timestamp": datetime.fromtimestamp(number, timezone.utc),
    }
    if details is not None:
        found[f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
    return found


def entered(number: int, name: str, previous: int, kind: str = "Task") -> dict[str, Any]:
    return {**event(number, f"{kind}StateEntered", previous), "stateEnteredEventDetails": {"name": name}}


def left(number: int, name: str, previous: int, kind: str = "Task") -> dict[str, Any]:
    return {**event(number, f"{kind}StateExited", previous), "stateExitedEventDetails": {"name": name}}


START = event(1, "ExecutionStarted", 0, {"input": "{}"})
JOB = "arn:aws:sagemaker:us-east-1:000000000000:training-job/t"


def test_states_in_order_with_times_and_their_job() -> None:
    events = [
        START,
        entered(2, "Prepare", 1, "Pass"),
        left(3, "Prepare", 2, "Pass"),
        entered(4, "Train", 3),
        event(5, "TaskScheduled", 4, {"resourceType": "sagemaker", "resource": "createTrainingJob.sync"}),
        event(
            6,
            "TaskSubmitted",
            5,
            {"resource": "createTrainingJob.sync", "output": json.dumps({"TrainingJobArn": JOB})},
        ),
    ]
    prepare, train = read_states(events)
    assert (prepare.name, prepare.type, prepare.status, prepare.started, prepare.ended) == (
        "Prepare",
        "Pass",
        "Succeeded",
        2.0,
        3.0,
    )
    assert (train.status, train.ended) == ("Executing", None)
    assert train.metadata == {
        "ResourceType": "sagemaker",
        "Resource": "createTrainingJob.sync",
        "TrainingJobArn": JOB,
    }


def test_a_failed_attempt_that_is_retried_is_executing_again() -> None:
    events = [
        START,
        entered(2, "Train", 1),
        event(3, "TaskScheduled", 2, {}),
        event(4, "TaskFailed", 3, {"error": "Throttled", "cause": "slow down"}),
        event(5, "TaskScheduled", 4, {}),
    ]
    assert read_states(events[:-1])[0].failure_reason == "Throttled: slow down"
    assert read_states(events[:-1])[0].status == "Failed"
    again = read_states(events)[0]
    assert (again.status, again.failure_reason) == ("Executing", "")
    assert (again.metadata["Attempts"], again.metadata["Retried"]) == (2, ["Throttled: slow down"])


def test_a_failed_execution_ends_the_failed_state_and_stops_its_siblings() -> None:
    events = [
        START,
        entered(2, "Both", 1, "Parallel"),
        event(3, "ParallelStateStarted", 2),
        entered(4, "Left", 3),
        entered(5, "Right", 3),
        event(6, "TaskFailed", 4, {"error": "E", "cause": "c"}),
        event(7, "ExecutionFailed", 6, {"error": "E", "cause": "c"}),
    ]
    states = {state.name: state for state in read_states(events)}
    assert (states["Left"].status, states["Left"].failure_reason, states["Left"].ended) == (
        "Failed",
        "E: c",
        7.0,
    )
    assert states["Right"].status == "Stopped"
    assert states["Both"].status == "Stopped"


def test_an_aborted_execution_stops_what_runs() -> None:
    events = [START, entered(2, "Wait", 1, "Wait"), event(3, "ExecutionAborted", 2, {})]
    state = read_states(events)[0]
    assert (state.status, state.ended) == ("Stopped", 3.0)


def test_a_state_entered_again_starts_anew() -> None:
    events = [
        START,
        entered(2, "Poll", 1),
        left(3, "Poll", 2),
        entered(4, "Wait", 3, "Wait"),
        left(5, "Wait", 4, "Wait"),
        entered(6, "Poll", 5),
    ]
    states = read_states(events)
    assert [state.name for state in states] == ["Wait", "Poll"]
    assert (states[1].status, states[1].started) == ("Executing", 6.0)


def test_output_that_was_cut_is_no_crash() -> None:
    events = [
        START,
        entered(2, "T", 1),
        event(3, "TaskSucceeded", 2, {"resource": "r", "output": '{"cut'}),
    ]
    assert read_states(events)[0].metadata == {"Resource": "r"}


def test_reason_joins_what_is_there() -> None:
    assert reason({"error": "E"}) == "E"
    assert reason({}) == ""


def iteration(number: int, kind: str, previous: int, index: int, name: str = "Each") -> dict[str, Any]:
    found = event(number, f"MapIteration{kind}", previous)
    return {**found, f"mapIteration{kind}EventDetails": {"name": name, "index": index}}


MAP = [
    START,
    entered(2, "Each", 1, "Map"),
    event(3, "MapStateStarted", 2, {"length": 3}),
    iteration(4, "Started", 3, 0),
    entered(5, "Work", 4),
    iteration(6, "Started", 3, 1),
    entered(7, "Work", 6),
    left(8, "Work", 5),
    iteration(9, "Succeeded", 8, 0),
    event(10, "TaskFailed", 7, {"error": "E", "cause": "item 1"}),
]


def test_the_iterations_of_a_map_are_counted_and_its_states_folded() -> None:
    states = {state.name: state for state in read_states(MAP)}
    assert states["Each"].metadata["Iterations"] == {
        "Total": 3, "Succeeded": 1, "Failed": 0, "Stopped": 0, "Executing": 1,
    }  # fmt: skip
    assert states["Each"].status == "Executing"
    work = states["Work"]
    assert (work.status, work.failure_reason) == ("Failed", "E: item 1")
    assert work.metadata["Iterations"]["Entered"] == 2
    assert (work.metadata["Error"], work.metadata["Cause"]) == ("E", "item 1")


def test_a_failed_iteration_ends_its_map() -> None:
    events = [
        *MAP,
        iteration(11, "Failed", 10, 1),
        event(12, "MapStateFailed", 11, {"error": "E", "cause": "item 1"}),
        event(13, "ExecutionFailed", 12, {"error": "E", "cause": "item 1"}),
    ]
    states = {state.name: state for state in read_states(events)}
    assert (states["Each"].status, states["Each"].failure_reason) == ("Failed", "E: item 1")
    assert states["Each"].metadata["Iterations"]["Failed"] == 1
    assert states["Work"].ended == 11.0
    assert states["Each"].metadata["FailedItems"] == [1]


def test_a_parallel_is_left_after_its_branches() -> None:
    events = [
        START,
        entered(2, "Both", 1, "Parallel"),
        event(3, "ParallelStateStarted", 2),
        entered(4, "Left", 3),
        entered(5, "Right", 3),
        left(6, "Left", 4),
        left(7, "Right", 5),
        event(8, "ParallelStateSucceeded", 7),
        left(9, "Both", 8, "Parallel"),
        entered(10, "After", 9),
    ]
    states = {state.name: state for state in read_states(events)}
    assert {name: state.status for name, state in states.items()} == {
        "Both": "Succeeded", "Left": "Succeeded", "Right": "Succeeded", "After": "Executing",
    }  # fmt: skip
    assert states["Both"].ended == 9.0


def test_a_loop_is_counted_but_shown_as_its_last_visit() -> None:
    events = [START, entered(2, "Poll", 1), left(3, "Poll", 2), entered(4, "Poll", 3)]
    (state,) = read_states(events)
    assert (state.status, state.metadata["Visits"]) == ("Executing", 2)


def test_what_a_state_was_given_and_gave() -> None:
    enter = {**entered(2, "T", 1), "stateEnteredEventDetails": {"name": "T", "input": '{"a": 1}'}}
    leave = {**left(5, "T", 4), "stateExitedEventDetails": {"name": "T", "output": "[2]"}}
    events = [
        START,
        enter,
        event(
            3,
            "TaskScheduled",
            2,
            {"resourceType": "lambda", "resource": "invoke", "parameters": '{"FunctionName": "f"}'},
        ),
        event(4, "TaskSucceeded", 3, {"output": "{}"}),
        leave,
    ]
    assert read_states(events)[0].metadata == {
        "ResourceType": "lambda", "Resource": "invoke", "FunctionName": "f", "Input": {"a": 1}, "Output": [2],
    }  # fmt: skip


def test_a_history_is_read_piece_by_piece_as_it_is_read_whole() -> None:
    reader = HistoryReader()
    for count in range(1, len(MAP) + 1):
        reader.feed(MAP[:count])
        assert reader.snapshots() == read_states(MAP[:count])


def test_a_redriven_state_runs_again() -> None:
    events = [
        START,
        entered(2, "T", 1),
        event(3, "TaskFailed", 2, {"error": "E", "cause": "c"}),
        event(4, "ExecutionFailed", 3, {"error": "E", "cause": "c"}),
        event(5, "ExecutionRedriven", 4, {"redriveCount": 1}),
        event(6, "TaskScheduled", 2, {"resource": "r"}),
    ]
    (state,) = read_states(events)
    assert (state.status, state.ended, state.failure_reason) == ("Executing", None, "")


def test_a_cause_in_json_is_read_for_what_people_want_of_it() -> None:
    assert reason({"error": "E", "cause": '{"errorMessage": "why", "stackTrace": ["x"]}'}) == "E: why"
    assert reason({"error": "E", "cause": '{"TrainingJobName": "t", "FailureReason": "why"}'}) == "E: why"
    assert reason({"error": "E", "cause": '{"other": 1}'}) == 'E: {"other": 1}'


def test_an_error_that_was_caught_says_so() -> None:
    events = [
        START,
        entered(2, "T", 1),
        event(3, "TaskFailed", 2, {"error": "E", "cause": "c"}),
        left(4, "T", 3),
    ]
    (state,) = read_states(events)
    assert (state.status, state.failure_reason) == ("Succeeded", "caught E: c")
