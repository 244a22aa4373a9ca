from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipecell.declare.declaration import Declaration
from pipecell.declare.notebook import Notebook
from pipecell.declare.sagemaker_v2 import compile as compile_pipeline
from tests.unit.declare.chapter import CELLS, PIPELINE

GOLDEN = Path(__file__).parent / "golden" / "chapter.json"
PARAMETERS = {
    "ProcessingInstanceType",
    "ProcessingInstanceCount",
    "TrainingInstanceType",
    "ModelApprovalStatus",
    "InputDataUrl",
}


@pytest.fixture(autouse=True)
def scripts(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    for name in ("preprocessing", "evaluation"):
        (tmp_path / "code" / f"{name}.py").write_text(f"print('{name}')\n")


def _declare(notebook: Notebook, cells: tuple[str, ...]) -> Declaration:
    namespace = {"__name__": "__main__"}
    for number, source in enumerate(cells, 1):
        declaration = notebook.declare(
            "CensusPipeline", source, namespace, cell_id=f"cell{number}", cell=number
        )
    return declaration


def test_compiles_to_the_golden_definition(notebook: Notebook) -> None:
    """Made by ``python -m tests.unit.declare.golden``; read its difference before you commit it."""
    compiled = compile_pipeline(_declare(notebook, CELLS))
    assert compiled.document.body == json.loads(GOLDEN.read_text())
    assert compiled.document.name == "CensusPipeline"
    code = [
        processing["S3Input"]["S3Uri"]
        for step in compiled.document.body["Steps"]
        for processing in step["Arguments"].get("ProcessingInputs", ())
        if processing["InputName"] == "code"
    ]
    assert [upload.uri for upload in compiled.uploads] == code


def test_names_the_cell_of_each_step(notebook: Notebook) -> None:
    declaration = _declare(notebook, CELLS)
    assert declaration.cells == {
        "CensusProcess": 2,
        "CensusTrain": 3,
        "CensusEval": 4,
        "CensusRegisterModel": 5,
        "CensusRegisterModel-RegisterModel": 5,
        "CheckAUCScore": 5,
    }
    assert [step.name for step in declaration.steps] == [
        "CensusProcess",
        "CensusTrain",
        "CensusEval",
        "CheckAUCScore",
    ]


def test_parameters_are_found_by_reference(notebook: Notebook) -> None:
    body = compile_pipeline(_declare(notebook, CELLS)).document.body
    assert {parameter["Name"] for parameter in body["Parameters"]} == PARAMETERS


def test_the_whole_chapter_in_one_cell_with_its_own_pipeline(notebook: Notebook) -> None:
    declaration = _declare(notebook, ("".join(CELLS) + PIPELINE,))
    body = compile_pipeline(declaration).document.body
    golden = json.loads(GOLDEN.read_text())
    assert body["Steps"] == golden["Steps"]
    assert body["Parameters"][0]["Name"] == "ProcessingInstanceType"
    assert [note.code for note in declaration.diagnostics] == ["PC604"]


def test_running_the_first_step_again_keeps_one_of_each(notebook: Notebook) -> None:
    _declare(notebook, CELLS)
    namespace = {"__name__": "__main__"}
    exec(CELLS[0], namespace)
    declaration = notebook.declare("CensusPipeline", CELLS[1], namespace, cell_id="cell2", cell=9)
    body = compile_pipeline(declaration).document.body
    assert [step["Name"] for step in body["Steps"]] == [
        "CensusProcess",
        "CensusTrain",
        "CensusEval",
        "CheckAUCScore",
    ]
    assert declaration.cells["CensusProcess"] == 9
