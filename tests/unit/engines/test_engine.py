"""Snapshots say exactly what DESIGN's `run` row promises."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from pipecell.engines.engine import (
    ExecutionSnapshot,
    ExecutionSummary,
    LogLine,
    StepSnapshot,
    epoch,
    iso_time,
)


def test_run_object_has_exactly_the_promised_keys() -> None:
    step = StepSnapshot(
        "Train", "Training", "Failed", 10.5, 12.0, False, "exit code 1", {"TrainingJob": {"Arn": "a"}}
    )
    found = ExecutionSnapshot(
        "arn", "p", "sagemaker", "local", "Failed", "step failed", {"n": 1}, steps=(step,)
    )
    assert found.to_json() == {
        "execution_arn": "arn",
        "pipeline": "p",
        "engine": "sagemaker",
        "target": "local",
        "status": "Failed",
        "failure_reason": "step failed",
        "parameters": {"n": 1},
        "input": None,
        "output": None,
        "steps": [
            {
                "name": "Train",
                "type": "Training",
                "status": "Failed",
                "started": "1970-01-01T00:00:10.500+00:00",
                "ended": "1970-01-01T00:00:12.000+00:00",
                "cached": False,
                "failure_reason": "exit code 1",
                "metadata": {"TrainingJob": {"Arn": "a"}},
            }
        ],
    }
    json.dumps(found.to_json())


def test_no_reason_and_no_time_are_null() -> None:
    found = StepSnapshot("Train", "Training", "Executing").to_json()
    assert found["failure_reason"] is None
    assert (found["started"], found["ended"]) == (None, None)


def test_running_and_succeeded_know_the_words_of_both_services() -> None:
    def status(word: str) -> ExecutionSnapshot:
        return ExecutionSnapshot("arn", "p", "e", "local", word)

    assert all(status(word).running for word in ("Executing", "Stopping", "RUNNING", "PENDING_REDRIVE"))
    ended = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures", "SUCCEEDED", "TIMED_OUT", "ABORTED")
    assert not any(status(word).running for word in ended)
    assert [word for word in ended if status(word).succeeded] == ["Succeeded", "SUCCEEDED"]


def test_times_are_iso_8601_with_zone() -> None:
    assert iso_time(0) == "1970-01-01T00:00:00.000+00:00"
    assert iso_time(None) is None
    assert epoch(datetime(1970, 1, 1, 0, 0, 5, tzinfo=timezone.utc)) == 5.0
    assert epoch(7.5) == 7.5
    assert ExecutionSummary("a", "p", "e", "local", "Failed", 0).to_json()["started"] == iso_time(0)
    assert LogLine(0, "s", "m").to_json() == {"time": iso_time(0), "stream": "s", "message": "m"}


def test_a_step_becomes_what_a_picture_draws() -> None:
    state = StepSnapshot("T", "Training", "Succeeded", 1.0, 2.0, True, "", {"k": 1}).node_state()
    assert (state.status, state.started, state.ended, state.cached, state.metadata) == (
        "Succeeded",
        1.0,
        2.0,
        True,
        {"k": 1},
    )
