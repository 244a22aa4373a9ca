"""How a run is drawn at one look."""

from __future__ import annotations

from typing import Any

from pipecell.definition import read_graph
from pipecell.definition.document import read_document
from pipecell.engines.engine import StepSnapshot
from pipecell.run_picture import RunPicture
from tests.unit.engines.fakes import DEFINITION, snapshot

DOCUMENT = read_document(DEFINITION, name="p")
DONE = StepSnapshot("Prepare", "Processing", "Succeeded", 1.0, 2.0)


def picture(
    *steps: StepSnapshot, status: str = "Executing", reachable: bool = True, **seen: Any
) -> RunPicture:
    look = snapshot(status, steps=steps, **seen)
    return RunPicture(DOCUMENT, read_graph(DOCUMENT), look, "smoke", reachable=reachable)


def test_it_counts_what_is_done_while_it_runs() -> None:
    assert picture(DONE).count == "1 of 2 steps"
    reused = StepSnapshot("Prepare", "Processing", "Succeeded", 1.0, 2.0, cached=True)
    assert picture(reused).count == "1 of 2 steps, 1 reused"
    assert picture(DONE, status="Succeeded", ended=4.0).count == ""


def test_the_line_above_says_where_and_which_profile_and_whether_it_was_seen() -> None:
    seen = picture(DONE, status="Succeeded", started=10.0, ended=72.4).header
    assert (seen.title, seen.status, seen.elapsed) == ("p", "Succeeded", "1:02")
    assert seen.chips == ("smoke", "on this machine")
    assert picture(DONE, reachable=False).header.chips[-1] == "not reachable now"


def test_each_step_that_began_has_its_state() -> None:
    assert {name: state.status for name, state in picture(DONE).states.items()} == {"Prepare": "Succeeded"}
