"""The pure core: an execution and one event in; changed frames, history events and effects out.

A turn runs every frame that can run until all of them wait for time, for somebody else's work or for
their children. Nothing here touches a store, a clock or the network: the caller gives the time, stores
what the turn changed, and only then does what the effects ask for.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipecell.local.work.states import groups, kept, simple, tasks
from pipecell.local.work.states.clock import format_timestamp
from pipecell.local.work.states.evaluate import Environment, dumps
from pipecell.local.work.states.failure import RUNTIME, TIMEOUT, Failure
from pipecell.local.work.states.flow import Activation, limited
from pipecell.local.work.states.frames import Effect, Execution, Frame
from pipecell.local.work.states.history import EVENT_LIMIT, Event, event, failure_details, payload
from pipecell.local.work.states.parse import ScopePath, State, machine_of
from pipecell.local.work.states.retry import catcher, retrier

#: States that one turn may enter before it lets others have theirs.
TURN_LIMIT = 2_000
_RETRIED = frozenset({"Task", "Parallel", "Map"})


@dataclass(frozen=True)
class World:
    """What the core must ask: everything else it is told.

    Attributes:
        activity_exists: whether an activity ARN is known.
        token: makes the task token of an attempt.
        retry_scale: factor on back-off delays; 1 in life.
    """

    activity_exists: Callable[[str], bool] = lambda _arn: True
    token: Callable[[], str] = lambda: uuid.uuid4().hex + uuid.uuid4().hex
    retry_scale: float = 1.0


@dataclass
class Turn:
    """One turn of an execution.

    Attributes:
        execution: changed in place; the caller stores what ``changed``, ``fresh`` and ``removed`` name.
        now: epoch seconds.
        events: history events of this turn.
        effects: what to do outside afterwards.
        changed: numbers of frames to store; ``fresh`` names those whose large half changed as well.
        trace: inspection data of the last state that ran.
    """

    execution: Execution
    now: float
    world: World = field(default_factory=World)
    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    trace: dict[str, Any] = field(default_factory=dict)
    ready: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.machine = machine_of(self.execution.definition)
        self._input: Any = None

    # ----------------------------------------------------------------------------- what happens
    def start(self) -> None:
        """Begin the execution and run it."""
        self.begin()
        self.run()

    def begin(self) -> None:
        """Record the start and stand before the first state."""
        execution = self.execution
        self.emit(
            None,
            "ExecutionStarted",
            {**payload("input", execution.input), "roleArn": execution.role},
            previous=0,
        )
        self.new_frame(None, 0, (), json.loads(execution.input))

    def resume(self, number: int) -> None:
        """Run a frame again that an earlier turn left ready."""
        self.ready.append(number)
        self.run()

    def due(self, number: int) -> None:
        """Wake a frame whose time has come."""
        frame = self.execution.frames.get(number)
        if frame is None or frame.due is None or frame.due > self.now:
            return
        if frame.phase == "task":
            tasks.timed_out(self, frame)
        elif frame.phase in ("retry", "wait"):
            frame.wake = None
            if frame.phase == "wait":
                self.guarded(frame, simple.wait_over)
            else:
                frame.phase = "enter"
                self.guarded(frame, self._handler(self.state_of(frame)))
        self.touch(frame)
        self.run()

    def task_event(self, kind: str, number: int, token: str, **data: Any) -> bool:
        """Take word of a task (a key of ``tasks.EVENTS``); False if it is too late."""
        frame = self.execution.frames.get(number)
        if not self.execution.running or frame is None or frame.phase != "task" or frame.token != token:
            return False
        self.guarded(frame, lambda turn, found: tasks.EVENTS[kind](turn, found, **data))
        self.touch(frame)
        self.run()
        return True

    def group_event(self, kind: str, number: int, token: str = "", **data: Any) -> bool:
        """Take word of a distributed Map: items read, results written or a child execution's end."""
        frame = self.execution.frames.get(number)
        if not self.execution.running or frame is None or frame.phase == "ended":
            return False
        if token and (frame.group or {}).get("token") != token:
            return False
        self.guarded(frame, lambda turn, found: groups.EVENTS[kind](turn, found, **data))
        self.run()
        return True

    def stop(self, error: str | None, cause: str | None) -> None:
        """Abort the whole execution, as StopExecution does."""
        self._abandon()
        self.emit(None, "ExecutionAborted", failure_details(error, cause), previous=0)
        self._finish("ABORTED", error=error, cause=cause)

    def time_out(self) -> None:
        """End the execution because its TimeoutSeconds are over."""
        self._abandon()
        self.emit(self.execution.frames[0], "ExecutionTimedOut", {"error": TIMEOUT})
        self._finish("TIMED_OUT")

    def redrive(self) -> float:
        """Take the execution up again in the state that did not succeed; return the time."""
        execution = self.execution
        execution.redrives += 1
        execution.redriven, execution.stopped = self.now, None
        execution.status, execution.error, execution.cause = "RUNNING", None, None
        root = execution.frames[0]
        self.emit(root, "ExecutionRedriven", {"redriveCount": execution.redrives}, previous=0)
        root.phase, root.outcome = "enter", ""
        root.clear_task()
        kept.mark(root, execution.redrives)
        self.touch(root, fresh=True)
        self.ready.append(0)
        self.run()
        return self.now

    def change_map_run(
        self, number: int, concurrency: int | None, count: int | None, percentage: float | None
    ) -> None:
        """Change a running Map run's concurrency and tolerance."""
        frame = self.execution.frames.get(number)
        if frame is None or not frame.group or not frame.group.get("remote"):
            return
        groups.change(self, frame, concurrency, count, percentage)
        self.run()

    def give_up(self, error: str, cause: str) -> None:
        """Fail the whole execution for a reason outside the language."""
        self._abandon()
        self.emit(self.execution.frames.get(0), "ExecutionFailed", failure_details(error, cause))
        self._finish("FAILED", error=error, cause=cause)

    # --------------------------------------------------------------------------------- machinery
    def run(self) -> None:
        """Run ready frames until none is left, or the turn is long enough."""
        steps = 0
        while self.ready and self.execution.running:
            if steps >= TURN_LIMIT:
                return
            steps += 1
            frame = self.execution.frames.get(self.ready.popleft())
            if frame is None or frame.phase != "enter":
                continue
            self._enter(frame)

    def _enter(self, frame: Frame) -> None:
        state = self.state_of(frame)
        frame.before = frame.previous
        frame.retries, frame.attempts = [], 0
        frame.entered_at = self.now
        self.emit(
            frame,
            f"{state.type}StateEntered",
            {**payload("input", dumps(frame.input)), "name": state.name},
        )
        frame.entered_id = frame.previous
        self.touch(frame, fresh=True)
        self.guarded(frame, self._handler(state))

    def _handler(self, state: State) -> Callable[[Turn, Frame], None]:
        return _HANDLERS[state.type]

    def guarded(self, frame: Frame, action: Callable[[Turn, Frame], None]) -> None:
        """Do one thing for a frame; a failure takes the language's way: retry, catch or fail."""
        try:
            action(self, frame)
        except Failure as failure:
            if self.execution.running:
                self.fail(frame, failure)

    def state_of(self, frame: Frame) -> State:
        """Return the state that a frame stands in."""
        return self.machine.state(frame.scope, frame.state)

    def activation(self, frame: Frame) -> Activation:
        """Return the frame's state at work."""
        self.trace = {}
        return Activation(self.state_of(frame), frame.input, self.environment(frame), self.trace)

    def environment(self, frame: Frame) -> Environment:
        """Return the variables in sight and the context object of a frame."""
        return Environment(self.context(frame), self.variables(frame))

    def variables(self, frame: Frame) -> dict[str, Any]:
        """Return the frame's variables over those of the scopes around it."""
        if frame.parent is None:
            return frame.variables
        return {**self.variables(self.execution.frames[frame.parent]), **frame.variables}

    def context(self, frame: Frame) -> dict[str, Any]:
        """Return the context object."""
        execution, state = self.execution, self.state_of(frame)
        if self._input is None:
            self._input = (json.loads(execution.input),)
        facts: dict[str, Any] = {
            "Execution": {
                "Id": execution.arn,
                "Input": self._input[0],
                "StartTime": format_timestamp(execution.started),
                "Name": execution.name,
                "RoleArn": execution.role,
            },
            "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
            "State": {"Name": state.name, "EnteredTime": format_timestamp(frame.entered_at)},
        }
        if not execution.express:
            facts["Execution"]["RedriveCount"] = execution.redrives
        if state.type in _RETRIED:
            facts["State"]["RetryCount"] = frame.attempts
        if frame.token:
            facts["Task"] = {"Token": frame.token}
        holder: Frame | None = frame
        while holder is not None and holder.item is None:
            holder = execution.frames[holder.parent] if holder.parent is not None else None
        if holder is not None:
            facts["Map"] = {"Item": holder.item}
        return facts

    def new_frame(
        self, parent: int | None, index: int, scope: ScopePath, data: Any, *, remote: bool = False
    ) -> Frame:
        """Make a frame that stands before the first state of a scope, here or in a child execution."""
        frame = Frame(
            self.execution.next_frame, parent, index, scope, self.machine.scopes[scope].start_at, data
        )
        self.execution.next_frame += 1
        self.execution.add(frame)
        self.touch(frame, fresh=True)
        if remote:
            frame.phase = "remote"
        else:
            self.ready.append(frame.id)
        return frame

    def touch(self, frame: Frame, *, fresh: bool = False) -> None:
        """Mark a frame to be stored."""
        self.changed.add(frame.id)
        if fresh:
            self.fresh.add(frame.id)

    def emit(
        self,
        frame: Frame | None,
        kind: str,
        details: dict[str, Any] | None = None,
        *,
        previous: int | None = None,
    ) -> int:
        """Record a history event after the frame's last one, and make it the last; return its id."""
        execution = self.execution
        execution.events += 1
        before = previous if previous is not None else frame.previous if frame else 0
        self.events.append(event(execution.events, before, self.now, kind, details))
        if frame is not None:
            frame.previous = execution.events
            self.changed.add(frame.id)
        if execution.events >= EVENT_LIMIT - 1 and execution.running and not execution.express:
            self._exhausted()
        return execution.events

    def _exhausted(self) -> None:
        cause = "The execution reached the maximum number of history events (25000)."
        self.execution.status = "FAILED"  # no event may follow the one that says so
        self._abandon()
        root = self.execution.frames[0]
        self.emit(root, "ExecutionFailed", failure_details(RUNTIME, cause))
        self._finish("FAILED", error=RUNTIME, cause=cause)

    # ---------------------------------------------------------------------------- ends of a state
    def exit(self, frame: Frame, output: Any, assigned: dict[str, Any], following: str | None) -> None:
        """Leave the state with its output, to the next one or to the end of the scope."""
        state = self.state_of(frame)
        text = limited(dumps(output), state.name)
        details = {"name": state.name, **payload("output", text)}
        if assigned:
            frame.variables = {**frame.variables, **assigned}
            shown = {name: dumps(value) for name, value in assigned.items()}
            details |= {"assignedVariables": shown, "assignedVariablesDetails": {"truncated": False}}
        self.emit(frame, f"{state.type}StateExited", details)
        frame.clear_task()
        self.drop_group(frame)
        self.touch(frame, fresh=True)
        if not self.execution.running:
            return
        if following is not None:
            frame.state, frame.input, frame.phase = following, output, "enter"
            self.ready.append(frame.id)
            return
        frame.phase, frame.outcome, frame.output = "ended", "succeeded", output
        if frame.parent is None:
            self.emit(frame, "ExecutionSucceeded", payload("output", text))
            self._finish("SUCCEEDED", output=text)
        else:
            parent = self.execution.frames[frame.parent]
            self.guarded(parent, lambda turn, found: groups.child_succeeded(turn, found, frame))

    def fail(self, frame: Frame, failure: Failure) -> None:
        """Take a failure of the frame's state: retry, catch, or fail its scope."""
        state = self.state_of(frame)
        failure = failure.at(state.name, frame.entered_id)
        self._report(frame, state, failure)
        if state.type in _RETRIED and self._retried(frame, state, failure):
            return
        if state.type in ("Parallel", "Map") and failure.error != RUNTIME:
            self.emit(frame, f"{state.type}StateFailed")
        found = catcher(state.body.get("Catch", ()), failure.error) if state.type in _RETRIED else None
        if found is None:
            self._fail_scope(frame, failure)
            return
        try:
            output, assigned = self.activation(frame).caught(found[1], found[0], failure)
            self.exit(frame, output, assigned, found[1]["Next"])
        except Failure as another:
            located = another.at(state.name, frame.entered_id)
            self._report(frame, state, located)
            self._fail_scope(frame, located)

    def _retried(self, frame: Frame, state: State, failure: Failure) -> bool:
        chosen = retrier(state.body.get("Retry", ()), failure.error, frame.retries)
        if chosen is None:
            return False
        index, seconds = chosen
        groups.cancel(self, frame)
        frame.retries = [*frame.retries, *[0] * (index + 1 - len(frame.retries))]
        frame.retries[index] += 1
        frame.attempts += 1
        frame.clear_task()
        frame.phase = "retry"
        frame.wake = self.now + seconds * self.world.retry_scale
        self.touch(frame, fresh=True)
        return True

    def _report(self, frame: Frame, state: State, failure: Failure) -> None:
        """Record a failed JSONata evaluation; AWS hangs that event on the one before the state."""
        if failure.location is not None:
            place = {"location": failure.location} if failure.location else {}
            details = failure_details(failure.error, failure.cause, **place, state=state.name)
            self.emit(frame, "EvaluationFailed", details, previous=frame.before)

    def _fail_scope(self, frame: Frame, failure: Failure) -> None:
        groups.cancel(self, frame)
        frame.clear_task()
        frame.phase, frame.outcome = "ended", "failed"
        self.touch(frame, fresh=True)
        if frame.parent is None:
            self.emit(frame, "ExecutionFailed", failure_details(failure.error, failure.cause))
            self._finish("FAILED", error=failure.error, cause=failure.cause)
            return
        parent = self.execution.frames[frame.parent]
        self.guarded(parent, lambda turn, found: groups.child_failed(turn, found, frame, failure))

    def drop_group(self, frame: Frame) -> None:
        """Forget a frame's children and everything under them."""
        for child in self.execution.children(frame.id):
            self.drop_group(child)
            self.removed.add(child.id)
            del self.execution.frames[child.id]
        self.execution.kids.pop(frame.id, None)
        frame.group = frame.items = None

    def _abandon(self) -> None:
        """Cancel whatever still runs outside."""
        for frame in list(self.execution.frames.values()):
            if frame.phase == "task":
                self.effects.append(Effect("cancel", frame.id, frame.token, dict(frame.task or {})))
            if frame.group and frame.group.get("remote"):
                self.effects.append(Effect("stop_children", frame.id, "", dict(frame.group)))

    def _finish(
        self, status: str, *, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        execution = self.execution
        execution.status, execution.output, execution.error, execution.cause = status, output, error, cause
        execution.stopped = self.now
        self.ready.clear()
        self.effects.append(Effect("ended", 0))


_HANDLERS: dict[str, Callable[[Turn, Frame], None]] = {
    "Pass": simple.run_pass,
    "Succeed": simple.run_succeed,
    "Fail": simple.run_fail,
    "Choice": simple.run_choice,
    "Wait": simple.run_wait,
    "Task": tasks.begin,
    "Parallel": groups.begin_parallel,
    "Map": groups.begin_map,
}
