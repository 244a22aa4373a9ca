"""The line of a problem in the text of a definition, JSON or YAML."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.frontend.lines import find_line

MACHINE = """\
{
\t"StartAt": "A",
\t"States": {
\t\t"A": {"Type": "Choice", "Choices": [
\t\t\t{"Variable": "$.a", "IsPresent": true, "Next": "B"},
\t\t\t{"Variable": "$.b", "IsPresent": true, "Next": "Nowhere"}
\t\t]},
\t\t"B": {"Type": "Map", "ItemProcessor": {
\t\t\t"StartAt": "In",
\t\t\t"States": {
\t\t\t\t"In": {"Type": "Pass",
\t\t\t\t\t"Next": "Gone"}
\t\t\t}
\t\t}}
\t}
}
"""
PIPELINE = json.dumps(
    {
        "Version": "2020-12-01",
        "Steps": [
            {"Name": "A", "Type": "Condition", "Arguments": {"IfSteps": [{"Name": "B", "Type": "Fail"}]}},
            {"Name": "C", "Type": "Training", "Arguments": {"ResourceConfig": {"InstanceType": "ml.x"}}},
        ],
    },
    indent=1,
)


@pytest.mark.parametrize(
    ("step", "path", "expected"),
    [
        ("A", "Choices[1].Next", '"Nowhere"'),
        ("In", "Next", '"Gone"'),
        ("B", "", '"B": {"Type": "Map"'),
        ("B", "Seconds or Timestamp", '"B": {"Type": "Map"'),
        ("Nobody", "Next", "{"),
        (None, "StartAt", '"StartAt": "A"'),
        (None, "line 5, column 3", '"$.a"'),
    ],
)
def test_a_problem_of_a_state_machine(step: str | None, path: str, expected: str) -> None:
    assert expected in MACHINE.splitlines()[find_line(MACHINE, step, path) - 1]


@pytest.mark.parametrize(
    ("step", "path", "expected"),
    [
        ("C", "Arguments.ResourceConfig.InstanceType", '"InstanceType"'),
        ("B", "Name", '"Name": "B"'),
        (None, "Version", '"Version"'),
    ],
)
def test_a_problem_of_a_pipeline(step: str | None, path: str, expected: str) -> None:
    assert expected in PIPELINE.splitlines()[find_line(PIPELINE, step, path) - 1]


def test_a_problem_in_yaml() -> None:
    text = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Next: Gone\n"
    assert find_line(text, "A", "Next") == 5


@given(st.text(), st.none() | st.text(), st.text())
def test_any_text_has_a_line(text: str, step: str | None, path: str) -> None:
    assert find_line(text, step, path) >= 1
