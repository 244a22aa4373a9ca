"""Completion derives from the table, and from what the notebook declares."""

from __future__ import annotations

import pytest

from pipecell.commands.table import VERBS
from pipecell.completion import candidates
from pipecell.declare.compiled import Compiled
from pipecell.definition.document import read_document
from pipecell.workspace import Workspace
from tests.unit.engines.fakes import DEFINITION


@pytest.fixture
def workspace() -> Workspace:
    workspace = Workspace()
    workspace.add(Compiled(read_document(DEFINITION, name="Census")))
    return workspace


@pytest.mark.parametrize(
    ("line", "begun", "expected"),
    [
        ("%pipeline pre", "pre", ["preview"]),
        ("run = %pipeline re", "re", ["retry"]),
        ("%pipeline run --prof", "--prof", ["--profile"]),
        ("%pipeline run --profile ", "", ["smoke", "full"]),
        ("%pipeline run --profile full --on l", "l", ["local"]),
        ("%pipeline run --set R", "R", ["Rounds="]),
        ("%pipeline run --only Prepare,T", "Prepare,T", ["Prepare,Train"]),
        ("%pipeline logs ", "", ["Prepare", "Train"]),
        ("%pipeline logs --follow T", "T", ["Train"]),
        ("%pipeline profile ", "", ["smoke", "full"]),
        ("%pipeline profile smoke ", "", ["Rounds="]),
        ("%pipeline target ", "", ["local", "aws"]),
        ("%pipeline watch ", "", ["last"]),
        ("%pipeline local sta", "sta", ["start", "status"]),
        ("%pipeline preview --pipeline ", "", ["Census"]),
        ("%%pipeline C", "C", ["Census"]),
        ("%%pipeline Census --engine s", "s", ["sagemaker", "stepfunctions"]),
        ("%pipeline nonsense ", "", []),
    ],
)
def test_candidates(workspace: Workspace, line: str, begun: str, expected: list[str]) -> None:
    assert candidates(line, workspace) == (begun, expected)


def test_the_verbs_of_a_notebook(workspace: Workspace) -> None:
    found = candidates("%pipeline ", workspace)
    assert found is not None
    assert found[1] == [verb.name for verb in VERBS if "notebook" in verb.faces]


def test_an_option_is_offered_once_unless_it_repeats(workspace: Workspace) -> None:
    found = candidates("%pipeline run --wait --set Rounds=1 --", workspace)
    assert found is not None
    assert "--wait" not in found[1]
    assert "--set" in found[1]


@pytest.mark.parametrize("line", ["x = 1", "%pipeline", "%time foo", "print(1) %%pipeline A", "%pipelines x"])
def test_other_lines_are_not_ours(workspace: Workspace, line: str) -> None:
    assert candidates(line, workspace) is None


def test_nothing_declared_offers_no_names() -> None:
    assert candidates("%pipeline logs ", Workspace()) == ("", [])
