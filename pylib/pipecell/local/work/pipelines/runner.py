"""Executions that go on until they end, whatever happens to the process that drives them.

Everything known of an execution is in the store: what has begun, under which name, and how it
ended. The runner keeps a copy in memory while an execution runs, asks the pure walk what to do
next, commits that, and only then acts. It never polls: a look is taken when something has
happened (a start, a job's end, a callback, a stop), when a time has come (`scheduler`), and once
for every unfinished execution when the server starts.

One lock for each execution makes a look atomic; different executions go on side by side.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pipecell.local.records import executions
from pipecell.local.records.jobs import JobRecord
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import Ended, Platform
from pipecell.local.work.pipelines.run import Run, load
from pipecell.local.work.pipelines.scheduler import Scheduler

_log = logging.getLogger(__name__)
_WORKERS = 4
_PAUSE_AFTER_FAILURE = 2.0


class Runner:
    """Drives the executions of one endpoint.

    Args:
        platform: what steps are carried out with; its ``wake`` must be this object's.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._runs: dict[str, Run] = {}
        self._waiting: dict[str, set[str]] = {}
        self._queued: set[str] = set()
        self._to_take_up: set[str] = set()
        self._moments: dict[str, float] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="pipelines")
        self._scheduler = Scheduler(self._due)
        self._closed = False

    def resume(self) -> None:
        """Go on with every execution that has not ended; call once when the server starts.

        Nothing is done here and now: what steps do may need the server, which answers later.
        """
        running = executions.running(self._platform.store.query)
        with self._lock:
            self._to_take_up.update(running)
        for execution_id in running:
            self.wake(execution_id)
        self._scheduler.look_at(executions.next_due(self._platform.store.query))

    def wake(self, execution_id: str, *steps: str) -> None:
        """Look at an execution soon, from another thread.

        Args:
            execution_id: which one.
            steps: those that may have ended.
        """
        with self._lock:
            self._waiting.setdefault(execution_id, set()).update(steps)
            if execution_id in self._queued or self._closed:
                return
            self._queued.add(execution_id)
            self._pool.submit(self._look, execution_id)

    def job_ended(self, job: JobRecord) -> None:
        """Take note that a job has ended; jobs that belong to no step are left alone."""
        found = executions.step_of_job(self._platform.store.query, job.kind, job.name)
        if found is not None:
            self.wake(*found)

    def stop(self, execution_id: str) -> None:
        """Ask an execution to stop.

        Raises:
            ServiceError: ``ConflictException``, it is not running.
        """
        run = self._run(execution_id)
        if run is None:
            record = executions.find(self._platform.store.query, execution_id)
            status = record.status if record else "unknown"
            arn = record.arn if record else execution_id
            raise ServiceError(
                "ConflictException",
                f"Pipeline execution with ARN {arn} status {status}."
                " Only pipelines with 'Executing' status can be stopped.",
            )
        run.request_stop()
        self.wake(execution_id)

    def update(self, execution_id: str, parallelism: int | None) -> None:
        """Let a running execution know its new limit of steps at once."""
        with self._lock:
            run = self._runs.get(execution_id)
        if run is not None:
            run.set_parallelism(parallelism)
            self.wake(execution_id)

    def finish_step(self, execution_id: str, step: str, ended: Ended) -> bool:
        """End a running step by what somebody outside reported; False when it does not run, or we do not."""
        run = None if self._closed else self._run(execution_id)
        if run is None or not run.finish_step(step, ended):
            return False
        self.wake(execution_id)
        return True

    def forget(self, execution_ids: Iterable[str]) -> None:
        """Drop what is kept in memory of executions that were deleted."""
        with self._lock:
            for execution_id in execution_ids:
                self._runs.pop(execution_id, None)

    def close(self) -> None:
        """Stop driving; jobs that run go on, and `resume` takes the executions up again."""
        with self._lock:
            self._closed = True
        self._scheduler.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, execution_id: str) -> Run | None:
        """Return a running execution, read from the store at its first use."""
        with self._lock:
            run = self._runs.get(execution_id)
            if run is None or not run.is_running:
                # Not there yet; or over, and perhaps being retried.
                run = load(self._platform, execution_id, default_parallelism())
                if run is not None:
                    self._runs[execution_id] = run
            return run

    def _drop(self, execution_id: str, run: Run) -> None:
        """Keep a run that is over no longer; another one may stand in its place, for a retry."""
        with self._lock:
            if self._runs.get(execution_id) is run:
                del self._runs[execution_id]

    def _look(self, execution_id: str) -> None:
        with self._lock:
            self._queued.discard(execution_id)
            steps = self._waiting.pop(execution_id, set())
            take_up = execution_id in self._to_take_up
            self._to_take_up.discard(execution_id)
            moment = self._moments.pop(execution_id, 0.0)
        try:
            run = self._run(execution_id)
            if run is None:
                return
            if take_up:
                steps.update(run.take_up())
            due = run.advance(steps, moment)
            if not run.is_running:
                self._drop(execution_id, run)
            self._scheduler.look_at(due)
        except Exception:
            # The execution stays as it was committed, for example where the disk is full: look again.
            _log.exception("a look at execution %s failed", execution_id)
            with self._lock:
                self._waiting.setdefault(execution_id, set()).update(steps)
                if take_up:
                    self._to_take_up.add(execution_id)
            self._scheduler.look_at(time.time() + _PAUSE_AFTER_FAILURE)

    def _due(self, now: float) -> float | None:
        """Wake what is due; return when to come again."""
        query = self._platform.store.query
        with self._lock:
            failed = [execution_id for execution_id in self._waiting if execution_id not in self._queued]
        due = executions.due(query, now)
        with self._lock:
            self._moments.update(dict.fromkeys(due, now))
        for execution_id in {*failed, *due}:
            self.wake(execution_id)
        upcoming = executions.next_due(query)
        return upcoming if upcoming is not None and upcoming > now else None


def default_parallelism() -> int:
    """Return how many steps run at once where nothing says otherwise: one a core, at least two."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(2, cores)
