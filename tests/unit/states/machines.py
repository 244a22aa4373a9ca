"""Runs machines in memory: the pure core with tasks answered by a function and time moved by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Effect, Execution
from pipecell.local.work.states.history import Event, details_key
from pipecell.local.work.states.machine import Turn, World
from pipecell.local.work.states.validation import validate

PLACE = "arn:aws:states:us-east-1:000000000000"
TASK = "arn:aws:states:::lambda:invoke"

Answer = Callable[[Any], Any]


def _take_over(turn: Turn, before: Turn) -> None:
    turn.ready.extend(before.ready)
    turn.run()


@dataclass
class Run:
    """An execution in memory."""

    execution: Execution
    answer: Answer
    now: float = 1_000_000.0
    events: list[Event] = field(default_factory=list)
    pending: list[Effect] = field(default_factory=list)

    def turn(self, action: Callable[[Turn], object]) -> None:
        turn = Turn(self.execution, self.now, World(token=self._tokens()))
        action(turn)
        self.events += turn.events
        self.pending += turn.effects
        if turn.ready and self.execution.running:
            self.turn(lambda again: _take_over(again, turn))

    def _tokens(self) -> Callable[[], str]:
        return lambda: f"token-{self.execution.events}-{len(self.events)}"

    def settle(self, *, limit: int = 500) -> Run:
        """Answer tasks and move time on until the execution has ended or only others can go on."""
        for _ in range(limit):
            if not self.execution.running:
                return self
            tasks = [effect for effect in self.pending if effect.kind == "task"]
            self.pending.clear()
            if not tasks and not self.forward():
                return self
            for effect in tasks:
                self._answer(effect)
        raise AssertionError("the machine does not settle")

    def _answer(self, effect: Effect) -> None:
        frame = self.execution.frames.get(effect.frame)
        if frame is None:
            return
        try:
            result = self.answer(frame.arguments)
        except Failure as failure:
            error, cause = failure.error, failure.cause
            self.turn(
                lambda turn: turn.task_event("failed", frame.id, effect.token, error=error, cause=cause)
            )
            return
        if result is not None:
            text = json.dumps(result)
            self.turn(lambda turn: turn.task_event("succeeded", frame.id, effect.token, output=text))

    def forward(self) -> bool:
        """Move time to the next due frame and wake it."""
        waiting = [(frame.due, frame.id) for frame in self.execution.frames.values() if frame.due is not None]
        if not waiting:
            return False
        due, number = min(waiting)
        self.now = max(self.now, due)
        self.turn(lambda turn: turn.due(number))
        return True

    @property
    def output(self) -> Any:
        return json.loads(self.execution.output) if self.execution.output is not None else None

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def details(self, kind: str) -> Iterator[dict[str, Any]]:
        for event in self.events:
            if event["type"] == kind:
                yield event.get(details_key(kind), {})


def start(definition: dict[str, Any], data: Any = None, answer: Answer = lambda arguments: arguments) -> Run:
    """Start a machine, and run it until it waits for somebody."""
    text = json.dumps(definition)
    assert validate(text) == []
    execution = Execution(
        arn=f"{PLACE}:execution:m:e",
        name="e",
        machine_arn=f"{PLACE}:stateMachine:m",
        machine_name="m",
        definition=text,
        role="arn:aws:iam::000000000000:role/r",
        input=json.dumps({} if data is None else data),
        started=1_000_000.0,
    )
    run = Run(execution, answer)
    run.turn(lambda turn: turn.start())
    return run


def single(state: dict[str, Any], data: Any = None, answer: Answer = lambda arguments: arguments) -> Run:
    """Run a machine of one state to its end."""
    body = state if state["Type"] in ("Succeed", "Fail", "Choice") else {**state, "End": True}
    return start({"StartAt": "S", "States": {"S": body}}, data, answer).settle()
