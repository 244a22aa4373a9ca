"""An execution followed in a terminal: a tree drawn over itself, or lines where nothing can be."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, TextIO

from pipecell.view.durations import duration

if TYPE_CHECKING:
    from pipecell.engines.engine import ExecutionSnapshot
    from pipecell.execution import Execution

FRAME_SECONDS = 0.2
"""Least time between two drawings."""


def follow(execution: Execution, stream: TextIO, *, color: bool) -> None:
    """Show an execution until it has ended.

    Args:
        execution: what to show; it goes on when the caller is interrupted.
        stream: a terminal gets a tree that is drawn over itself, a file or pipe one line a change.
        color: colours are welcome.

    Raises:
        EndpointError: the local endpoint went away and did not come back.
        ExecutionError: the execution does not exist, or AWS cannot be reached.
    """
    view = _Tree(stream, color) if stream.isatty() else _Lines(stream)
    watch = execution.watch()
    while not watch.wait(FRAME_SECONDS):
        if watch.snapshot is not None:
            view.draw(execution)
        execution.check_reachable()
    execution.wait(raise_on_failure=False)
    view.draw(execution)


class _Tree:
    """The text tree, drawn over the one before."""

    def __init__(self, stream: TextIO, color: bool) -> None:
        self._stream = stream
        self._color = color
        self._shown: list[str] = []

    def draw(self, execution: Execution) -> None:
        columns, rows = shutil.get_terminal_size((100, 24))
        seen = execution.last_seen  # one look: the next may be the last
        lines = execution.picture(seen).text(width=columns - 1, color=self._color).splitlines()
        # What has scrolled away cannot be drawn over: keep to the end of a tree that is too long.
        if seen.running:
            lines = lines[: max(1, rows - 1)]
        if lines == self._shown:
            return
        up = f"\x1b[{len(self._shown)}F" if self._shown else ""
        body = "".join(f"{line}\x1b[K\n" for line in lines)
        self._stream.write(f"{up}{body}\x1b[J")
        self._stream.flush()
        self._shown = lines


class _Lines:
    """One line for each change of a step or of the execution."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: dict[str, str] = {}
        self._status = ""

    def draw(self, execution: Execution) -> None:
        seen = execution.last_seen
        if seen.running:
            self._headline(seen)
        for step in seen.steps:
            if self._seen.get(step.name) != step.status:
                self._seen[step.name] = step.status
                reused = " (reused)" if step.cached else ""
                reason = f": {step.failure_reason}" if step.failure_reason else ""
                took = _took(step.started, step.ended)
                self._say(f"  {step.name}  {step.status}{reused}{took}{reason}")
        self._headline(seen)

    def _headline(self, seen: ExecutionSnapshot) -> None:
        if seen.status == self._status:
            return
        self._status = seen.status
        reason = f": {seen.failure_reason}" if seen.failure_reason else ""
        self._say(f"{seen.pipeline}  {seen.status}{_took(seen.started, seen.ended)}{reason}")

    def _say(self, line: str) -> None:
        self._stream.write(line.replace("\n", "\n    ") + "\n")
        self._stream.flush()


def _took(started: float | None, ended: float | None) -> str:
    if started is None or ended is None:
        return ""
    return f"  {duration(ended - started)}"
