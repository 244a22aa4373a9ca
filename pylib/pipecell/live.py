"""The live picture of an execution in a notebook: drawn again in place, and static when it is over.

The monitor's thread only marks a picture as out of date. One painter thread draws, so a large
graph never delays a look at another execution, and neither thread ever holds up the kernel. A
picture is an ordinary SVG + text output: when the kernel dies, the last one stays.

A cell that waits ends with two outputs: a caption, which was the live picture meanwhile, and the
last picture. A notebook that is run as a test compares first drawings, not later ones (nbval
knows no ``update_display_data``), so the first one must be what is stored in the end.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pipecell.execution import Execution

_log = logging.getLogger(__name__)

CLOCK_SECONDS = 1.0
"""How often running clocks are drawn."""

LEAST_SECONDS = 0.2
"""Least time between two drawings of one picture."""


class Picture:
    """One output of one cell that shows an execution."""

    def __init__(self, execution: Execution, cell: object, caption: str | None) -> None:
        self.execution = execution
        self.caption = caption
        self.cell = cell
        self.display_id = f"pipecell-{uuid.uuid4().hex[:12]}"
        self.over = False
        self._lock = threading.Lock()
        self._text: str | None = None
        self._drawn_at = float("-inf")

    def open(self) -> None:
        """Draw for the first time, as a new output of the cell that runs now."""
        with self._lock:
            seen = self.execution.last_seen
            bundle = self.execution.bundle(seen)
            self._text, self._drawn_at = bundle.get("text/plain"), time.monotonic()
            if self.caption is not None:
                _display({"text/plain": self.caption}, self.display_id)
                _display(bundle, self.display_id, update=True)
            else:
                _display(bundle, self.display_id)
                self.over = not seen.running

    def draw(self) -> None:
        """Draw again where something changed; the last drawing is the one after the end."""
        with self._lock:
            if self.over:
                return
            seen = self.execution.last_seen
            bundle = self.execution.bundle(seen)
            self._drawn_at = time.monotonic()
            if bundle.get("text/plain") != self._text:
                self._text = bundle.get("text/plain")
                _display(bundle, self.display_id, update=True)
            self.over = not seen.running and self.caption is None

    def close(self) -> None:
        """Draw for the last time, in the running cell: its caption again, and below it the last picture."""
        with self._lock:
            self.over = True
            bundle = self.execution.bundle()
            if self.caption is None:
                _display(bundle, self.display_id, update=True)
            else:
                _display({"text/plain": self.caption}, self.display_id, update=True)
                _display(bundle, f"{self.display_id}-end")

    def postpone(self) -> None:
        """Leave it as it is until the next tick."""
        self._drawn_at = time.monotonic()

    def rest(self, *, changed: bool) -> float:
        """Return the seconds for which this picture may stay as it is."""
        due = LEAST_SECONDS if changed else CLOCK_SECONDS
        return max(0.0, self._drawn_at + due - time.monotonic())


class Screen:
    """The open pictures of one kernel, drawn by one daemon thread that lives while one is open."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._open: dict[Picture, bool] = {}  # picture: has it changed since it was drawn
        self._latest: dict[str, Picture] = {}  # by execution ARN, over or not
        self._thread: threading.Thread | None = None

    def show(self, execution: Execution, *, caption: str | None = None) -> None:
        """Show an execution in the running cell, live while it runs.

        A cell that shows it already gets no second picture: ``%pipeline run`` shows what it returns.

        Args:
            execution: what to show.
            caption: what stays in the live picture's place after `finish`, for a cell that waits.
        """
        cell = _cell()
        latest = self._latest.get(execution.execution_arn)
        if latest is not None and cell is not None and latest.cell == cell:
            return
        picture = Picture(execution, cell, caption)
        picture.open()
        self._latest[execution.execution_arn] = picture
        if picture.over:
            return
        with self._condition:
            self._open[picture] = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="pipecell-screen", daemon=True)
                self._thread.start()
        execution.listen(lambda: self._mark(picture))

    def finish(self, execution: Execution) -> None:
        """Draw an execution for the last time, in this thread, so that its cell ends with the last state."""
        picture = self._latest.get(execution.execution_arn)
        if picture is not None and not picture.over:
            picture.close()

    def release(self, execution: Execution) -> None:
        """Let a picture live on by itself: its cell no longer waits for the end."""
        picture = self._latest.get(execution.execution_arn)
        if picture is not None:
            picture.caption = None

    def _mark(self, picture: Picture) -> None:
        with self._condition:
            if picture in self._open:
                self._open[picture] = True
                self._condition.notify()

    def _due(self) -> Picture | None:
        """Return the picture to draw next, once it is time; None when none is open."""
        with self._condition:
            while True:
                for picture in [picture for picture in self._open if picture.over]:
                    del self._open[picture]
                if not self._open:
                    self._thread = None
                    return None
                picture, changed = min(self._open.items(), key=lambda item: item[0].rest(changed=item[1]))
                rest = picture.rest(changed=changed)
                if rest <= 0:
                    self._open[picture] = False
                    return picture
                self._condition.wait(rest)

    def _work(self) -> None:
        while (picture := self._due()) is not None:
            try:
                picture.draw()
            except PipecellError:
                picture.postpone()  # not reachable now: the monitor tries again, and what it sees is drawn
            except Exception:
                _log.exception("the picture of %s cannot be drawn", picture.execution.execution_arn)
                picture.over = True


def _display(bundle: dict[str, str], display_id: str, *, update: bool = False) -> None:
    from IPython.display import display, update_display

    if update:
        update_display(bundle, raw=True, display_id=display_id)  # type: ignore[no-untyped-call]
    else:
        display(bundle, raw=True, display_id=display_id)  # type: ignore[no-untyped-call]


def _cell() -> object:
    """Return what tells one run of one cell from another; None outside IPython."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return getattr(shell, "execution_count", None)
    return kernel.get_parent().get("header", {}).get("msg_id")
