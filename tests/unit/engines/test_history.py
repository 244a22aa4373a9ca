"""A state machine's events become the states that ran."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from pipecell.engines.history import read_states, reason


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
