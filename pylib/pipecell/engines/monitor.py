"""One poller per target for everything that is watched there.

A daemon thread for each target looks at its executions when their time has come and tells each
watcher what changed, as typed events (`pipecell.engines.events`). AWS that answers slowly holds up
nothing local. Looks are frequent while an execution changes and rarer while it rests; on AWS they
are jittered so that several notebooks do not call in step. A failed look never ends a watch: the
endpoint may be starting again, AWS may be throttling. It backs off, tells the watcher, and tries
again; only an answer that the execution does not exist is final.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable

from pipecell.engines.engine import Engine, ExecutionSnapshot
from pipecell.engines.events import Event, ReachableAgain, Unreachable, changes
from pipecell.engines.inside import Insides
from pipecell.errors import EndpointError, ExecutionError, PipecellError

_log = logging.getLogger(__name__)

JITTER = 0.25
"""Share of a wait that is left to chance on AWS."""

MAX_BACK_OFF = {"local": 2.0, "aws": 60.0}
"""Seconds between two looks when looks keep failing."""

OnChange = Callable[["Watch"], None]


class Watch:
    """One watched execution. The monitor's thread writes it, everyone reads it.

    Attributes:
        engine, execution_arn: what is watched.
        snapshot: the last look; None before the first.
        trouble: why the last look failed; None when it did not.
        trouble_since: monotonic seconds of the first failed look in a row; None without trouble.
        news: what the last look changed; what `on_change` is called for.
    """

    def __init__(self, engine: Engine, execution_arn: str, on_change: OnChange | None) -> None:
        self.engine = engine
        self.execution_arn = execution_arn
        self.snapshot: ExecutionSnapshot | None = None
        self.trouble: PipecellError | None = None
        self.trouble_since: float | None = None
        self.news: tuple[Event, ...] = ()
        self._on_change = on_change
        self._over = threading.Event()
        self._told = threading.Event()  # of the end
        self._rest = engine.poll_seconds[0]
        self._failures = 0
        self._insides = Insides(engine)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to see: it ended, was cancelled, or does not exist."""
        return self._over.is_set()

    def cancel(self) -> None:
        """Stop looking; the execution goes on."""
        self._over.set()
        self._notify()
        self._told.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until there is nothing more to see, and the watcher knows; tell whether that is so.

        Interruptible: it never sleeps longer than a fifth of a second without looking for signals.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._told.is_set():
            rest = 0.2 if deadline is None else min(0.2, deadline - time.monotonic())
            if rest <= 0:
                return False
            self._told.wait(rest)
        return True

    def look(self, now: float) -> float | None:
        """Look once and tell the watcher; return seconds until the next look, None when over."""
        shortest, longest = self.engine.poll_seconds
        try:
            seen = self._insides.look(self.engine.describe(self.execution_arn))
        except PipecellError as error:
            return self._failed(error, now)
        back = (ReachableAgain(),) if self.trouble is not None else ()
        self.news = (*back, *changes(self.snapshot, seen))
        changed = bool(self.news) or seen != self.snapshot
        # The trouble goes first: who reads in between must not take what is new for out of reach.
        self.trouble, self.trouble_since, self._failures = None, None, 0
        self.snapshot = seen
        self._rest = shortest if changed else min(self._rest * 1.3, longest)
        if not seen.running:
            self._over.set()
        if changed or self.over:
            self._notify()
        if not seen.running:
            self._told.set()
        return None if self.over else self._rest

    def _failed(self, error: PipecellError, now: float) -> float | None:
        if self.trouble_since is None:
            self.trouble_since = now
        self.trouble = error
        self.news = (Unreachable(str(error)),)
        self._failures += 1
        if isinstance(error, EndpointError):
            self.engine.reconnect()
        gone = isinstance(error, ExecutionError) and error.code == "PC702" and "NotFound" in error.message
        if gone:
            self._over.set()
        self._notify()
        if gone:
            self._told.set()
        most = MAX_BACK_OFF.get(self.engine.target, MAX_BACK_OFF["aws"])
        wait = self.engine.poll_seconds[0] * 2.0 ** min(self._failures, 8)
        return None if gone else min(wait, most)

    def _notify(self) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(self)
        except Exception:
            # A watcher's bug must not end the watch of every other execution.
            _log.exception("the watcher of %s failed", self.execution_arn)


class _Poller:
    """Looks at the executions of one target from one daemon thread, which lives while there are any."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._queue: list[tuple[float, int, Watch]] = []
        self._order = itertools.count()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._current: Watch | None = None  # not in the queue while it is looked at
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret

    def add(self, watch: Watch) -> None:
        """Look at an execution, now for the first time."""
        with self._condition:
            self._push(watch, 0.0)
            if self._thread is None:
                name = f"pipecell-monitor-{self._target}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """Cancel every watch."""
        with self._condition:
            watches = [watch for _, _, watch in self._queue]
            if self._current is not None:
                watches.append(self._current)
            self._queue.clear()
            self._condition.notify()
        for watch in watches:
            watch.cancel()

    def _push(self, watch: Watch, wait: float) -> None:
        heapq.heappush(self._queue, (time.monotonic() + wait, next(self._order), watch))

    def _next(self) -> Watch | None:
        """Return the next watch when its time has come, None when none is left."""
        with self._condition:
            self._current = None
            while self._queue:
                due, _, watch = self._queue[0]
                if watch.over:
                    heapq.heappop(self._queue)
                    continue
                rest = due - time.monotonic()
                if rest <= 0:
                    heapq.heappop(self._queue)
                    self._current = watch
                    return watch
                self._condition.wait(rest)
            self._thread = None
            return None

    def _work(self) -> None:
        while (watch := self._next()) is not None:
            try:
                wait = watch.look(time.monotonic())
            except Exception as error:
                # A bug in reading one execution: say so where the watcher looks, and leave the others be.
                _log.exception("watching %s failed", watch.execution_arn)
                watch.trouble = ExecutionError(f"Watching failed: {error!r}", code="PC710")
                watch.cancel()
                continue
            if wait is not None:
                jitter = 0.0 if watch.engine.target == "local" else self._chance.uniform(0, JITTER)
                with self._condition:
                    self._push(watch, wait * (1 + jitter))


class Monitor:
    """Watches executions: one poller for each target, begun when something there is watched."""

    def __init__(self) -> None:
        self._pollers: dict[str, _Poller] = {}
        self._lock = threading.Lock()

    def watch(self, engine: Engine, execution_arn: str, on_change: OnChange | None = None) -> Watch:
        """Watch an execution until it ends.

        Args:
            engine: where it runs.
            execution_arn: the execution.
            on_change: called in the poller's thread after each look that saw something new.
        """
        watch = Watch(engine, execution_arn, on_change)
        with self._lock:
            poller = self._pollers.setdefault(engine.target, _Poller(engine.target))
        poller.add(watch)
        return watch

    def close(self) -> None:
        """Cancel every watch; the executions go on."""
        with self._lock:
            pollers = list(self._pollers.values())
        for poller in pollers:
            poller.close()


def ended_badly(watch: Watch) -> ExecutionError | None:
    """Return the error of an execution that is over without success, None when all is well."""
    seen = watch.snapshot
    if seen is None or seen.running:
        if watch.trouble is None:
            return None
        return ExecutionError(watch.trouble.message, code=watch.trouble.code, hint=watch.trouble.hint)
    if seen.succeeded:
        return None
    failed = next((step for step in seen.steps if step.status in ("Failed", "FAILED")), None)
    reason = (failed.failure_reason if failed else "") or seen.failure_reason or "no reason given"
    return ExecutionError(
        f"{seen.pipeline} ended {seen.status}: {reason.rstrip('.')}.",
        code="PC701",
        step=failed.name if failed else None,
    )
