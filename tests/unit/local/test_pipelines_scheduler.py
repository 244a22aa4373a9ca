"""Waiting for the next time at which something is due, whatever happens to the clock."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pipecell.local.work.pipelines import scheduler as scheduling
from pipecell.local.work.pipelines.scheduler import Scheduler


@pytest.fixture
def called() -> queue.Queue[float]:
    return queue.Queue()


@pytest.fixture
def scheduler(called: queue.Queue[float]) -> Iterator[Scheduler]:
    made = Scheduler(called.put)
    yield made
    made.close()


def test_the_earliest_time_comes_first(scheduler: Scheduler, called: queue.Queue[float]) -> None:
    now = time.time()
    scheduler.look_at(now + 3600)
    scheduler.look_at(now + 0.05)
    assert now + 0.05 <= called.get(timeout=60) < now + 3600


def test_a_clock_that_is_set_back_delays_nothing(
    scheduler: Scheduler, called: queue.Queue[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It goes right until the time has been named.
    now, days = time.time(), iter([0])
    clock = SimpleNamespace(time=lambda: now - 86400 * next(days, 1), monotonic=time.monotonic)
    monkeypatch.setattr(scheduling, "time", clock)
    when = now + 0.2
    scheduler.look_at(when)
    assert called.get(timeout=60) == when


def test_a_time_that_is_over_comes_at_once(scheduler: Scheduler, called: queue.Queue[float]) -> None:
    before = time.time()
    scheduler.look_at(before - 3600)
    assert called.get(timeout=60) >= before
