"""An execution reads everything from its engine, waits, and gives up when it cannot be seen."""

from __future__ import annotations

import pytest

from pipecell import execution as module
from pipecell.engines.engine import ExecutionSnapshot, StepSnapshot
from pipecell.engines.logs import Log
from pipecell.engines.monitor import Monitor
from pipecell.errors import EndpointError, ExecutionError, UsageError
from pipecell.execution import Execution
from pipecell.live import Screen
from tests.unit.engines.fakes import FakeEngine, snapshot

DONE = snapshot("Succeeded", ended=4.0)


def make(*looks: ExecutionSnapshot | Exception) -> tuple[Execution, FakeEngine]:
    engine = FakeEngine(*looks)
    return Execution(engine, "arn", monitor=Monitor(), screen=Screen()), engine


def test_it_is_asked_anew_while_it_runs_and_never_after() -> None:
    execution, engine = make(snapshot("Executing"), DONE)
    assert execution.status == "Executing"
    assert execution.status == "Succeeded"
    assert [execution.status, execution.pipeline, execution.failure_reason] == ["Succeeded", "p", ""]
    assert len(engine.asked) == 2


def test_wait_returns_it_when_it_ended_well() -> None:
    execution, _ = make(snapshot("Executing"), DONE)
    assert execution.wait() is execution
    assert execution.status == "Succeeded"


def test_wait_raises_with_the_step_and_its_reason() -> None:
    failed = snapshot(
        "Failed", steps=(StepSnapshot("Train", "Training", "Failed", failure_reason="exit code 1"),)
    )
    execution, _ = make(failed)
    with pytest.raises(ExecutionError, match=r"PC701 · step Train — p ended Failed: exit code 1\."):
        execution.wait()
    assert execution.wait(raise_on_failure=False) is execution


def test_wait_has_a_time_limit() -> None:
    execution, _ = make(snapshot("Executing"))
    with pytest.raises(ExecutionError, match=r"still running after 0\.01 s") as caught:
        execution.wait(0.01)
    assert caught.value.code == "PC711"
    execution.watch().cancel()


def test_wait_gives_up_on_an_endpoint_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.PATIENCE, "local", 0.0)
    execution, engine = make(EndpointError("It does not answer.", code="PC890", hint="Start it."))
    with pytest.raises(EndpointError, match="It does not answer"):
        execution.wait()
    assert engine.reconnected > 0
    execution.watch().cancel()


def test_stop_and_retry_look_anew() -> None:
    execution, _ = make(snapshot("Executing"))
    assert execution.status == "Executing"
    assert execution.stop().status == "Stopped"
    assert execution.retry().wait().status == "Succeeded"


def test_a_watched_execution_tells_its_listeners_across_a_retry() -> None:
    execution, _ = make(snapshot("Failed"))
    told: list[str] = []
    execution.listen(lambda: told.append(execution.status))
    execution.wait(raise_on_failure=False)
    execution.retry()
    execution.wait()
    assert told[0] == "Failed"
    assert told[-1] == "Succeeded"


def test_logs_know_the_steps() -> None:
    execution, _ = make(DONE)
    log = execution.logs("Train")
    assert (str(log), repr(log), len(log), log[0].message) == ("Train says hello",) * 2 + (
        1,
        "Train says hello",
    )
    assert [line.message for line in execution.follow("Train")] == ["Train says hello"]
    with pytest.raises(UsageError, match=r'p has no step "Trian"\. Did you mean "Train"\?'):
        execution.logs("Trian")


def test_an_empty_log_is_empty_text() -> None:
    assert str(Log([])) == ""
    assert not Log([])
