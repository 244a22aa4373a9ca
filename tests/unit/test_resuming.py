"""How a run goes on from a step, and the reasons why it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.engines.engine import StepSnapshot
from pipecell.engines.monitor import Monitor
from pipecell.errors import UsageError
from pipecell.execution import Execution
from pipecell.live import Screen
from tests.unit.engines.fakes import FakeEngine, snapshot

DONE = StepSnapshot("Prepare", "Processing", "Succeeded", 1.0, 2.0)
FAILED = StepSnapshot("Train", "Training", "Failed", 2.0, 3.0, failure_reason="no")


def ended(*steps: StepSnapshot, status: str = "Failed") -> Execution:
    engine: Any = FakeEngine(snapshot(status, ended=4.0, steps=steps))
    return Execution(engine, "arn", monitor=Monitor(), screen=Screen())


def test_the_failed_step_is_retried_in_the_same_execution() -> None:
    assert ended(DONE, FAILED).resumption("Train").way == "retry"


def test_a_step_that_succeeded_runs_anew_with_all_behind_it() -> None:
    found = ended(DONE, FAILED).resumption("Prepare")
    assert (found.way, found.steps) == ("new", ("Prepare", "Train"))
    assert found.words == "Starts a new execution: Prepare, Train run, the rest is taken over from this one."


def test_after_a_success_any_step_runs_anew() -> None:
    succeeded = ended(DONE, StepSnapshot("Train", "Training", "Succeeded", 2.0, 3.0), status="Succeeded")
    assert succeeded.resumption("Train").steps == ("Train",)


def test_a_step_behind_one_that_failed_cannot_be_the_first() -> None:
    failed = ended(StepSnapshot("Prepare", "Processing", "Failed", 1.0, 2.0))
    found = failed.resumption("Train")
    assert (found.way, found.words) == (
        "none",
        "Prepare, which it waits for, did not succeed: go on from there.",
    )
    with pytest.raises(UsageError, match="Train: Prepare, which it waits for"):
        failed.resume("Train")


def test_a_run_that_still_goes_on_cannot_go_on_from_elsewhere() -> None:
    engine: Any = FakeEngine(snapshot("Executing"))
    running = Execution(engine, "arn", monitor=Monitor(), screen=Screen())
    assert running.resumption("Train").way == "none"


def test_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="PC924"):
        ended(DONE).resumption("Trian")
