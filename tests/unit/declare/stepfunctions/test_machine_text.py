"""A whole machine in a cell, as JSON or YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipecell.declare.files import read_file
from pipecell.declare.notebook import compile_declaration
from pipecell.declare.stepfunctions.machine_text import is_machine, read_machine
from pipecell.definition import read_document
from pipecell.definition.checks import check
from pipecell.errors import DefinitionError
from tests.unit.declare.conftest import Declare

YAML = """
Comment: waits, then says yes
StartAt: Rest
States:
  Rest: {Type: Wait, Timestamp: 2026-01-01T00:00:00Z, Next: "Yes"}
  Yes:
    Type: Parallel
    Branches:
      - StartAt: Inner
        States:
          Inner: {Type: Pass, Result: "${threshold}", End: true}
    End: true
"""
JSON = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'


def test_a_machine_in_yaml(cell: Declare) -> None:
    cell.namespace["threshold"] = 0.8
    declaration = cell(YAML, "1", 6)
    document = compile_declaration(declaration).document
    assert (declaration.engine, document.name, document.engine) == (
        "stepfunctions",
        "Census",
        "stepfunctions",
    )
    assert document.body["States"]["Rest"]["Timestamp"] == "2026-01-01T00:00:00Z"
    assert document.body["States"]["Yes"]["Branches"][0]["States"]["Inner"]["Result"] == 0.8
    assert document.cells == {"Rest": 6, "Yes": 6, "Inner": 6}
    assert [problem for problem in check(document) if problem.severity != "info"] == []


def test_a_machine_in_json_is_replaced_when_its_cell_runs_again(cell: Declare) -> None:
    cell(JSON, "1")
    declaration = cell(JSON.replace('"A"', '"B"'), "1", 2)
    assert list(compile_declaration(declaration).document.body["States"]) == ["B"]


def test_names_that_are_no_variables_stay(cell: Declare) -> None:
    source = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Other}/x", "End": true}}}'
    body = compile_declaration(cell(source, "1")).document.body
    assert body["States"]["A"]["Result"] == "${Other}/x"


@pytest.mark.parametrize(
    ("source", "engine", "expected"),
    [
        (JSON, None, True),
        ('{"StartAt": ', "stepfunctions", True),
        ('{"x": 1}', None, False),
        (YAML, None, True),
        ("# a comment\n\nStartAt: A\nStates: {}\n", None, True),
        ("States = 3\n", None, False),
        ("from stepfunctions.steps import *\nStartAt: int = 1\n", "stepfunctions", False),
    ],
)
def test_what_is_a_machine_and_what_is_python(source: str, engine: str | None, expected: bool) -> None:
    assert is_machine(source, engine) is expected


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ('{"StartAt": "A",\n "States": {]}', "PC001", "line 2, column 13"),
        ("StartAt: A\nStates:\n  A: {Type: Pass\n", "PC001", "line 4, column 1"),
        ('{"StartAt": "A", "States": {"A": {}, "A": {}}}', "PC006", "line 1, column 38"),
        ("StartAt: A\nStates:\n  A: {Type: Pass}\n  A: {Type: Fail}\n", "PC006", "line 4, column 3"),
        ("StartAt", "PC004", None),
        ("", "PC004", None),
        ("StartAt: !!set {A}", "PC001", "line 1, column 10"),
        ("StartAt: A\x00", "PC001", None),
        ("StartAt: " + "[" * 20_000, "PC004", None),
        ("StartAt: A\nStates: &all\n  A: *all\n", "PC004", None),
        (
            "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 12)),
            "PC002",
            None,
        ),
    ],
)
def test_what_cannot_be_read(text: str, code: str, path: str | None) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_machine(text)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_two_documents_are_said_in_a_whole_sentence() -> None:
    words = "The machine is not YAML: expected a single document in the stream, but found another document"
    with pytest.raises(DefinitionError, match=words):
        read_machine("StartAt: A\n---\nStartAt: B\n")


def test_text_that_cannot_be_read_names_the_cell(cell: Declare) -> None:
    with pytest.raises(DefinitionError) as caught:
        cell('{"StartAt": }', "1", 4, engine="stepfunctions")
    assert (caught.value.path, caught.value.cell) == ("line 2, column 13", 4)  # the magic is line 1


def test_the_machine_in_the_docs_is_right() -> None:
    page = Path(__file__).parents[4] / "docs" / "pipelines-or-step-functions.md"
    text = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert [problem.code for problem in check(read_document(read_machine(text)))] == ["PC390"]


def test_a_file_may_be_yaml(tmp_path: Path) -> None:
    file = tmp_path / "outer-loop.asl.yaml"
    file.write_text(YAML, encoding="utf-8")
    document = read_file(file).document
    assert (document.name, document.engine) == ("outer-loop", "stepfunctions")


def test_an_error_in_a_state_names_the_cell(cell: Declare) -> None:
    declaration = cell('{"StartAt": "A", "States": {"A": {"Next": "B"}}}', "1", 9)
    with pytest.raises(DefinitionError) as caught:
        compile_declaration(declaration)
    assert (caught.value.step, caught.value.cell) == ("A", 9)
