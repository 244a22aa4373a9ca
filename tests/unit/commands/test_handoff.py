"""What a kernel hands over arrives as it was: definition, files, role, findings, and errors."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipecell.commands import handoff
from pipecell.declare.compiled import Compiled, Upload
from pipecell.definition.checks import Diagnostic
from pipecell.definition.document import read_document
from pipecell.errors import DefinitionError, UsageError
from pipecell.profiles import Profile
from pipecell.workspace import Workspace
from tests.unit.engines.fakes import DEFINITION


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Workspace:
    found = Workspace()
    monkeypatch.setattr("pipecell.loaded.loaded", lambda _: SimpleNamespace(workspace=found))
    return found


def test_everything_arrives(workspace: Workspace, tmp_path: Path) -> None:
    script = tmp_path / "code" / "train.py"
    script.parent.mkdir()
    script.write_text("print(1)")
    sent = Compiled(
        read_document(DEFINITION, name="Census", origin="book.ipynb", cells={"Train": 4}),
        (Upload(b"\x00bytes", "b", "k1", "d1", kms_key="key"), Upload(script, "b", "k2", "d2")),
        tags=({"Key": "team", "Value": "census"},),
        role="arn:aws:iam::000000000000:role/mine",
        region="eu-west-1",
        parallelism={"MaxParallelExecutionSteps": 3},
    )
    finding = Diagnostic("PC620", "warning", "Train", "Arguments", "held back", "use run", 4)
    profile = Profile("quick", {"Rounds": 5}, "smoke")
    workspace.add(sent, (finding,), (profile,))
    folder = tmp_path / "handoff"
    folder.mkdir()
    handoff.write(str(folder), None)
    compiled, diagnostics, profiles = handoff.read(folder)
    assert compiled == sent
    assert profiles == (profile,)
    assert diagnostics == (finding,)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())


def test_one_of_several_has_to_be_chosen(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("One", "Two"):
        workspace.add(Compiled(read_document(DEFINITION, name=name)))
    handoff.write(str(tmp_path), None)
    with pytest.raises(UsageError, match=r"declares 2 pipelines\. Choose with --pipeline: One, Two\."):
        handoff.read(tmp_path)


def test_an_error_of_the_kernel_is_raised_again(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise DefinitionError("no steps", code="PC602", hint="Add one.", step="Train", cell=3)

    monkeypatch.setattr(workspace, "pipeline", fails)
    handoff.write(str(tmp_path), None)
    with pytest.raises(DefinitionError) as caught:
        handoff.read(tmp_path)
    assert str(caught.value) == "PC602 · step Train — no steps Add one. (cell 3)"


def test_a_kernel_without_pipecell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pipecell.loaded.loaded", lambda _: None)
    handoff.write(str(tmp_path), None)
    with pytest.raises(UsageError, match="never loads pipecell"):
        handoff.read(tmp_path)


def test_reading_is_known_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(handoff.READING, raising=False)
    assert not handoff.reading()
    monkeypatch.setitem(os.environ, handoff.READING, "1")
    assert handoff.reading()
