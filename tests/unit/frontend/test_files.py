"""What the extension shows of a definition file, and what it can ask about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.frontend.files import answer, read

LONG = json.dumps(
    {
        "StartAt": "S0",
        "States": {
            **{f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(999)},
            "S999": {"Type": "Succeed"},
        },
    }
)
YAML = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Next: Gone\n"


def ask(
    text: str, type_: str, path: str = "m.asl.json", folded: Any = (), opened: Any = (), **more: Any
) -> Any:
    question = {"text": text, "path": path, "folded": list(folded), "opened": list(opened), "type": type_}
    return answer(json.dumps({**question, **more})).data


def test_a_state_machine_in_yaml() -> None:
    found = read(YAML, "outer loop.asl.yaml")
    assert (found["name"], found["engine"], found["steps"]) == ("outer-loop", "stepfunctions", 1)
    assert [problem["code"] for problem in found["problems"]][:1] == ["PC150"]
    assert [node["id"] for node in found["dag"]["scene"]["nodes"]] == ["A"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"StartAt": 1}', "\ud800"])
def test_what_cannot_be_read_says_so_as_a_check(text: str) -> None:
    found = read(text, "m.asl.json")
    assert found["dag"] is None
    assert found["trouble"]
    assert [problem["severity"] for problem in found["problems"]] == ["error"]


def test_the_stack_of_a_long_machine_opens() -> None:
    stack = read(LONG, "m.asl.json")["dag"]["scene"]["nodes"][0]
    assert stack["hidden"] == 999
    opened = ask(LONG, "toggle", node=stack["id"])
    assert len(opened["scene"]["nodes"]) == 1000
    again = ask(LONG, "read", folded=opened["folded"], opened=opened["opened"])
    assert len(again["dag"]["scene"]["nodes"]) == 1000


def test_a_state_that_is_hidden_is_shown() -> None:
    shown = ask(LONG, "show", node="S700")
    assert [(node["name"], node["hidden"]) for node in shown["scene"]["nodes"]][700] == ("S700", 0)


def test_all_groups_fold_and_open() -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    text = json.dumps({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}})
    shut = ask(text, "fold", all=True)
    assert len(shut["scene"]["nodes"]) == 1
    opened = ask(text, "fold", folded=shut["folded"], opened=shut["opened"], all=False)
    assert len(opened["scene"]["nodes"]) == 2


def test_a_state_tells_its_fields() -> None:
    detail = ask(YAML, "open", path="m.asl.yaml", node="A")
    assert {row["path"]: row["value"] for row in detail["arguments"]} == {"Type": "Pass", "Next": "Gone"}


def test_a_problem_has_its_line() -> None:
    assert ask(YAML, "line", path="m.asl.yaml", step="A", place="Next") == {"line": 5}
