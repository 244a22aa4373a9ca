"""The durable driver, killed at every commit: each machine still ends as it should, each task done once."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.home import Home
from pipecell.local.store import Store
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Execution
from pipecell.local.work.states.resources import Resource
from tests.unit.states.machines import PLACE, TASK

DEADLINE = 20.0


class KilledError(Exception):
    """The process is gone."""


class MortalStore(Store):
    """A store whose process dies before or after a commit."""

    def __init__(self, home: Home) -> None:
        self.lives, self.dead, self.last_is_stored = 10**9, threading.Event(), False
        super().__init__(home)

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

    def execution_result(self, resource: str, described: dict[str, Any]) -> Done:
        return Done(json.dumps(described["output"]))


def _task(**arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": TASK, "Parameters": arguments, "End": True}


def _group(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "Inner", "States": {"Inner": state}}


DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
JOB = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync"}

MACHINES: dict[str, tuple[dict[str, Any], Any, int]] = {
    "pass": (_group({"Type": "Pass", "Result": 1, "End": True}), 1, 0),
    "wait": (_group({"Type": "Wait", "Seconds": 0, "End": True}), {"l": [1, 2]}, 0),
    "task": (_group(_task(a=1)), {"a": 1}, 1),
    "job": (_group({**JOB, "Parameters": {"do": "job"}, "End": True}), "job done", 1),
    "retry and catch": (
        {
            "StartAt": "T",
            "States": {
                "T": {
                    **_task(do="fail"),
                    "Retry": [{"ErrorEquals": ["Boom"], "MaxAttempts": 2}],
                    "Catch": [{"ErrorEquals": ["Boom"], "Next": "C"}],
                },
                "C": {"Type": "Pass", "Result": "caught", "End": True},
            },
        },
        "caught",
        3,
    ),
    "parallel": (
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "X", "States": {"X": _task(a=1)}},
            {"StartAt": "Y", "States": {"Y": _task(a=2)}},
        ]}}},
        [{"a": 1}, {"a": 2}],
        2,
    ),
    "map": (
        {"StartAt": "M", "States": {"M": {
            "Type": "Map", "ItemsPath": "$.l", "MaxConcurrency": 1, "End": True,
            "ItemProcessor": _group(_task(a=1)),
        }}},
        [{"a": 1}, {"a": 1}],
        2,
    ),
    "distributed map": (
        {"StartAt": "M", "States": {"M": {
            "Type": "Map",
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b"}},
            "ItemProcessor": {**_group(_task(a=1)), **DISTRIBUTED},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
            "ResultSelector": {"n.$": "$.ResultWriterDetails.Key"},
            "End": True,
        }}},
        {"n": "3"},
        3,
    ),
}  # fmt: skip


def _start(engine: Engine, definition: dict[str, Any]) -> None:
    execution = Execution(
        arn=f"{PLACE}:execution:m:e",
        name="e",
        machine_arn=f"{PLACE}:stateMachine:m",
        machine_name="m",
        definition=json.dumps(definition),
        role="r",
        input='{"l": [1, 2]}',
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
        store.dead.wait(0.01)
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
    definition = json.dumps(_group({"Type": "Wait", "Seconds": 1000, "End": True}))
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
    _start(engine, _group({"Type": "Wait", "Seconds": 1000, "End": True}))

    def broken(_turn: Any) -> None:
        raise ZeroDivisionError

    engine.act(1, broken)
    facts = _ended(engine, store)
    engine.close()
    store.close()
    assert facts is not None
    assert (facts["status"], facts["error"]) == ("FAILED", "States.Runtime")
