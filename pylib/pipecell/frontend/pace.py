"""How often the same is told again: what costs much to tell must not hold up the cells that change it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
Act = Callable[[], None]

REST = 4.0
"""Times as long as a telling took, for which the next one waits."""

MOST_SECONDS = 2.0
"""The longest rest: what people see is never older than this and one telling."""


def wake_after(seconds: float, act: Act) -> None:
    """Do something after a while, in a thread that keeps no kernel from ending."""
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


class Pace(Generic[T]):
    """Tells the newest of each name, at once while it costs little, and with rests while it costs much.

    A pipeline is described whole whenever a cell declares some of it. A notebook that is run from top to
    bottom does so a hundred times, in the same interpreter: whoever is told of each is told late, and the
    cells wait as well.

    Args:
        tell: tells of one; called in the teller's thread.
        later: does something in the teller's thread.
        wake: does something after so many seconds, in any thread.
        clock: seconds.
    """

    def __init__(
        self,
        tell: Callable[[T], None],
        later: Callable[[Act], None],
        wake: Callable[[float, Act], None] = wake_after,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._later = later
        self._wake = wake
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, T] = {}
        self._busy = False  # it is told, or was just now: what comes meanwhile waits

    def put(self, name: str, what: T) -> None:
        """Have something told, in place of what waits under its name; from any thread."""
        with self._lock:
            self._waiting.pop(name, None)  # the newest is the last, as it would have been
            self._waiting[name] = what
            begins, self._busy = not self._busy, True
        if begins:
            self._later(self._work)

    def hasten(self) -> None:
        """Tell what waits, in the teller's thread: something follows that makes no sense before it."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for what in waiting.values():
            self._tell(what)

    def _work(self) -> None:
        begun = self._clock()
        try:
            self.hasten()
        finally:
            self._wake(min(MOST_SECONDS, REST * (self._clock() - begun)), self._rested)

    def _rested(self) -> None:
        with self._lock:
            self._busy = bool(self._waiting)
            begins = self._busy
        if begins:
            self._later(self._work)
