"""Pictures are drawn in place, no more often than needed, and stay when their execution has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pipecell.engines.monitor import Monitor
from pipecell.errors import EndpointError
from pipecell.execution import Execution
from pipecell.live import Screen, output
from pipecell.live import screen as screen_module
from tests.unit.engines.fakes import FakeEngine, snapshot

DEADLINE = 60.0


class Page:
    """Stands where IPython's display goes: keeps what is drawn, and where."""

    def __init__(self) -> None:
        self.drawn: list[tuple[str, bool, str]] = []
        self.changed = threading.Condition()

    def display(self, bundle: dict[str, str], display_id: str, *, update: bool = False) -> None:
        with self.changed:
            self.drawn.append((display_id, update, bundle["text/plain"].splitlines()[0]))
            self.changed.notify_all()

    def wait_for(self, words: str) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: any(words in text for _, _, text in self.drawn), DEADLINE)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page()
    monkeypatch.setattr(output, "display", page.display)
    monkeypatch.setattr(screen_module, "running_cell", lambda: "cell 1")
    monkeypatch.setattr(screen_module, "LEAST_SECONDS", 0.0)
    return page


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


def make(monitor: Monitor, *looks: Any) -> tuple[Execution, Screen]:
    screen = Screen()
    return Execution(FakeEngine(*looks), "arn", monitor=monitor, screen=screen), screen


def test_a_running_execution_is_drawn_again_in_the_same_place(page: Page, monitor: Monitor) -> None:
    execution, screen = make(
        monitor, snapshot("Executing"), snapshot("Executing"), snapshot("Succeeded", ended=4.0)
    )
    screen.show(execution)
    page.wait_for("✓ Succeeded")
    assert page.drawn[0][1] is False
    assert all(update for _, update, _ in page.drawn[1:])
    assert len({display_id for display_id, _, _ in page.drawn}) == 1


def test_one_cell_shows_an_execution_once(
    page: Page, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, screen = make(monitor, snapshot("Succeeded", ended=4.0))
    screen.show(execution)
    execution._ipython_display_()
    assert len(page.drawn) == 1
    monkeypatch.setattr(screen_module, "running_cell", lambda: "cell 2")
    execution._ipython_display_()
    assert len(page.drawn) == 2
    assert page.drawn[0][0] != page.drawn[1][0]


def test_a_cell_that_waits_ends_with_its_caption_and_the_last_picture(page: Page, monitor: Monitor) -> None:
    execution, screen = make(monitor, snapshot("Executing"), snapshot("Succeeded", ended=4.0))
    screen.show(execution, caption="what runs")
    execution.wait()
    screen.finish(execution)
    screen.finish(execution)
    place = page.drawn[0][0]
    assert page.drawn[0] == (place, False, "what runs")
    assert page.drawn[-2] == (place, True, "what runs")
    assert page.drawn[-1][:2] == (f"{place}-end", False)
    assert "✓ Succeeded" in page.drawn[-1][2]


def test_a_cell_that_stops_waiting_leaves_a_live_picture(page: Page, monitor: Monitor) -> None:
    go = threading.Event()
    engine = FakeEngine(snapshot("Executing"))
    screen = Screen()
    execution = Execution(engine, "arn", monitor=monitor, screen=screen)
    screen.show(execution, caption="what runs")
    screen.release(execution)
    engine.looks = [snapshot("Succeeded", ended=4.0)]
    go.set()
    page.wait_for("✓ Succeeded")
    assert all(display_id == page.drawn[0][0] for display_id, _, _ in page.drawn)


def test_what_cannot_be_reached_is_drawn_as_last_seen_and_said(page: Page, monitor: Monitor) -> None:
    engine, screen, looked = FakeEngine(snapshot("Executing")), Screen(), threading.Event()
    execution = Execution(engine, "arn", monitor=monitor, screen=screen)
    execution.listen(looked.set)
    assert looked.wait(DEADLINE)
    screen.show(execution)
    engine.looks = [EndpointError("away")]
    page.wait_for("not reachable now")
    assert "● Executing" in page.drawn[-1][2]
    engine.looks = [snapshot("Succeeded", ended=4.0)]
    page.wait_for("✓ Succeeded")
    assert "not reachable" not in page.drawn[-1][2]


def test_a_picture_that_cannot_be_drawn_ends_alone(
    page: Page, monitor: Monitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, screen = make(monitor, snapshot("Executing"))
    screen.show(bad)
    engine = FakeEngine(snapshot("Executing"), snapshot("Executing"), snapshot("Stopped", ended=2.0))
    good = Execution(engine, "other", monitor=monitor, screen=screen)
    monkeypatch.setattr(bad, "bundle", lambda _: 1 / 0)
    screen.show(good)
    page.wait_for("Stopped")
    bad._told(bad.watch())
    assert good.last_seen.status == "Stopped"
