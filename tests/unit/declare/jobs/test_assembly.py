"""Cells in any order, run again, renamed, moved and deleted: the same definition, and no ghosts."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.workspace import Workspace
from tests.unit.declare.jobs.conftest import Cells

CELLS = {
    "a": ("processing Clean -i raw=data.csv -o train -o test", "print(inputs, outputs)"),
    "b": ("training Train -i train=Clean.train", "objective: binary:logistic\nnum_round: 5"),
    "c": ("processing Eval -i model=Train.model -i test=Clean.test -o report", "print(inputs)"),
    "d": ("condition Good", 'if Eval.report["auc"] >= 0.8:\n    Register\nelse:\n    TooWeak'),
    "e": ("register Register --model Train --group Group", ""),
    "f": ("fail TooWeak", "too weak"),
}


def run(cells: Cells, order: str) -> None:
    for key in order:
        cells.step(*CELLS[key], cell_id=key)


def test_alone_a_cell_is_a_pipeline(cells: Cells) -> None:
    cells.step("processing Clean -i raw=data.csv -o clean", "print(inputs)")
    assert [step["Name"] for step in cells.body()["Steps"]] == ["Clean"]
    assert cells.compiled().document.name == "Pipeline"


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(order=st.permutations("abcdef"))
def test_any_order_gives_the_same_bytes(tmp_path: Path, order: list[str]) -> None:
    (tmp_path / "data.csv").write_text("y,x\n1,2\n")
    straight, other = Cells(), Cells()
    run(straight, "abcdef")
    run(other, "".join(order))
    assert other.text() == straight.text()
    assert other.problems() == []


def test_every_step_stands_before_those_that_wait_for_it(cells: Cells) -> None:
    run(cells, "fedcba")
    assert [step["Name"] for step in cells.body()["Steps"]] == ["Clean", "Train", "Eval", "Good"]


def test_a_step_may_be_named_before_its_cell_runs(cells: Cells) -> None:
    run(cells, "d")
    missing = {(missed.name, missed.kind) for missed in cells.compiled().missing}
    assert missing == {("Eval", "data"), ("Register", "branch"), ("TooWeak", "branch")}
    assert cells.problems() == [("PC648", "Good"), ("PC648", "Good")]
    run(cells, "abcef")
    assert cells.compiled().missing == ()


def test_a_renamed_step_leaves_nothing(cells: Cells, tmp_path: Path) -> None:
    cells.step("processing Old -i raw=data.csv -o clean", "print(inputs)", cell_id="a")
    cells.step("processing New -i raw=data.csv -o clean", "print(inputs)", cell_id="a")
    assert list(cells.steps()) == ["New"]
    assert [path.name for path in (tmp_path / "steps/Pipeline").iterdir()] == ["New.py"]


def test_a_script_that_somebody_changed_stays(cells: Cells, tmp_path: Path) -> None:
    cells.step("processing Old -o clean", "print(outputs)", cell_id="a")
    (tmp_path / "steps/Pipeline/Old.py").write_text("# mine\n")
    cells.step("processing New -o clean", "print(outputs)", cell_id="a")
    assert (tmp_path / "steps/Pipeline/Old.py").read_text() == "# mine\n"


def test_a_moved_cell_takes_its_step_along(cells: Cells) -> None:
    run(cells, "ab")
    cells.step(*CELLS["b"], cell_id="moved")  # cut and pasted: another id, the same name
    cells.notebook.forget("b")
    assert sorted(cells.steps()) == ["Clean", "Train"]


def test_a_copied_cell_is_told_of_the_first(cells: Cells) -> None:
    run(cells, "ab")
    copy = cells.step(*CELLS["b"], cell_id="copy")
    (found,) = [found for found in copy.diagnostics if found.code == "PC612"]
    assert (found.step, found.cell, found.severity) == ("Train", 3, "warning")
    assert "declared by cell 2, too" in found.message
    assert sorted(cells.steps()) == ["Clean", "Train"]
    cells.notebook.forget("b")
    assert cells.problems() == []


def test_a_deleted_cell_takes_its_step_and_script_along(cells: Cells, tmp_path: Path) -> None:
    run(cells, "abc")
    cells.notebook.forget("a")
    assert sorted(cells.steps()) == ["Eval", "Train"]
    assert not (tmp_path / "steps/Pipeline/Clean.py").exists()
    assert {missed.name for missed in cells.compiled().missing} == {"Clean"}


def test_an_output_that_is_gone_is_told_at_the_cell_that_reads_it(cells: Cells) -> None:
    run(cells, "ab")
    cells.step("processing Clean -i raw=data.csv -o training", "print(inputs)", cell_id="a")
    assert cells.problems() == [("PC647", "Train")]
    run(cells, "a")
    assert cells.problems() == []


def test_a_missing_output_is_one_problem(cells: Cells) -> None:
    run(cells, "ab")
    cells.step("processing Clean -i raw=data.csv -o training", "print(inputs)", cell_id="a")
    checked = Workspace(notebook=cells.notebook).pipeline("Pipeline").check()
    said = [found.code for found in checked if "has no output" in found.message]
    assert said == ["PC647"]


def test_only_what_a_cell_touches_is_made_again(cells: Cells) -> None:
    run(cells, "abcdef")
    before = {run.key: run.capture for run in cells.notebook.get().runs}
    cells.step(*CELLS["c"], cell_id="c")
    after = {run.key: run.capture for run in cells.notebook.get().runs}
    assert {key for key in after if after[key] is not before[key]} == {"c"}


def test_the_first_pipeline_that_is_named_takes_the_cells_before_it(cells: Cells, tmp_path: Path) -> None:
    run(cells, "a")
    cells.pipeline("Census", "x = 1")
    run(cells, "b")
    assert list(cells.notebook.declarations) == ["Census"]
    assert sorted(cells.steps("Census")) == ["Clean", "Train"]
    assert (tmp_path / "steps/Census/Clean.py").is_file()
    assert not (tmp_path / "steps/Pipeline/Clean.py").exists()


def test_a_cell_stays_in_its_pipeline_when_another_was_opened_since(cells: Cells) -> None:
    cells.pipeline("First", "x = 1", cell_id="1")
    run(cells, "a")
    cells.pipeline("Second", "x = 1", cell_id="2")
    run(cells, "a")
    assert [list(cells.notebook.declarations), list(cells.steps("First"))] == [["First", "Second"], ["Clean"]]


def test_pipeline_option_moves_a_cell(cells: Cells) -> None:
    cells.pipeline("First", "x = 1", cell_id="1")
    run(cells, "ab")
    cells.step(CELLS["b"][0] + " --pipeline Other", CELLS["b"][1], cell_id="b")
    assert {name: list(cells.steps(name)) for name in cells.notebook.declarations} == {
        "First": ["Clean"],
        "Other": ["Train"],
    }


def test_a_step_of_the_sdk_and_a_cell_read_each_other(cells: Cells) -> None:
    cells.pipeline(
        "Mixed",
        "from sagemaker.workflow.fail_step import FailStep\nstop = FailStep(name='Stop', error_message='no')",
        cell_id="p",
    )
    cells.step("processing Clean -i raw=data.csv -o report", "print(inputs)", cell_id="a")
    cells.step("condition Good", 'if Clean.report["a"] > 1:\n    pass\nelse:\n    stop', cell_id="c")
    assert [step["Name"] for step in cells.body()["Steps"]] == ["Clean", "Good"]
    assert cells.steps()["Good"]["Arguments"]["ElseSteps"][0]["Name"] == "Stop"


def test_two_conditions_cannot_share_a_step(cells: Cells) -> None:
    run(cells, "abcdef")
    cells.step("condition Again", 'if Eval.report["auc"] > 0.1:\n    TooWeak', cell_id="g")
    assert ("PC652", "Good") in cells.problems()


def test_permutations_of_a_fan_in(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("y,x\n1,2\n")
    lines = {
        "1": ("processing Left -i raw=data.csv -o part", "print(1)"),
        "2": ("processing Right -i raw=data.csv -o part", "print(2)"),
        "3": ("processing Both -i left=Left.part -i right=Right.part -o all", "print(3)"),
    }
    texts = set()
    for order in itertools.permutations(lines):
        cells = Cells()
        for key in order:
            cells.step(*lines[key], cell_id=key)
        texts.add(cells.text())
    assert len(texts) == 1


def test_a_cell_that_another_breaks_is_told_and_declares_nothing(cells: Cells) -> None:
    run(cells, "ab")
    cells.step("tuning Search --training Train", "eta: 0.1..0.5", cell_id="t")
    cells.step("training Train -i train=Clean.train --image pytorch:2.1", "print(inputs)", cell_id="b")
    assert cells.problems() == [("PC650", "Search")]
    assert sorted(cells.steps()) == ["Clean", "Train"]
    run(cells, "b")
    assert sorted(cells.steps()) == ["Clean", "Search", "Train"]


def test_compiling_again_gives_the_same(cells: Cells) -> None:
    run(cells, "abcdef")
    assert cells.text() == cells.text()


def test_a_misspelt_output_is_one_problem_of_the_cell_that_reads_it(cells: Cells) -> None:
    pipeline = Workspace(cells.notebook).pipeline
    cells.step("processing Eval -i raw=data.csv -o report", "print(inputs)")
    cells.step("condition Good", 'if Eval.reprot["auc"] >= 0.8:\n    TooWeak')
    cells.step("fail TooWeak", "no")
    assert [(found.code, found.step) for found in pipeline().check().errors] == [("PC647", "Good")]


def test_without_ids_an_earlier_version_of_a_cell_does_not_come_back(cells: Cells) -> None:
    cells.step("fail Weak", "one")
    cells.step("fail Weak", "two")
    cells.step("fail Other", "three")
    cells.notebook.forget(cells.notebook.get().held["Weak"].run.key)
    assert list(cells.steps()) == ["Other"]
