"""The durable driver, killed at every commit: each machine still ends as it should, each task done once."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipecell.definition.asl.resources import Resource
from pipecell.local.home import Home
from pipecell.local.store import Store
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Execution
from tests.local.crash_machines import BUCKET, DISTRIBUTED, INPUT, MACHINES, READER, group
from tests.unit.states.machines import PLACE, TASK

DEADLINE = 20.0


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


def _start(engine: Engine, definition: dict[str, Any]) -> None:
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


def _engine(store: Store, workshop: Workshop) -> Engine:
    engine = Engine(store, workshop, retry_scale=0.001)
    engine.resume()
    return engine


def _ended(engine: Engine, store: MortalStore) -> dict[str, Any] | None:
    """Return the facts of the execution once it has ended, None if the process died before."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and not store.dead.is_set():
        row = engine.rows.by_arn(f"{PLACE}:execution:m:e")
        if row is not None and row["status"] != "RUNNING":
            facts: dict[str, Any] = json.loads(row["facts"])
            return facts
        store.dead.wait(0.002)
    return None


@pytest.mark.parametrize("stored", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("name", MACHINES)
def test_killed_at_every_commit_it_ends_the_same(name: str, stored: bool, tmp_path: Path) -> None:
    definition, output, tasks = MACHINES[name]
    for lives in range(1, 60):
        home = Home(tmp_path / str(lives)).create()
        workshop = Workshop()
        mortal = MortalStore(home)
        engine = _engine(mortal, workshop)
        _start(engine, definition)
        mortal.lives, mortal.last_is_stored = lives - 1, stored
        survived = _ended(engine, mortal) is not None
        engine.close()
        mortal.close()

        store = MortalStore(home)
        engine = _engine(store, workshop)
        facts = _ended(engine, store)
        events = engine.rows.events(1, after=0, limit=1000, reverse=False)
        engine.close()
        store.close()
        assert facts is not None, f"stuck after a kill at commit {lives}"
        assert (facts["status"], json.loads(facts["output"])) == ("SUCCEEDED", output)
        assert len(workshop.done) == tasks
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        if survived:
            return
    raise AssertionError("it never ran to its end in one life")


def test_many_waiting_executions_cost_no_turns(tmp_path: Path) -> None:
    store = MortalStore(Home(tmp_path / "home").create())
    engine = _engine(store, Workshop())
    definition = json.dumps(group({"Type": "Wait", "Seconds": 1000, "End": True}))
    for number in range(200):
        engine.start(
            Execution(
                arn=f"{PLACE}:execution:m:{number}",
                name=str(number),
                machine_arn=f"{PLACE}:stateMachine:m",
                machine_name="m",
                definition=definition,
                role="r",
                input="{}",
                started=time.time(),
            ),
            source_arn=f"{PLACE}:stateMachine:m",
        )
    count = "SELECT COUNT(*) AS n FROM states_frames WHERE phase = 'wait'"
    assert engine.wait(lambda: engine.store.query(count)[0]["n"] == 200, DEADLINE)
    before = time.thread_time(), store.lives
    assert engine.rows.due(time.time()) == []
    engine.close()
    assert store.lives == before[1]
    store.close()


def test_an_engine_failure_ends_the_execution_and_not_the_engine(tmp_path: Path) -> None:
    store = MortalStore(Home(tmp_path / "home").create())
    engine = _engine(store, Workshop())
    _start(engine, group({"Type": "Wait", "Seconds": 1000, "End": True}))

    def broken(_turn: Any) -> None:
        raise ZeroDivisionError

    engine.act(1, broken)
    facts = _ended(engine, store)
    engine.close()
    store.close()
    assert facts is not None
    assert (facts["status"], facts["error"]) == ("FAILED", "States.Runtime")


def test_a_redriven_map_run_goes_on_with_the_items_that_failed(tmp_path: Path) -> None:
    class Moody(Workshop):
        """Fails the second item until it is told not to."""

        broken = True

        def perform(self, request: TaskRequest) -> Done | Submitted:
            self.done[request.token] = request.arguments
            if self.broken and request.arguments == 2:
                raise Failure("Boom", "why")
            return Done(json.dumps(request.arguments))

    task = {"Type": "Task", "Resource": TASK, "End": True}
    definition = group(
        {
            "Type": "Map",
            "ItemReader": {**READER, "Parameters": BUCKET},
            "ItemProcessor": {**group(task, "T"), **DISTRIBUTED},
            "ToleratedFailureCount": 0,
            "MaxConcurrency": 1,
            "End": True,
        }
    )
    workshop, store = Moody(), MortalStore(Home(tmp_path / "home").create())
    engine = _engine(store, workshop)
    _start(engine, definition)
    facts = _ended(engine, store)
    assert facts is not None
    assert (facts["status"], sorted(workshop.done.values())) == ("FAILED", [1, 2])
    workshop.broken = False
    engine.act(1, lambda turn: turn.redrive())
    again = _ended(engine, store)
    runs = store.query("SELECT status FROM states_map_runs")
    children = store.query("SELECT status FROM states_executions WHERE map_run IS NOT NULL")
    engine.close()
    store.close()
    assert again is not None
    assert (again["status"], json.loads(again["output"])) == ("SUCCEEDED", [1, 2, 3])
    assert sorted(workshop.done.values()) == [1, 2, 2, 3]
    assert [run["status"] for run in runs] == ["SUCCEEDED"]
    assert [child["status"] for child in children] == ["SUCCEEDED"] * 3


def test_a_closed_engine_leaves_no_thread_behind(tmp_path: Path) -> None:
    store = MortalStore(Home(tmp_path / "home").create())
    for _ in range(50):
        _engine(store, Workshop()).close()
    store.close()
    assert "states-scheduler" not in [thread.name for thread in threading.enumerate()]
