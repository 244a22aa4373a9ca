"""What the extension is told of a declared pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipecell.declare.notebook import compile_declaration
from pipecell.frontend.pipelines import describe
from pipecell.pipelines import Pipeline, Source
from pipecell.session import Session
from tests.unit.declare.conftest import SDK_WARNINGS
from tests.unit.declare.jobs.conftest import Cells

pytestmark = [pytest.mark.filterwarnings(warning) for warning in SDK_WARNINGS]

TRAIN = ("training Train -i train=s3://bucket/train", "objective: binary:logistic\nnum_round: 5")


def needs(cells: Cells) -> dict[str, list[str]]:
    """Return what each step needs, by name."""
    declaration = cells.notebook.get(None)
    pipeline = Pipeline("P", Source(lambda: compile_declaration(declaration)), Session())
    steps = describe(pipeline, declaration, {})["steps"]
    names = {step["id"]: step["name"] for step in steps}
    return {step["name"]: [names[needed] for needed in step["needs"]] for step in steps}


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cells:
    monkeypatch.chdir(tmp_path)
    return Cells()


def test_a_tuning_needs_the_training_that_it_tunes_though_no_data_goes_from_one_to_the_other(
    cells: Cells,
) -> None:
    cells.step(*TRAIN)
    cells.step("tuning Tune --training Train --jobs 2", "eta: 0.05..0.5 log")
    assert needs(cells) == {"Train": [], "Tune": ["Train"]}


def test_what_goes_under_another_name_needs_what_its_cell_names(cells: Cells) -> None:
    cells.step(*TRAIN)
    cells.step("register Keep --model Train --group Models")
    assert needs(cells) == {"Train": [], "Keep-RegisterModel": ["Train"]}


def test_a_condition_does_not_need_what_it_leads_to(cells: Cells) -> None:
    cells.step("processing Eval -o report", "print(outputs)")
    cells.step("condition Good", 'if Eval.report["auc"] >= 0.8:\n    Stop\nelse:\n    TooWeak')
    cells.step("fail Stop", "good")
    cells.step("fail TooWeak", "weak")
    assert needs(cells)["Good"] == ["Eval"]
