"""Waiting for the ends of processes, ours or not, in one thread.

A supervisor outlives the server that started it, so the next server cannot
``waitpid`` for it. A pidfd tells the end of any process at once and cannot be
confused by a pid that is used again; where there is none, pids are polled.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial

POLL_SECONDS = 0.05

_log = logging.getLogger(__name__)


Call = Callable[[], object]
"""What is called; nobody looks at what it returns."""


class Watcher:
    """Calls back, in its own thread, when a process ends or a moment comes.

    Args:
        on_exit: called with the key given to `watch`. An error in it is logged: one job's trouble must
            not leave the others unwatched.
    """

    def __init__(self, on_exit: Callable[[Hashable], None]) -> None:
        self._on_exit = on_exit
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._calls: deque[Call] = deque()
        self._timers: list[tuple[float, int, Call]] = []
        self._order = itertools.count()
        self._polled: dict[Hashable, int] = {}
        self._closed = False
        # Held around each write to the pipe and its end: once it is closed, its numbers may be anybody's.
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="pipecell-job-watcher", daemon=True)
        self._thread.start()

    def watch(self, key: Hashable, pid: int) -> None:
        """Call ``on_exit(key)`` once, when process ``pid`` has ended, or soon if it has already."""
        descriptor = open_pidfd(pid)
        self.call_soon(lambda: self._add(key, pid, descriptor))

    def call_soon(self, call: Call) -> None:
        """Run ``call`` in the watcher's thread."""
        self._calls.append(call)
        self._wake_up()

    def call_later(self, seconds: float, call: Call) -> None:
        """Run ``call`` in the watcher's thread after some seconds."""
        entry = (time.monotonic() + seconds, next(self._order), call)
        self.call_soon(lambda: heapq.heappush(self._timers, entry))

    def close(self) -> None:
        """Stop watching; the processes go on."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            self._write()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _wake_up(self) -> None:
        with self._writing:
            if not self._closed:
                self._write()

    def _write(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_writer, b"x")

    def _add(self, key: Hashable, pid: int, descriptor: int | None) -> None:
        if descriptor is not None:
            self._selector.register(descriptor, selectors.EVENT_READ, (key, pid))
        elif is_alive(pid):
            self._polled[key] = pid
        else:
            self._guard(lambda: self._on_exit(key))

    def _run(self) -> None:
        while not self._closed:
            for ready, _ in self._selector.select(self._timeout()):
                if ready.data is None:
                    self._drain()
                else:
                    self._ended(ready.fd, *ready.data)
            self._poll()
            self._run_timers()
            while self._calls and not self._closed:
                self._guard(self._calls.popleft())
        self._release()

    def _timeout(self) -> float | None:
        waits = [POLL_SECONDS] if self._polled else []
        if self._timers:
            waits.append(max(0.0, self._timers[0][0] - time.monotonic()))
        return min(waits, default=None)

    def _drain(self) -> None:
        try:
            while os.read(self._wake_reader, 4096):
                pass
        except BlockingIOError:
            pass

    def _ended(self, descriptor: int, key: Hashable, pid: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)
        is_alive(pid)  # collects it, if it is a child of ours
        self._guard(lambda: self._on_exit(key))

    def _poll(self) -> None:
        for key, pid in list(self._polled.items()):
            if not is_alive(pid):
                del self._polled[key]
                self._guard(partial(self._on_exit, key))

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            self._guard(heapq.heappop(self._timers)[2])

    def _guard(self, call: Call) -> None:
        try:
            call()
        except Exception:
            _log.exception("A job's end could not be handled; it is tried again when the endpoint starts.")

    def _release(self) -> None:
        with self._writing:  # whoever closes us may be about to write, and needs both ends of the pipe
            for ready in list(self._selector.get_map().values()):
                self._selector.unregister(ready.fd)
                os.close(ready.fd)
            self._selector.close()
            os.close(self._wake_writer)


def open_pidfd(pid: int) -> int | None:
    """Return a file descriptor that becomes readable when ``pid`` ends; None where that cannot be had."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return None
    try:
        return int(opener(pid))
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether a process exists and is more than a zombie of ours."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
