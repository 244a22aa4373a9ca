"""Completion of ``%%step`` lines: what may stand there, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipecell.commands.step_table import STEP, STEP_KINDS
from pipecell.commands.verb import parse, split_words
from pipecell.completion import candidates
from pipecell.declare.notebook import Notebook
from pipecell.definition.instances import types_of
from pipecell.workspace import Workspace

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

NAMESPACE: dict[str, Any] = {"threshold": 0.5, "frame": object(), "_hidden": 1}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("1\n")
    notebook = Notebook()
    for line, body in (
        ("processing Clean -i raw=data.csv -o train -o test", "print(inputs)"),
        ("training Train -i train=Clean.train", "num_round: 1"),
        ("condition Good", "if Eval.report['a'] > 1:\n    Train"),
    ):
        call = parse(STEP, split_words(line), face="notebook", program="%%step")
        notebook.declare_step(call.verb.name, vars(call.values), body, {})
    return Workspace(notebook)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%%step ", [verb.name for verb in STEP_KINDS]),
        ("%%step tr", ["training", "transform"]),
        ("%%step processing ", ["Eval"]),
        ("%%step processing Eval -i model=Tr", ["model=Train.model"]),
        ("%%step processing Eval -i x=Clean.", ["x=Clean.train", "x=Clean.test"]),
        ("%%step processing Eval -i x=da", ["x=data.csv"]),
        ("%%step processing Eval --param t=$", ["t=$threshold"]),
        ("%%step processing Eval --image xgb", ["xgboost", "xgboost-neo"]),
        ("%%step processing Eval --cache ", ["1d", "7d", "30d", "off"]),
        ("%%step register R --model ", ["Train"]),
        ("%%step fail F --depends C", ["Clean"]),
        ("%%step fail F --", ["--depends", "--set", "--upload", "--pipeline"]),
        ("%%step fail F --pipeline ", ["Pipeline"]),
        ("%%step nonsense ", []),
    ],
)
def test_candidates(workspace: Workspace, line: str, expected: list[str]) -> None:
    found = candidates(line, workspace, NAMESPACE)
    assert found is not None
    assert found[1] == expected


def test_instance_types_are_those_of_the_job(workspace: Workspace) -> None:
    found = candidates("%%step training T --instance ml.", workspace)
    assert found is not None
    assert found[1] == [name for name in types_of("training") if name.startswith("ml.")]


def test_versions_of_an_image_come_newest_first(workspace: Workspace) -> None:
    found = candidates("%%step training T --image xgboost:", workspace)
    assert found is not None
    assert found[1].index("xgboost:1.7-1") < found[1].index("xgboost:1.5-1")
