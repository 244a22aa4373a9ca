"""Following in a terminal: a tree drawn over itself, or a line for each change."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from pipecell import terminal
from pipecell.engines.engine import ExecutionSnapshot, StepSnapshot
from pipecell.engines.monitor import Monitor
from pipecell.execution import Execution
from pipecell.live import Screen
from tests.unit.engines.fakes import FakeEngine, snapshot


class Terminal(io.StringIO):
    """A stream that says it is a terminal.

    Args:
        drawn: called after each drawing.
    """

    def __init__(self, drawn: Callable[[], None]) -> None:
        super().__init__()
        self._drawn = drawn

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        super().flush()
        self._drawn()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "FRAME_SECONDS", 0.001)


def follow(engine: FakeEngine, stream: io.StringIO) -> str:
    execution = Execution(engine, "arn", monitor=Monitor(), screen=Screen())
    terminal.follow(execution, stream, color=False)
    return stream.getvalue()


def follow_in_a_pipe(seen: ExecutionSnapshot) -> str:
    return follow(FakeEngine(seen), io.StringIO())


def follow_in_a_terminal(running: ExecutionSnapshot, ended: ExecutionSnapshot) -> str:
    """Follow an execution that ends once it has been drawn."""
    engine = FakeEngine(running)
    return follow(engine, Terminal(lambda: setattr(engine, "looks", [ended])))


def steps(**status: str) -> tuple[StepSnapshot, ...]:
    return tuple(
        StepSnapshot(name, "Training", word, 1.0, None if word == "Executing" else 3.0)
        for name, word in status.items()
    )


def test_a_pipe_gets_one_line_a_change() -> None:
    text = follow_in_a_pipe(
        snapshot("Succeeded", ended=4.0, steps=steps(Prepare="Succeeded", Train="Succeeded"))
    )
    assert text == "  Prepare  Succeeded  0:02\n  Train  Succeeded  0:02\np  Succeeded  0:03\n"


def test_reasons_and_reuse_are_said() -> None:
    failed = StepSnapshot("Train", "Training", "Failed", 1.0, 2.0, failure_reason="line one\nline two")
    reused = StepSnapshot("Prepare", "Processing", "Succeeded", 1.0, 1.0, cached=True)
    text = follow_in_a_pipe(
        snapshot("Failed", ended=2.0, steps=(reused, failed), failure_reason="a step failed")
    )
    assert "  Prepare  Succeeded (reused)  0:00\n" in text
    assert "  Train  Failed  0:01: line one\n    line two\n" in text
    assert text.endswith("p  Failed  0:01: a step failed\n")


def test_a_terminal_is_drawn_over() -> None:
    running = snapshot("Executing", steps=steps(Prepare="Executing"))
    text = follow_in_a_terminal(running, snapshot("Succeeded", ended=4.0, steps=steps(Prepare="Succeeded")))
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
    text = follow_in_a_terminal(running, snapshot("Succeeded", ended=4.0))
    first = text.split("\x1b[J")[0]
    assert first.count("\n") == 1
    assert "○ Train" not in first
    assert text.count("○ Train") == 1  # the last tree is whole


def test_a_tree_is_of_one_look_though_the_next_one_comes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "2")
    running = snapshot("Executing", steps=steps(Prepare="Executing"))
    execution = Execution(FakeEngine(running), "arn", monitor=Monitor(), screen=Screen())
    assert execution.graph.nodes
    looks = iter([running])
    ended = snapshot("Succeeded", ended=4.0)
    monkeypatch.setattr(Execution, "last_seen", property(lambda _: next(looks, ended)))
    stream = io.StringIO()
    terminal._Tree(stream, color=False).draw(execution)
    assert "● Executing" in stream.getvalue()
    assert "Train" not in stream.getvalue()
