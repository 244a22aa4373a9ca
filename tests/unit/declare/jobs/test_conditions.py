"""Condition cells: Python's ``if``, and what of it SageMaker cannot decide."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.declare.jobs.conditions import (
    Both,
    Branching,
    Comparison,
    Either,
    Membership,
    Negation,
    read_condition,
)
from pipecell.declare.jobs.values import StepOutput
from pipecell.errors import DeclarationError
from tests.unit.declare.jobs.conftest import Cells

AUC = StepOutput("Eval", "report", "auc")
NAMES: dict[str, Any] = {"low": 0.5, "kinds": ["a", "b"], "frame": object()}


def read(body: str) -> Branching:
    return read_condition(body, NAMES, "Good")


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('Eval.report["auc"] >= 0.8', Comparison(">=", AUC, 0.8)),
        ('0.8 <= Eval.report["auc"]', Comparison(">=", AUC, 0.8)),
        ('0.8 > Eval.report["auc"]', Comparison("<", AUC, 0.8)),
        ('Eval.report["auc"] > low * 2', Comparison(">", AUC, 1.0)),
        ('Eval.report["auc"] > -1', Comparison(">", AUC, -1)),
        ('0.5 < Eval.report["auc"] <= 0.9', Both((Comparison(">", AUC, 0.5), Comparison("<=", AUC, 0.9)))),
        ('Eval.report["auc"] != "x"', Comparison("!=", AUC, "x")),
        ('not Eval.report["auc"] == 1', Negation(Comparison("==", AUC, 1))),
        ('Eval.report["auc"] in kinds', Membership(AUC, ("a", "b"))),
        ('Eval.report["auc"] not in [1, 2]', Negation(Membership(AUC, (1, 2)))),
        ('Eval.report["auc"]', Comparison("==", AUC, True)),
        ('Eval.report["a.json:b.c"] > 1', Comparison(">", StepOutput("Eval", "report", "b.c", "a.json"), 1)),
        ('"My-Eval".report["auc"] > 1', Comparison(">", StepOutput("My-Eval", "report", "auc"), 1)),
        (
            "Train.FinalMetricDataList['auc'].Value > 1",
            Comparison(">", StepOutput("Train", "FinalMetricDataList['auc'].Value"), 1),
        ),
        (
            'Eval.report["auc"] > 1 or Eval.report["auc"] < 0 and Eval.ok["x"]',
            Either(
                (
                    Comparison(">", AUC, 1),
                    Both((Comparison("<", AUC, 0), Comparison("==", StepOutput("Eval", "ok", "x"), True))),
                )
            ),
        ),
    ],
)
def test_what_a_test_means(test: str, expected: object) -> None:
    assert read(f"if {test}:\n    Register").test == expected


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ("x = 1", "line 2, column 1", "one if"),
        ('if Eval.report["a"] > 1:\n    A\nB', "line 4, column 1", "nothing follows"),
        ('if Eval.report["a"] > 1:\n    x = A', "line 3, column 5", "names of steps"),
        ('if Eval.report["a"] > 1:\n    print(A)', "line 3, column 5", "names of steps"),
        ('if len(Eval.report["a"]) > 1:\n    A', "line 2, column 8", "no variable Eval"),
        ('if Eval.report["a"] + 1 > 2:\n    A', "line 2, column 4", "no variable Eval"),
        ('if Eval.report["a"] is None:\n    A', "line 2, column 24", "`is`"),
        ('if Eval.report["a"] > lwo:\n    A', "line 2, column 23", "no variable lwo"),
        ('if Eval.report["a"] > frame:\n    A', "line 2, column 23", "is a object"),
        ('if Eval.report["a"] > "b":\n    A', "line 2, column 4", "compares numbers"),
        ("if low > 0.1:\n    A", "line 2, column 4", "known before"),
        ("if True:\n    A", "line 2, column 4", "before the pipeline runs"),
        ('if Eval.report["a"] in 5:\n    A', "line 2, column 24", "list of values"),
    ],
)
def test_what_a_condition_cannot_say_is_told_at_its_column(body: str, place: str, words: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read(body)
    assert (caught.value.code, caught.value.path) == ("PC646", place)
    assert words in caught.value.message


def test_a_condition_that_is_no_python() -> None:
    with pytest.raises(DeclarationError) as caught:
        read("if Eval.report['a'] >:\n    A")
    assert (caught.value.code, caught.value.path) == ("PC644", "line 2, column 22")


def test_branches_and_inner_ifs(cells: Cells) -> None:
    for name in ("A", "B", "C", "D"):
        cells.step(f"fail {name}", "no")
    cells.step("processing Eval -o report", "print(outputs)")
    body = 'if Eval.report["x"] > 1:\n    A\nelif Eval.report["x"] > 0:\n    B\n    C\nelse:\n    D'
    cells.step("condition Choose", body)
    outer = cells.steps()["Choose"]["Arguments"]
    inner = outer["ElseSteps"][0]
    assert [step["Name"] for step in outer["IfSteps"]] == ["A"]
    assert inner["Name"] == "Choose-2"
    assert [step["Name"] for step in inner["Arguments"]["IfSteps"]] == ["B", "C"]
    assert [step["Name"] for step in inner["Arguments"]["ElseSteps"]] == ["D"]


def test_and_inside_or_becomes_what_sagemaker_has(cells: Cells) -> None:
    cells.step("processing Eval -o report", "print(outputs)")
    cells.step(
        "condition C", 'if Eval.report["x"] > 1 or (Eval.report["y"] > 2 and Eval.report["z"] > 3):\n    pass'
    )
    (either,) = cells.steps()["C"]["Arguments"]["Conditions"]
    assert either["Type"] == "Or"
    both = either["Conditions"][1]
    assert both["Type"] == "Not"
    assert [part["Type"] for part in both["Condition"]["Conditions"]] == ["Not", "Not"]


def test_the_step_that_is_read_declares_the_file(cells: Cells) -> None:
    cells.step("condition C", 'if Eval.report["x"] > 1 and Eval.report["other.json:y"] > 1:\n    pass')
    cells.step("processing Eval -o report", "print(outputs)")
    files = cells.steps()["Eval"]["PropertyFiles"]
    assert [(file["OutputName"], file["FilePath"]) for file in files] == [
        ("report", "other.json"),
        ("report", "report.json"),
    ]


def test_a_step_cannot_stand_in_two_branches(cells: Cells) -> None:
    cells.step("processing Eval -o report", "print(outputs)")
    with pytest.raises(DeclarationError) as caught:
        cells.step("condition C", 'if Eval.report["x"] > 1:\n    A\nelse:\n    A')
    assert caught.value.code == "PC652"
