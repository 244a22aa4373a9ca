"""What an execution is between two moments: its facts and its frames, all plain JSON data.

A frame is one thread of control: the execution itself, a branch of a Parallel or an item of a Map. It
stands in exactly one state. A frame whose state has children waits in phase ``children`` until they end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from pipecell.local.work.states.parse import ScopePath

#: enter: the state is next to run. retry, wait: until ``due``. task: somebody else works.
#: children: branches or items run. remote: a child execution stands for this frame. ended: finished.
Phase = Literal["enter", "retry", "wait", "task", "children", "remote", "ended"]
Outcome = Literal["", "succeeded", "failed", "aborted"]

#: Fields that rarely change and may be large; they are stored apart so that a count costs no rewrite.
LARGE = ("input", "items", "arguments", "output", "done")


@dataclass
class Frame:
    """One thread of control.

    Attributes:
        id: number in its execution; 0 is the execution's own thread.
        parent: frame whose state started this one.
        index: number of the branch or item.
        scope: group of states it runs in.
        state: name of the state it stands in.
        input: the state's raw input.
        previous: id of the last history event of this thread.
        before: id of the event before the state was entered.
        variables: workflow variables assigned in this scope.
        retries: attempts used by each retrier of the state.
        due: epoch seconds at which the frame wants to be woken.
        wake: epoch seconds at which a wait or a back-off ends.
        timeout_at, heartbeat_at: epoch seconds at which the task times out.
        token: task token of the present attempt.
        task: what was scheduled: resource, kind and stage.
        awaits: ARN of the activity or execution that the task waits for.
        group: counters of the children.
        items: what a Map iterates over.
        arguments: what the task was called with.
        item: the Map item of this frame: ``{"Index", "Value"}``.
        done: what a redrive keeps of the children of a Parallel or Map that did not succeed.
    """

    id: int
    parent: int | None = None
    index: int = 0
    scope: ScopePath = ()
    state: str = ""
    input: Any = None
    phase: Phase = "enter"
    previous: int = 0
    before: int = 0
    variables: dict[str, Any] = field(default_factory=dict)
    entered_id: int = 0
    entered_at: float = 0.0
    retries: list[int] = field(default_factory=list)
    attempts: int = 0
    wake: float | None = None
    timeout_at: float | None = None
    heartbeat_at: float | None = None
    heartbeat_seconds: float | None = None
    token: str = ""
    task: dict[str, Any] | None = None
    awaits: str = ""
    group: dict[str, Any] | None = None
    items: list[Any] | None = None
    arguments: Any = None
    item: dict[str, Any] | None = None
    done: dict[str, Any] | None = None
    output: Any = None
    outcome: Outcome = ""

    @property
    def due(self) -> float | None:
        """Epoch seconds at which the frame next wants attention without anybody calling."""
        times = [time for time in (self.wake, self.timeout_at, self.heartbeat_at) if time is not None]
        return min(times) if times else None

    def clear_task(self) -> None:
        """Forget the attempt that ended."""
        self.wake = self.timeout_at = self.heartbeat_at = self.heartbeat_seconds = None
        self.token, self.task, self.awaits, self.arguments = "", None, "", None

    def dump(self) -> tuple[str, str]:
        """Return the small and the large half as JSON texts."""
        small: dict[str, Any] = {}
        large: dict[str, Any] = {}
        for name, default in _DEFAULTS:
            value = getattr(self, name)
            if value != default or type(value) is not type(default):
                (large if name in LARGE else small)[name] = value
        return json.dumps(small, separators=(",", ":")), json.dumps(large, separators=(",", ":"))

    @classmethod
    def load(cls, number: int, small: str, large: str) -> Frame:
        """Return the frame that ``dump`` wrote."""
        values = {**json.loads(small), **json.loads(large)}
        if "scope" in values:
            values["scope"] = tuple(values["scope"])
        return cls(number, **values)


_DEFAULTS: tuple[tuple[str, Any], ...] = tuple(
    (item.name, getattr(Frame(0), item.name)) for item in fields(Frame) if item.name != "id"
)


@dataclass
class Execution:
    """An execution's facts and frames.

    Attributes:
        arn, name: of the execution.
        machine_arn: of the state machine, without version or alias.
        machine_name: name of the state machine.
        definition: text of the definition it runs.
        input: JSON text.
        started: epoch seconds.
        deadline: epoch seconds at which the whole execution times out.
        express: whether it is an express execution.
        redrives, redriven: how often, and when last, it was taken up again after a failure.
        origin: what was started: version, alias and the machine's settings at that time.
        frames: by number; ``kids`` are the numbers of a frame's children.
        events: number of history events so far.
    """

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    definition: str
    role: str
    input: str
    started: float
    deadline: float | None = None
    express: bool = False
    redrives: int = 0
    redriven: float | None = None
    origin: dict[str, Any] | None = None
    status: str = "RUNNING"
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    stopped: float | None = None
    frames: dict[int, Frame] = field(default_factory=dict)
    kids: dict[int, list[int]] = field(default_factory=dict)
    next_frame: int = 0
    events: int = 0

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status == "RUNNING"

    def add(self, frame: Frame) -> None:
        """Take a frame in, under its parent."""
        self.frames[frame.id] = frame
        if frame.parent is not None:
            self.kids.setdefault(frame.parent, []).append(frame.id)

    def children(self, parent: int) -> list[Frame]:
        """Return the frames that a frame's state started, oldest first."""
        return [self.frames[number] for number in self.kids.get(parent, ())]


@dataclass(frozen=True)
class Effect:
    """Something to do outside once the frames and events that ask for it are stored.

    Attributes:
        kind: task, cancel, await, read_items, write_results, start_child, stop_children or ended.
        frame: frame that asked.
        token: the attempt; what comes back names it, so that a late answer is recognised.
        data: the rest.
    """

    kind: Literal[
        "task", "cancel", "await", "read_items", "write_results", "start_child", "stop_children", "ended"
    ]
    frame: int
    token: str = ""
    data: dict[str, Any] = field(default_factory=dict)
