"""Threads that do work in turn, and that never keep a kernel from ending."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

Work = Callable[[], object]
"""What is done; nobody looks at what it returns."""


class Crew:
    """A few daemon threads and one queue; with one thread, work is done in its order.

    Args:
        name: of the threads.
        size: how many there are at most; they begin when there is work.
    """

    def __init__(self, name: str, size: int = 1) -> None:
        self._name = name
        self._size = size
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def do(self, work: Work) -> None:
        """Have something done; what fails is logged and stops nothing else."""
        with self._lock:
            if self._closed:
                return
            self._queue.put(work)
            if len(self._threads) < self._size:
                thread = threading.Thread(target=self._labour, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Take no more work; what was begun is finished."""
        with self._lock:
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)

    def _labour(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception:
                _log.exception("%s: work for a front end failed", self._name)
