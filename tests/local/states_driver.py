"""The durable driver in a test: a store whose process may die, tasks that are remembered, one execution."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from pipecell.definition.asl.resources import Resource
from pipecell.local.home import Home
from pipecell.local.store import Store
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Execution
from tests.local.crash_machines import INPUT
from tests.unit.states.machines import PLACE

DEADLINE = 120.0


class KilledError(Exception):
    """The process is gone."""


class MortalStore(Store):
    """A store whose process dies before or after a commit."""

    def __init__(self, home: Home) -> None:
        self.lives, self.dead, self.last_is_stored = 10**9, threading.Event(), False
        super().__init__(home)
        # It is the process that dies here, not the machine: waiting for the disk would only take time.
        self._writer.execute("PRAGMA synchronous = OFF")

    def _commit(self) -> None:
        self.lives -= 1
        if self.lives >= 0:
            super()._commit()
            return
        if self.last_is_stored and not self.dead.is_set():
            super()._commit()
        else:
            self._writer.execute("ROLLBACK")
        self.dead.set()
        raise KilledError


class Workshop:
    """Carries tasks out and remembers each attempt, as the world outside the process does."""

    def __init__(self) -> None:
        self.done: dict[str, Any] = {}
        self.polled: dict[str, int] = {}

    def perform(self, request: TaskRequest) -> Done | Submitted:
        self.done.setdefault(request.token, request.arguments)
        kind = request.arguments.get("do") if isinstance(request.arguments, dict) else None
        if kind == "job":
            return Submitted({"Job": request.token}, {"name": request.token})
        if kind == "wait":
            return Submitted({"Token": request.token})
        if kind == "fail":
            raise Failure("Boom", "why")
        return Done(json.dumps(request.arguments))

    def poll(self, request: TaskRequest) -> Done | None:
        self.polled[request.token] = self.polled.get(request.token, 0) + 1
        return Done('"job done"') if self.polled[request.token] > 1 else None

    def cancel(self, request: TaskRequest) -> None:
        self.done.pop(request.token, None)

    def read_items(self, request: dict[str, Any]) -> list[Any]:
        return [1, 2, 3]

    def write_results(self, request: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Bucket": "b", "Key": str(len(results))}

    def stand_in(self, resource: Resource) -> tuple[str, ...] | None:
        return None

    def implements(self, service: str, operation: str) -> bool:
        return True

    def execution_result(self, resource: str, described: dict[str, Any]) -> Done:
        return Done(json.dumps(described["output"]))


def start(engine: Engine, definition: dict[str, Any]) -> None:
    execution = Execution(
        arn=f"{PLACE}:execution:m:e",
        name="e",
        machine_arn=f"{PLACE}:stateMachine:m",
        machine_name="m",
        definition=json.dumps(definition),
        role="r",
        input=json.dumps(INPUT),
        started=time.time(),
    )
    engine.start(execution, source_arn=execution.machine_arn)


def engine_on(store: Store, workshop: Workshop) -> Engine:
    engine = Engine(store, workshop, retry_scale=0.001)
    engine.resume()
    return engine


def end(engine: Engine, store: Store) -> None:
    """End the process: nothing of it, not even a task that it had begun, does anything afterwards."""
    engine.close()
    for thread in threading.enumerate():
        if thread.name.startswith("states-task"):
            thread.join(DEADLINE)
    store.close()


def ended(engine: Engine, store: MortalStore) -> dict[str, Any] | None:
    """Return the facts of the execution once it has ended, None if the process died before."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and not store.dead.is_set():
        row = engine.rows.by_arn(f"{PLACE}:execution:m:e")
        if row is not None and row["status"] != "RUNNING":
            facts: dict[str, Any] = json.loads(row["facts"])
            return facts
        store.dead.wait(0.002)
    return None
