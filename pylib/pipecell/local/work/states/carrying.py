"""Tasks on worker threads: begun, asked after until their jobs end, stopped; what comes back is a turn."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipecell.local.work.states.contracts import Done, TaskRequest
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Effect, Execution

if TYPE_CHECKING:
    from pipecell.local.work.states.engine import Engine
    from pipecell.local.work.states.machine import Turn

_LOG = logging.getLogger(__name__)
_WORKERS = 32
#: Seconds: between looks at a job, at first and at most; each pause is that much longer than the one before.
_FIRST_POLL, _SLOWEST_POLL, _POLL_GROWTH = 0.1, 2.0, 1.5


@dataclass(order=True)
class _Poll:
    at: float
    row: int = field(compare=False)
    frame: int = field(compare=False)
    request: TaskRequest = field(compare=False)
    pause: float = field(compare=False)


class Carrier:
    """Carries out the tasks of executions.

    Args:
        engine: whose turns take what comes back.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._polls: list[_Poll] = []
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, row: int, execution: Execution, effect: Effect) -> None:
        """Carry out the task that a frame waits for, or look after what it has started before."""
        frame = execution.frames[effect.frame]
        task = frame.task or {}
        request = TaskRequest(
            execution.arn,
            task["resource"],
            frame.arguments,
            frame.token,
            bool(effect.data.get("again")),
            task.get("job"),
        )
        if task["stage"] == "scheduled":
            self.submit(self._perform, row, frame.id, request)
        elif frame.awaits:
            self._engine.check_awaited(frame.awaits)
        elif request.job is not None:
            self._poll_later(row, frame.id, request, _FIRST_POLL)

    def submit(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run a function on a worker thread."""
        if self._engine.is_closed():
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="states-task")
        try:
            self._pool.submit(self._safely, function, *arguments)
        except RuntimeError:  # closed meanwhile: the next process takes it up
            if not self._engine.is_closed():
                raise

    def close(self) -> None:
        """Begin nothing more; what runs in the workers is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _safely(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception:
            if not self._engine.is_closed():
                _LOG.exception("A worker of the state machine engine failed.")

    def _perform(self, row: int, number: int, request: TaskRequest) -> None:
        try:
            answer = self._engine.integrations.perform(request)
        except Failure as failure:
            self._answer(row, number, request.token, "failed", error=failure.error, cause=failure.cause)
            return
        except Exception as error:
            _LOG.exception("A task of %s failed in a way nobody foresaw.", request.execution_arn)
            self._answer(row, number, request.token, "failed", error="States.TaskFailed", cause=repr(error))
            return
        if isinstance(answer, Done):
            self._answer(row, number, request.token, "succeeded", output=answer.output)
            return
        data = {"output": answer.output, "job": answer.job, "awaits": answer.awaits}
        self._engine.post(row, lambda turn: self._take_submission(turn, number, request, data))
        if answer.job is not None and not answer.awaits:
            polled = TaskRequest(
                request.execution_arn, request.resource, request.arguments, request.token, False, answer.job
            )
            self._poll_later(row, number, polled, _FIRST_POLL)

    def _take_submission(self, turn: Turn, number: int, request: TaskRequest, data: dict[str, Any]) -> None:
        """Note what a task started; where the task was given up meanwhile, stop that again."""
        if not turn.task_event("submitted", number, request.token, **data):
            task = {"resource": request.resource, "job": data["job"]}
            turn.effects.append(Effect("cancel", number, request.token, task))

    def _answer(self, row: int, number: int, token: str, kind: str, **data: Any) -> None:
        self._engine.post(row, lambda turn: turn.task_event(kind, number, token, **data))

    def _poll_later(self, row: int, number: int, request: TaskRequest, pause: float) -> None:
        with self._lock:
            heapq.heappush(self._polls, _Poll(time.time() + pause, row, number, request, pause))
        self._engine.wake()

    def next_poll(self) -> float | None:
        """Return the epoch seconds at which a job is to be asked after, None where none is."""
        with self._lock:
            return self._polls[0].at if self._polls else None

    def start_polls(self) -> None:
        """Ask after every job whose time has come."""
        now = time.time()
        while True:
            with self._lock:
                if not self._polls or self._polls[0].at > now:
                    return
                poll = heapq.heappop(self._polls)
            self.submit(self._poll, poll)

    def _poll(self, poll: _Poll) -> None:
        if self._engine.rows.by_token(poll.request.token) is None:
            return
        try:
            answer = self._engine.integrations.poll(poll.request)
        except Failure as failure:
            details = {"error": failure.error, "cause": failure.cause}
            self._answer(poll.row, poll.frame, poll.request.token, "failed", **details)
            return
        except Exception:
            _LOG.exception(
                "A job of %s could not be asked after; it is asked again.", poll.request.execution_arn
            )
            answer = None
        if answer is None:
            pause = min(poll.pause * _POLL_GROWTH, _SLOWEST_POLL)
            self._poll_later(poll.row, poll.frame, poll.request, pause)
            return
        self._answer(poll.row, poll.frame, poll.request.token, "succeeded", output=answer.output)

    def cancel(self, arn: str, effect: Effect) -> None:
        """Stop what a task started."""
        self.submit(self._cancel, arn, effect)

    def _cancel(self, arn: str, effect: Effect) -> None:
        data = effect.data
        request = TaskRequest(arn, data["resource"], None, effect.token, False, data.get("job"))
        self._engine.integrations.cancel(request)
