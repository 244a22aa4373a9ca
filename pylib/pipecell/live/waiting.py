"""The output of a running cell that shows how far something is, until its result takes its place."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import Any

from pipecell.kernel.cells import is_watched, running_cell
from pipecell.live import output

_WIDTH = 24  # characters of a bar


class WaitingOutput:
    """One output at most: that of the cell that runs now, where people watch it."""

    def __init__(self) -> None:
        self._cell: object = None
        self._display_id = ""

    def show(self, bundle: Mapping[str, Any]) -> None:
        """Show something until there is a result; what is shown already gives way."""
        if not in_a_watched_cell():
            return
        there = self._here()
        if not there:
            self._cell, self._display_id = running_cell(), f"pipecell-{uuid.uuid4().hex[:12]}"
        output.display(bundle, self._display_id, update=there)

    def say(self, what: str, share: float) -> None:
        """Show words and a bar until there is a result."""
        done = round(_WIDTH * share)
        self.show({"text/plain": f"{what}  {'█' * done}{'░' * (_WIDTH - done)}"})

    def hush(self) -> None:
        """Take words back: what they spoke of is over, and its result may never come."""
        if self._here():
            output.display({"text/plain": ""}, self._display_id, update=True)

    def take(self) -> str:
        """Return the id of the output that a result of this cell takes over; empty where there is none."""
        if not self._here():
            return ""
        self._cell = None
        return self._display_id

    def place(self, bundle: Mapping[str, Any]) -> None:
        """Show a result: in place of what waits for it in this cell, else as an output of its own."""
        taken = self.take()
        output.display(bundle, taken or f"pipecell-{uuid.uuid4().hex[:12]}", update=bool(taken))

    def _here(self) -> bool:
        return self._cell is not None and self._cell == running_cell()


def in_a_watched_cell() -> bool:
    """Tell whether this is the thread of a cell that people watch; a widget's callback belongs to none."""
    return threading.current_thread() is threading.main_thread() and is_watched()
