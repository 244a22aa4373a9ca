"""The durable driver, killed at every commit: each machine still ends as it should, each task done once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipecell.local.home import Home
from tests.local.crash_machines import MACHINES
from tests.local.states_driver import MortalStore, Workshop, end, ended, engine_on, start


@pytest.mark.parametrize("stored", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("name", MACHINES)
def test_killed_at_every_commit_it_ends_the_same(name: str, stored: bool, tmp_path: Path) -> None:
    definition, output, tasks = MACHINES[name]
    for lives in range(1, 60):
        home = Home(tmp_path / str(lives)).create()
        workshop = Workshop()
        mortal = MortalStore(home)
        engine = engine_on(mortal, workshop)
        start(engine, definition)
        mortal.lives, mortal.last_is_stored = lives - 1, stored
        survived = ended(engine, mortal) is not None
        end(engine, mortal)

        store = MortalStore(home)
        engine = engine_on(store, workshop)
        facts = ended(engine, store)
        events = engine.rows.events(1, after=0, limit=1000, reverse=False)
        end(engine, store)
        assert facts is not None, f"stuck after a kill at commit {lives}"
        assert (facts["status"], json.loads(facts["output"])) == ("SUCCEEDED", output)
        assert len(workshop.done) == tasks
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        if survived:
            return
    raise AssertionError("it never ran to its end in one life")
