"""``%%step`` cells become SDK code that gives the same definition, byte for byte, or nothing is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipecell.conversion import to_sdk
from pipecell.declare.notebook import Notebook, compile_declaration
from pipecell.errors import UsageError
from tests.unit.declare.jobs.conftest import Cells
from tests.unit.declare.jobs.test_assembly import run

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Running within a PipelineSession"),
]


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cells:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("y,x\n1,2\n")
    return Cells()


def test_the_definition_stays_the_same(cells: Cells) -> None:
    run(cells, "fdcbea")
    made = to_sdk(cells.notebook.get(), cells.namespace)
    notebook, space = Notebook(), dict(cells.namespace)
    for number, cell in enumerate(made.after):
        first, _, body = cell.partition("\n")
        assert first == "%%pipeline Pipeline"
        notebook.declare("Pipeline", body, space, cell_id=str(number))
    compiled = compile_declaration(notebook.get())
    assert json.dumps(compiled.document.body) == cells.text()
    assert {upload.uri for upload in compiled.uploads} == {upload.uri for upload in cells.compiled().uploads}


def test_the_diff_shows_both_sides(cells: Cells) -> None:
    run(cells, "a")
    diff = to_sdk(cells.notebook.get(), cells.namespace).diff()
    assert "-%%step" in diff
    assert "+%%pipeline Pipeline" in diff
    assert "+step_clean = ProcessingStep(" in diff
    assert "+        inputs=[ProcessingInput(" in diff


def test_a_pipeline_without_cells_that_are_jobs_is_refused(cells: Cells) -> None:
    cells.pipeline("P", "x = 1")
    with pytest.raises(UsageError, match=r"has no %%step cell"):
        to_sdk(cells.notebook.get(), cells.namespace)


def test_a_missing_step_is_refused(cells: Cells) -> None:
    run(cells, "b")
    with pytest.raises(UsageError, match=r"No cell declares Clean yet"):
        to_sdk(cells.notebook.get(), cells.namespace)
