"""The durable driver of the core: turns are stored, then acted on; one thread keeps all the time there is.

Nothing sleeps for an execution. What waits is a row with a due time; the scheduler thread sleeps until the
earliest one. Tasks run in a pool of workers, and what they bring back is a turn again. After a crash
``resume`` finds everything that was under way in the rows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local.store import Store
from pipecell.local.work.states.carrying import Carrier
from pipecell.local.work.states.contracts import Integrations
from pipecell.local.work.states.failure import RUNTIME, Failure
from pipecell.local.work.states.frames import Effect, Execution
from pipecell.local.work.states.machine import Turn, World
from pipecell.local.work.states.map_runs import MapRuns
from pipecell.local.work.states.parse import machine_of
from pipecell.local.work.states.rows import Rows

_LOG = logging.getLogger(__name__)
_BATCH = 64
_CACHED_EXECUTIONS = 512
#: Seconds after which the scheduler looks at the clock again: a machine that slept is not late for longer.
_LONGEST_PAUSE = 60.0


Action = Callable[[Turn], object]


class Engine:
    """Runs executions.

    Args:
        store: the endpoint's state.
        integrations: what carries tasks out.
        activity_exists: whether an activity ARN is known.
        describe: returns an ended execution as DescribeExecution does.
        on_change: called with row and execution after its status changed.
        retry_scale: factor on back-off delays; 1 in life.
    """

    def __init__(
        self,
        store: Store,
        integrations: Integrations,
        *,
        activity_exists: Callable[[str], bool] = lambda _arn: True,
        describe: Callable[[str], dict[str, Any]] | None = None,
        on_change: Callable[[Execution], None] | None = None,
        retry_scale: float = 1.0,
    ) -> None:
        self.store, self.rows, self.integrations = store, Rows(store), integrations
        self.map_runs, self._carrier = MapRuns(self), Carrier(self)
        self._world = World(activity_exists=activity_exists, retry_scale=retry_scale)
        self._describe, self._on_change = describe, on_change
        self._queue: deque[tuple[int, Action]] = deque()
        self._cache: OrderedDict[int, Execution] = OrderedDict()
        self._wake = threading.Condition()
        self._changed = threading.Condition()
        self._changes = 0
        self._turns = threading.RLock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._stopped = threading.Event()

    # ----------------------------------------------------------------------------------- life
    def resume(self) -> None:
        """Take up whatever was under way when the last process ended, and keep time from now on."""
        for row, number, phase in list(self.rows.in_phases("enter", "task", "remote", "children")):
            if phase == "enter":
                self._queue.append((row, lambda turn, n=number: turn.resume(n)))  # type: ignore[misc]
            else:
                self._queue.append((row, lambda turn, n=number: self._take_up(turn, n)))  # type: ignore[misc]
        self._start_thread()

    def close(self) -> None:
        """Stop keeping time; whatever runs is taken up by the next ``resume``."""
        self._stopped.set()
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._carrier.close()

    def _start_thread(self) -> None:
        with self._wake:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._loop, name="states-scheduler", daemon=True)
                self._thread.start()

    def _take_up(self, turn: Turn, number: int) -> None:
        """Do again the effect that a frame was waiting for."""
        frame = turn.execution.frames.get(number)
        if frame is None:
            return
        if frame.phase == "task" and frame.task is not None:
            if frame.task["stage"] in ("scheduled", "submitted"):
                turn.effects.append(Effect("task", number, frame.token, {**frame.task, "again": True}))
        elif frame.phase == "remote":
            turn.effects.append(Effect("start_child", number, frame.token, {"map": frame.parent}))
        elif frame.group and frame.group.get("token") and frame.group.get("stage") != "running":
            self.map_runs.ask_again(turn, frame)

    # --------------------------------------------------------------------------------- requests
    def start(
        self,
        execution: Execution,
        *,
        source_arn: str,
        map_run: str | None = None,
        origin: dict[str, Any] | None = None,
    ) -> int:
        """Store a new execution with its first event and let it run; return its row.

        Raises:
            sqlite3.IntegrityError: the ARN exists.
        """
        turn = Turn(execution, execution.started, self._world)
        timeout = machine_of(execution.definition).timeout_seconds
        execution.deadline = execution.started + timeout if timeout else None
        turn.begin()
        with self.store.transaction() as connection:
            row = self.rows.insert(
                connection, execution, source_arn=source_arn, map_run=map_run, origin=origin
            )
            self.rows.save(connection, row, turn)
        self._announce(execution)
        self.post(row, lambda turn: turn.resume(0))
        return row

    def post(self, row: int, action: Action) -> None:
        """Queue a turn of an execution."""
        with self._wake:
            self._queue.append((row, action))
            self._wake.notify_all()
        self._start_thread()

    def act(self, row: int, action: Action) -> Execution | None:
        """Take a turn now, on this thread; return the execution as it is after it."""
        with self._turns:
            touched = self._take_turns([(row, action)])
        # The turn may have named an earlier time than the one that the scheduler waits for.
        self.wake()
        return touched.get(row)

    def wait(self, done: Callable[[], bool], timeout: float) -> bool:
        """Wait until ``done`` holds; it is asked again after each change of an execution or activity.

        ``done`` may take turns itself: no lock is held while it is asked.
        """
        end = time.monotonic() + timeout
        while True:
            seen = self._changes
            if done():
                return True
            left = end - time.monotonic()
            if left <= 0 or self._closed:
                return False
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self._changes != seen, min(left, 1.0))  # type: ignore[misc]

    # -------------------------------------------------------------------------------- scheduler
    def _loop(self) -> None:
        while not self.is_closed():
            try:
                self._cycle()
            except Exception:
                if self.is_closed():
                    return
                _LOG.exception("The scheduler of state machines stumbled; it goes on.")
                self._stopped.wait(0.5)

    def is_closed(self) -> bool:
        """Whether it keeps no time any more."""
        return self._closed

    def wake(self) -> None:
        """Let the scheduler look again for what is due next."""
        with self._wake:
            self._wake.notify_all()

    def _cycle(self) -> None:
        with self._wake:
            # Under the lock: a close between the loop's own question and the wait would wake nobody.
            if not self._queue and not self._closed:
                pause = self._pause()
                if pause is None or pause > 0:
                    self._wake.wait(None if pause is None else min(pause, _LONGEST_PAUSE))
            if self._closed:
                return
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
        try:
            self._carrier.start_polls()
            due = [(row, _due(number)) for row, number in self.rows.due(time.time())]
            if batch or due:
                with self._turns:
                    self._take_turns(batch + due)
        except EndpointError:
            # Nothing was stored: a full disk or a locked file passes. What was due is found again.
            with self._wake:
                self._queue.extendleft(reversed(batch))
            raise

    def _pause(self) -> float | None:
        times = [at for at in (self._carrier.next_poll(), self.rows.next_due()) if at is not None]
        return max(0.0, min(times) - time.time()) if times else None

    def _take_turns(self, batch: list[tuple[int, Action]]) -> dict[int, Execution]:
        """Take a turn of each execution of the batch in one transaction, then do what they ask for."""
        effects: list[tuple[int, Effect]] = []
        touched: dict[int, Execution] = {}
        unfinished: list[tuple[int, Action]] = []
        try:
            with self.store.transaction() as connection:
                for row, action in batch:
                    execution = self._cache.get(row) or self.rows.load(connection, row)
                    if execution is None:
                        continue
                    turn = self._turn(execution, action)
                    self.rows.save(connection, row, turn)
                    self.map_runs.record(connection, row, turn)
                    if turn.ready:
                        unfinished.append((row, _again(list(turn.ready))))
                    effects.extend((row, effect) for effect in turn.effects)
                    touched[row] = execution
                    self._remember(row, execution)
        except BaseException:
            # What is in memory may be ahead of what is stored: forget it.
            for row, _ in batch:
                self._cache.pop(row, None)
            raise
        with self._wake:
            self._queue.extend(unfinished)
        for row, effect in effects:
            self._carry_out(row, touched[row], effect)
        with self._changed:
            self._changes += 1
            self._changed.notify_all()
        return touched

    def _turn(self, execution: Execution, action: Action) -> Turn:
        turn = Turn(execution, time.time(), self._world)
        try:
            action(turn)
        except Exception as error:
            _LOG.exception("The engine failed in %s.", execution.arn)
            if execution.running:
                turn.give_up(RUNTIME, f"The local engine failed: {type(error).__name__}: {error}")
        return turn

    def _remember(self, row: int, execution: Execution) -> None:
        if not execution.running:
            self._cache.pop(row, None)
            return
        self._cache[row] = execution
        self._cache.move_to_end(row)
        while len(self._cache) > _CACHED_EXECUTIONS:
            self._cache.popitem(last=False)

    # ---------------------------------------------------------------------------------- effects
    def _carry_out(self, row: int, execution: Execution, effect: Effect) -> None:
        """Do what a stored turn asks for; where that fails, no other effect is lost by it."""
        try:
            self._do(row, execution, effect)
        except EndpointError as error:
            # A full disk or a locked file passes.
            _LOG.warning("%s of %s is tried again: %s", effect.kind, execution.arn, error)
            self.post(row, lambda turn: turn.effects.append(effect))
        except Exception as error:
            if self.is_closed():
                return
            _LOG.exception("The engine could not do what %s asks for: %s.", execution.arn, effect.kind)
            reason = f"The local engine failed: {type(error).__name__}: {error}"
            self.post(row, lambda turn: turn.give_up(RUNTIME, reason) if turn.execution.running else None)

    def _do(self, row: int, execution: Execution, effect: Effect) -> None:
        frame = execution.frames.get(effect.frame)
        if effect.kind == "task":
            if frame is not None and frame.token == effect.token and frame.task is not None:
                self._carrier.begin(row, execution, effect)
        elif effect.kind == "cancel":
            self._carrier.cancel(execution.arn, effect)
        elif effect.kind == "await":
            self.check_awaited(effect.data["arn"])
        elif effect.kind == "ended":
            self._ended(row, execution)
        else:
            self.map_runs.do(row, execution, effect)

    def submit(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run a function on a worker thread."""
        self._carrier.submit(function, *arguments)

    # ------------------------------------------------------------------------------------- ends
    def _ended(self, row: int, execution: Execution) -> None:
        self._announce(execution)
        self.check_awaited(execution.arn)
        self.map_runs.child_ended(row, execution)

    def _announce(self, execution: Execution) -> None:
        if self._on_change is not None:
            self._on_change(execution)

    def check_awaited(self, arn: str) -> None:
        """Give the end of an execution, if it has one, to the tasks that wait for it."""
        if self._describe is None:
            return
        waiting = self.rows.awaiting(arn)
        if not waiting:
            return
        described = self._describe(arn)
        if described["status"] == "RUNNING":
            return
        for row, number, token in waiting:
            self.post(row, lambda turn, n=number, t=token: self._give_result(turn, n, t, described))  # type: ignore[misc]

    def _give_result(self, turn: Turn, number: int, token: str, described: dict[str, Any]) -> None:
        frame = turn.execution.frames.get(number)
        if frame is None or frame.task is None or frame.token != token:
            return
        try:
            done = self.integrations.execution_result(frame.task["resource"], described)
        except Failure as failure:
            turn.task_event("failed", number, token, error=failure.error, cause=failure.cause)
            return
        turn.task_event("succeeded", number, token, output=done.output)


def _due(number: int) -> Action:
    if number < 0:
        return lambda turn: turn.time_out() if turn.execution.running else None
    return lambda turn: turn.due(number)


def _again(ready: list[int]) -> Action:
    def go_on(turn: Turn) -> None:
        turn.ready.extend(ready)
        turn.run()

    return go_on
