"""Why a step failed is told with the script's own line, and how often it was tried."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.engines.connection import Connection
from pipecell.engines.engine import StepSnapshot
from pipecell.engines.monitor import Monitor
from pipecell.execution import Execution
from pipecell.live import Screen
from pipecell.live.details import failure, run_detail
from tests.unit.engines.fakes import FakeEngine, snapshot

LOG = [
    "reading",
    "Traceback (most recent call last):",
    '  File "/opt/ml/code/train.py", line 7, in <module>',
    "    fit(rows)",
    '  File "/opt/ml/code/train.py", line 3, in fit',
    "    return rows / 0",
    "ZeroDivisionError: division by zero",
]


def test_the_error_comes_first_then_the_place() -> None:
    assert failure(LOG, "AlgorithmError: See job logs, exit code: 1") == {
        "reason": "ZeroDivisionError: division by zero",
        "line": 'File "/opt/ml/code/train.py", line 3, in fit\nreturn rows / 0',
    }


def test_a_reason_that_holds_the_traceback_is_enough() -> None:
    assert failure([], "AlgorithmError\n" + "\n".join(LOG))["reason"] == "ZeroDivisionError: division by zero"


def test_without_a_traceback_aws_s_reason_stands_alone() -> None:
    assert failure(["some line"], "ClientError: no such image") == {
        "reason": "ClientError: no such image",
        "line": "",
    }


def detail_of(step: StepSnapshot, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the drawer shows of the step Train in a run that has got this far."""
    engine: Any = FakeEngine(snapshot(steps=(step,)))
    monkeypatch.setattr(FakeEngine, "connection", Connection("http://127.0.0.1"), raising=False)
    monitor = Monitor()
    try:
        return run_detail(Execution(engine, "arn", monitor=monitor, screen=Screen()), "Train", ["Train"])
    finally:
        monitor.close()


def test_a_map_tells_how_far_its_items_are_and_which_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"Total": 60, "Succeeded": 40, "Failed": 2, "Stopped": 0, "Executing": 18}
    step = StepSnapshot("Train", "Map", "Executing", metadata={"Iterations": counts, "FailedItems": [3, 17]})
    detail = detail_of(step, monkeypatch)
    facts = {fact["label"]: fact["value"] for fact in detail["facts"]}
    assert facts["Items"] == "40 of 60 done, 2 failed"
    assert facts["Failed items"] == "3, 17"


def test_a_retried_state_tells_how_often_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = {"Attempts": 2, "Retried": ["Throttled: slow \x1bdown"]}
    step = StepSnapshot("Train", "Training", "Executing", metadata=metadata)
    detail = detail_of(step, monkeypatch)
    assert {"label": "Attempts", "value": "2"} in detail["facts"]
    assert [text.replace("\ufffd", "") for text in detail["attempts"]] == ["Throttled: slow down"]
