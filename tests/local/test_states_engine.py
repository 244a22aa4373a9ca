"""The durable driver among threads, full disks and failures of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.errors import EndpointError
from pipecell.local.home import Home
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.frames import Execution
from tests.local.crash_machines import BUCKET, DISTRIBUTED, MACHINES, READER, group
from tests.local.states_driver import DEADLINE, MortalStore, Workshop, ended, engine_on, start
from tests.local.waiting import wait_until
from tests.unit.states.machines import PLACE, TASK


class TightStore(MortalStore):
    """A store whose disk is full at some of the coming commits: ``full`` says at which."""

    full: Iterator[bool] = iter(())

    def _commit(self) -> None:
        if next(self.full, False):
            self._writer.execute("ROLLBACK")
            raise EndpointError("The disk is full.", code="PC806", hint="Free some space.")
        super()._commit()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MortalStore]:
    made = MortalStore(Home(tmp_path / "home").create())
    yield made
    made.close()


@pytest.fixture
def engine(store: MortalStore) -> Iterator[Engine]:
    made = engine_on(store, Workshop())
    yield made
    made.close()


def test_many_waiting_executions_cost_no_turns(tmp_path: Path) -> None:
    store = MortalStore(Home(tmp_path / "home").create())
    engine = engine_on(store, Workshop())
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


def test_an_engine_failure_ends_the_execution_and_not_theengine_on(tmp_path: Path) -> None:
    store = MortalStore(Home(tmp_path / "home").create())
    engine = engine_on(store, Workshop())
    start(engine, group({"Type": "Wait", "Seconds": 1000, "End": True}))

    def broken(_turn: Any) -> None:
        raise ZeroDivisionError

    engine.act(1, broken)
    facts = ended(engine, store)
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
    engine = engine_on(store, workshop)
    start(engine, definition)
    facts = ended(engine, store)
    assert facts is not None
    assert (facts["status"], sorted(workshop.done.values())) == ("FAILED", [1, 2])
    workshop.broken = False
    engine.act(1, lambda turn: turn.redrive())
    again = ended(engine, store)
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
    before = set(threading.enumerate())
    for _ in range(50):
        engine_on(store, Workshop()).close()
    store.close()

    def are_gone() -> bool:
        return "states-scheduler" not in [thread.name for thread in set(threading.enumerate()) - before]

    wait_until(are_gone, "the schedulers' threads end")


def test_who_waits_for_a_change_may_take_turns_while_the_scheduler_does(
    store: MortalStore, engine: Engine
) -> None:
    start(engine, group({"Type": "Wait", "Seconds": 1000, "End": True}))
    asked, turning = threading.Event(), threading.Event()

    def busy(_turn: Any) -> None:
        turning.set()
        asked.wait(DEADLINE)

    def take_a_turn() -> bool:
        if turning.is_set():
            asked.set()
            engine.act(1, lambda turn: turn.stop(None, None) if turn.execution.running else None)
        return asked.is_set()

    waiting = threading.Thread(target=engine.wait, args=(take_a_turn, DEADLINE), daemon=True)
    engine.post(1, busy)
    waiting.start()
    facts = ended(engine, store)
    assert facts is not None, "each of the two waits for the other"
    assert facts["status"] == "ABORTED"
    waiting.join()


def test_the_scheduler_hears_of_a_time_that_a_request_named(store: MortalStore, engine: Engine) -> None:
    definition = {
        "StartAt": "T",
        "States": {
            "T": {"Type": "Task", "Resource": TASK, "Parameters": {"do": "wait"}, "Next": "W"},
            "W": {"Type": "Wait", "Seconds": 1, "End": True},
        },
    }
    start(engine, definition)
    find = "SELECT id, token FROM states_frames WHERE phase = 'task' AND small LIKE '%submitted%'"
    assert engine.wait(lambda: bool(store.query(find)), DEADLINE)
    frame = store.query(find)[0]
    # Longer than the scheduler needs to fall asleep with nothing to wait for.
    time.sleep(0.2)
    engine.act(1, lambda turn: turn.task_event("succeeded", frame["id"], frame["token"], output="1"))
    facts = ended(engine, store)
    assert facts is not None, "nobody told the scheduler of the wait"
    assert facts["status"] == "SUCCEEDED"


@pytest.mark.parametrize("name", ["distributed map", "parallel"])
def test_a_disk_that_was_full_for_a_while_loses_no_turn(name: str, tmp_path: Path) -> None:
    definition, output, tasks = MACHINES[name]
    store, workshop = TightStore(Home(tmp_path / "home").create()), Workshop()
    engine = engine_on(store, workshop)
    start(engine, definition)
    store.full = iter([False, True, True, False, False, True, False, True] * 2)
    facts = ended(engine, store)
    engine.close()
    store.close()
    assert facts is not None, "it stands still since the disk was full"
    assert (facts["status"], json.loads(facts["output"])) == ("SUCCEEDED", output)
    assert len(workshop.done) == tasks
