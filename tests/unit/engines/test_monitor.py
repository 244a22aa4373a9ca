"""One thread watches every execution; failures of a look never end a watch."""

from __future__ import annotations

import threading

import pytest

from pipecell.engines.monitor import Monitor, Watch, ended_badly
from pipecell.errors import EndpointError, ExecutionError
from tests.unit.engines.fakes import FakeEngine, snapshot

DEADLINE = 60.0


@pytest.fixture
def monitor() -> Monitor:
    return Monitor()


def test_it_tells_of_each_change_and_ends(monitor: Monitor) -> None:
    told: list[str] = []

    def tell(seen: Watch) -> None:
        assert seen.snapshot is not None
        told.append(seen.snapshot.status)

    engine = FakeEngine(snapshot("Executing"), snapshot("Executing"), snapshot("Succeeded", ended=3.0))
    watch = monitor.watch(engine, "arn", tell)
    assert watch.wait(DEADLINE)
    assert told == ["Executing", "Succeeded"]
    assert ended_badly(watch) is None


def test_who_waits_goes_on_when_the_watcher_knows(monitor: Monitor) -> None:
    begun, go_on = threading.Event(), threading.Event()
    told: list[str] = []

    def tell(seen: Watch) -> None:
        begun.set()
        go_on.wait(DEADLINE)
        told.append("the end")

    watch = monitor.watch(FakeEngine(snapshot("Succeeded", ended=3.0)), "arn", tell)
    assert begun.wait(DEADLINE)
    assert watch.over
    assert not watch.wait(0.01)
    go_on.set()
    assert watch.wait(DEADLINE)
    assert told == ["the end"]


def test_nobody_sees_what_is_new_as_out_of_reach() -> None:
    class Read(Watch):
        """A watch that is read by another thread whenever something of it is written."""

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            read.append((getattr(self, "snapshot", None), getattr(self, "trouble", None)))

    read: list[tuple[object, object]] = []
    ended = snapshot("Succeeded", ended=3.0)
    watch = Read(FakeEngine(snapshot("Executing"), EndpointError("away"), ended), "arn", None)
    for now in range(3):
        watch.look(float(now))
    assert watch.snapshot == ended
    assert not [trouble for seen, trouble in read if seen is watch.snapshot and trouble is not None]


def test_one_thread_serves_many_watches_and_leaves_when_none_is_left(monitor: Monitor) -> None:
    gate = threading.Event()
    threads: set[int] = set()

    def held(_: Watch) -> None:
        threads.add(threading.get_ident())
        gate.wait(DEADLINE)

    watches = [
        monitor.watch(FakeEngine(snapshot("Executing"), snapshot("Succeeded")), f"arn{number}", held)
        for number in range(5)
    ]
    gate.set()
    assert all(watch.wait(DEADLINE) for watch in watches)
    assert len(threads) == 1
    again = monitor.watch(FakeEngine(snapshot("Succeeded")), "later")
    assert again.wait(DEADLINE)


def test_a_failed_look_backs_off_and_goes_on(monitor: Monitor) -> None:
    engine = FakeEngine(
        snapshot("Executing"), EndpointError("away"), EndpointError("away"), snapshot("Succeeded", ended=2.0)
    )
    troubles: list[bool] = []
    watch = monitor.watch(engine, "arn", lambda seen: troubles.append(seen.trouble is not None))
    assert watch.wait(DEADLINE)
    assert troubles == [False, True, True, False]
    assert engine.reconnected == 2
    assert watch.snapshot is not None
    assert watch.snapshot.succeeded


def looks(watch: Watch, times: int) -> list[float]:
    """Look several times at what is not over; return how long to wait after each look."""
    waits = [watch.look(0.0) for _ in range(times)]
    assert None not in waits
    return [wait for wait in waits if wait is not None]


def test_waits_grow_while_looks_fail_and_are_bounded() -> None:
    engine = FakeEngine(EndpointError("away"))
    watch = Watch(engine, "arn", None)
    waits = looks(watch, 20)
    assert waits[0] < waits[1] < waits[2]
    engine.poll_seconds = (10.0, 20.0)
    assert watch.look(0.0) == 2.0
    assert watch.trouble_since == 0.0


def test_an_execution_that_rests_is_looked_at_less_often() -> None:
    engine = FakeEngine(snapshot("Executing"))
    engine.poll_seconds = (2.0, 15.0)
    watch = Watch(engine, "arn", None)
    waits = looks(watch, 12)
    assert waits[0] == 2.0
    assert waits == sorted(waits)
    assert waits[-1] == 15.0


def test_an_execution_that_does_not_exist_is_over(monitor: Monitor) -> None:
    error = ExecutionError("AWS refused a look: ResourceNotFound: no such execution.", code="PC702")
    watch = monitor.watch(FakeEngine(error), "arn")
    assert watch.wait(DEADLINE)
    found = ended_badly(watch)
    assert found is not None
    assert "ResourceNotFound" in str(found)


def test_a_watcher_that_raises_does_not_end_the_watch(
    monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Watch) -> None:
        raise ValueError("the picture is broken")

    watch = monitor.watch(FakeEngine(snapshot("Executing"), snapshot("Succeeded")), "arn", broken)
    assert watch.wait(DEADLINE)
    assert "the picture is broken" in caplog.text


def test_a_bug_in_one_engine_is_said_and_spares_the_others(
    monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    bad = monitor.watch(FakeEngine(KeyError("PipelineArn")), "bad")
    good = monitor.watch(FakeEngine(snapshot("Executing"), snapshot("Succeeded")), "good")
    assert bad.wait(DEADLINE)
    assert good.wait(DEADLINE)
    assert bad.trouble is not None
    assert "PipelineArn" in bad.trouble.message
    assert ended_badly(good) is None
    assert "bad" in caplog.text


def test_cancel_stops_the_looks_not_the_execution(monitor: Monitor) -> None:
    engine = FakeEngine(snapshot("Executing"))
    seen = threading.Event()
    watch = monitor.watch(engine, "arn", lambda _: seen.set())
    assert seen.wait(DEADLINE)
    watch.cancel()
    assert watch.over
    assert engine.looks == [snapshot("Executing")]


def test_close_ends_every_watch(monitor: Monitor) -> None:
    watches = [monitor.watch(FakeEngine(snapshot("Executing")), f"arn{number}") for number in range(3)]
    monitor.close()
    assert all(watch.wait(DEADLINE) for watch in watches)


def test_wait_with_a_timeout_says_that_it_still_runs(monitor: Monitor) -> None:
    watch = monitor.watch(FakeEngine(snapshot("Executing")), "arn")
    assert not watch.wait(0.01)
    watch.cancel()


def test_a_failure_names_the_step_and_its_reason() -> None:
    from pipecell.engines.engine import StepSnapshot

    failed = snapshot(
        "Failed",
        failure_reason="Step failure: One or multiple steps failed.",
        steps=(
            StepSnapshot("Prepare", "Processing", "Succeeded"),
            StepSnapshot("Train", "Training", "Failed", failure_reason="AlgorithmError: exit code 1"),
        ),
    )
    watch = Watch(FakeEngine(failed), "arn", None)
    watch.look(0.0)
    error = ended_badly(watch)
    assert error is not None
    assert error.step == "Train"
    assert str(error) == "PC701 · step Train — p ended Failed: AlgorithmError: exit code 1."
