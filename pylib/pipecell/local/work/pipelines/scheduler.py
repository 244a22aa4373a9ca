"""One thread that waits for the next time at which something is due.

A time is waited for by two clocks: by the time of day, and by how long it was away when it was named. So a
clock that is set back delays nothing, and a machine that slept is not late.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)
_LONGEST_WAIT = 3600.0
"""Seconds; a clock that was set, or a machine that slept, is noticed after so long at most."""


class Scheduler:
    """Calls back when a time has come. The thread exists only once there is something to wait for.

    Args:
        on_due: called with the time that has come (epoch seconds; not earlier than the one that was waited
            for, whatever the clock says); returns the next, if any.
    """

    def __init__(self, on_due: Callable[[float], float | None]) -> None:
        self._on_due = on_due
        self._next: float | None = None
        self._at = 0.0
        """When the next time comes by the monotonic clock."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def look_at(self, when: float | None) -> None:
        """Call back at this time (epoch seconds), too; None changes nothing."""
        if when is None:
            return
        with self._changed:
            if self._closed or (self._next is not None and self._next <= when):
                return
            self._next = when
            self._at = time.monotonic() + when - time.time()
            if self._thread is None:
                self._thread = threading.Thread(target=self._wait, name="scheduler", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _wait(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self._next is None or (left := self._left(self._next)) > 0):
                    self._changed.wait(_LONGEST_WAIT if self._next is None else min(left, _LONGEST_WAIT))
                if self._closed:
                    return
                due, self._next = self._next, None
            try:
                upcoming = self._on_due(max(due or 0.0, time.time()))
            except Exception:
                _log.exception("what was due could not be looked at")
                upcoming = time.time() + 1.0
            self.look_at(upcoming)

    def _left(self, when: float) -> float:
        return min(when - time.time(), self._at - time.monotonic())
