"""Following in a terminal: a tree drawn over itself, or a line for each change."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pipecell import terminal
from pipecell.engines.engine import StepSnapshot
from pipecell.engines.monitor import Monitor
from pipecell.execution import Execution
from pipecell.live import Screen
from tests.unit.engines.fakes import FakeEngine, snapshot


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "FRAME_SECONDS", 0.001)


def follow(stream: io.StringIO, *looks: Any) -> str:
    monitor = Monitor()
    execution = Execution(FakeEngine(*looks), "arn", monitor=monitor, screen=Screen())
    terminal.follow(execution, stream, color=False)
    return stream.getvalue()


def steps(**status: str) -> tuple[StepSnapshot, ...]:
    return tuple(
        StepSnapshot(name, "Training", word, 1.0, None if word == "Executing" else 3.0)
        for name, word in status.items()
    )


def test_a_pipe_gets_one_line_a_change() -> None:
    text = follow(
        io.StringIO(), snapshot("Succeeded", ended=4.0, steps=steps(Prepare="Succeeded", Train="Succeeded"))
    )
    assert text == "  Prepare  Succeeded  0:02\n  Train  Succeeded  0:02\np  Succeeded  0:03\n"


def test_reasons_and_reuse_are_said() -> None:
    failed = StepSnapshot("Train", "Training", "Failed", 1.0, 2.0, failure_reason="line one\nline two")
    reused = StepSnapshot("Prepare", "Processing", "Succeeded", 1.0, 1.0, cached=True)
    text = follow(
        io.StringIO(), snapshot("Failed", ended=2.0, steps=(reused, failed), failure_reason="a step failed")
    )
    assert "  Prepare  Succeeded (reused)  0:00\n" in text
    assert "  Train  Failed  0:01: line one\n    line two\n" in text
    assert text.endswith("p  Failed  0:01: a step failed\n")


def test_a_terminal_is_drawn_over() -> None:
    running = snapshot("Executing", steps=steps(Prepare="Executing"))
    text = follow(
        Terminal(), *[running] * 200, snapshot("Succeeded", ended=4.0, steps=steps(Prepare="Succeeded"))
    )
    assert "\x1b[3F" in text  # up over the three lines of the tree before
    last = text.rpartition("\x1b[3F")[2]
    assert "✓ Succeeded" in last
    assert last.endswith("\x1b[J")


def test_a_tree_longer_than_the_terminal_keeps_within_it_while_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LINES", "2")
    monkeypatch.setenv("COLUMNS", "60")
    running = snapshot("Executing", steps=steps(Prepare="Executing"))
    text = follow(Terminal(), *[running] * 200, snapshot("Succeeded", ended=4.0))
    first = text.split("\x1b[J")[0]
    assert first.count("\n") == 1
    assert "○ Train" not in first
    assert text.count("○ Train") == 1  # the last tree is whole
