"""Many state machines: what 10,000 executions leave in memory, and what 10,000 that wait cost."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pipecell.local.home import Home
from pipecell.local.store import Store
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.frames import Execution
from tests.bench.row import Row

MANY = 10_000
WARM_UP = 1_000
WATCHED_SECONDS = 5.0
DEADLINE_SECONDS = 300.0
PLACE = "arn:aws:states:us-east-1:000000000000"


def megabytes() -> float:
    """Return the memory of this process that is resident; the most it ever was, where Linux is not."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return pages * resource.getpagesize() / (1024 * 1024)


def start(engine: Engine, state: dict[str, Any], kind: str, numbers: range) -> None:
    """Start executions of a machine of one state."""
    definition = json.dumps({"StartAt": "S", "States": {"S": {**state, "End": True}}})
    machine = f"{PLACE}:stateMachine:{kind}"
    for number in numbers:
        execution = Execution(
            arn=f"{PLACE}:execution:{kind}:{number}",
            name=str(number),
            machine_arn=machine,
            machine_name=kind,
            definition=definition,
            role="arn:aws:iam::000000000000:role/bench",
            input="{}",
            started=time.time(),
        )
        engine.start(execution, source_arn=machine)


def settle(engine: Engine, query: str, number: int) -> None:
    """Wait until a query counts so many.

    Raises:
        RuntimeError: it does not in time.
    """
    if not engine.wait(lambda: engine.store.query(query)[0]["n"] >= number, DEADLINE_SECONDS):
        raise RuntimeError(f"{query} did not reach {number}")


def measure() -> list[Row]:
    """Run them in this process, on a store like the endpoint's."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Home(Path(folder) / "home").create())
        engine = Engine(store, _NoTasks())  # type: ignore[arg-type]
        engine.resume()
        try:
            return [_memory(engine), _waiting(engine)]
        finally:
            engine.close()
            store.close()


class _NoTasks:
    """Nothing is carried out: the machines have no tasks."""


def _memory(engine: Engine) -> Row:
    ended = "SELECT COUNT(*) AS n FROM states_executions WHERE status = 'SUCCEEDED'"
    start(engine, {"Type": "Pass"}, "pass", range(WARM_UP))
    settle(engine, ended, WARM_UP)
    before = megabytes()
    start(engine, {"Type": "Pass"}, "pass", range(WARM_UP, WARM_UP + MANY))
    settle(engine, ended, WARM_UP + MANY)
    return Row(f"state machines: memory after {MANY:,} executions, more", megabytes() - before, 16, unit="MB")


def _waiting(engine: Engine) -> Row:
    start(engine, {"Type": "Wait", "Seconds": 100_000}, "wait", range(MANY))
    settle(engine, "SELECT COUNT(*) AS n FROM states_frames WHERE phase = 'wait'", MANY)
    before = time.process_time()
    time.sleep(WATCHED_SECONDS)
    used = time.process_time() - before
    return Row(f"state machines: CPU of {MANY:,} that wait, in {WATCHED_SECONDS:g} s", used, 0.05)
