"""Work is done in turn, and what fails stops nothing."""

from __future__ import annotations

import logging
import threading
from functools import partial

import pytest

from pipecell.kernel.crew import Crew

PATIENCE = 60.0


def test_one_thread_works_in_order() -> None:
    crew, over = Crew("test-crew"), threading.Event()
    done: list[int] = []
    for number in range(50):
        crew.do(partial(done.append, number))
    crew.do(over.set)
    assert over.wait(PATIENCE)
    assert done == list(range(50))
    crew.close()


def test_work_that_fails_is_logged_and_the_next_is_done(caplog: pytest.LogCaptureFixture) -> None:
    crew, over = Crew("test-crew"), threading.Event()
    with caplog.at_level(logging.ERROR):
        crew.do(lambda: 1 // 0)
        crew.do(over.set)
        assert over.wait(PATIENCE)
    assert "ZeroDivisionError" in caplog.text
    crew.close()


def test_a_closed_crew_takes_no_work() -> None:
    crew, ran = Crew("test-crew"), threading.Event()
    crew.close()
    crew.do(ran.set)
    assert not ran.is_set()
