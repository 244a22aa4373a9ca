"""What a run made of its definition."""

from __future__ import annotations

from pipecell.definition.document import read_document
from pipecell.definition.outcome import not_taken, with_values
from pipecell.graph import NodeState
from tests.unit.golden.compare import definition

INNER = {
    "Name": "Deep",
    "Type": "Condition",
    "Arguments": {"IfSteps": [{"Name": "Deeper", "Type": "Fail"}]},
}
BRANCHES = read_document(
    {
        "Version": "2020-12-01",
        "Steps": [
            {
                "Name": "Check",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [],
                    "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": {}}],
                    "ElseSteps": [{"Name": "TooWeak", "Type": "Fail", "Arguments": {}}, INNER],
                },
            }
        ],
    }
)
MACHINE = read_document(
    {"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}, name="m"
)


def test_branches_that_a_condition_did_not_choose_with_all_inside_them() -> None:
    chosen = {"Check": NodeState("Succeeded", metadata={"Condition": {"Outcome": "True"}})}
    assert not_taken(BRANCHES, chosen, running=True) == ["TooWeak", "Deep", "Deeper"]
    assert not_taken(BRANCHES, {}, running=True) == []


def test_a_machine_may_still_come_to_a_state_until_it_has_ended() -> None:
    entered = {"A": NodeState("Succeeded")}
    assert not_taken(MACHINE, entered, running=True) == []
    assert not_taken(MACHINE, entered, running=False) == ["B"]


def test_a_run_is_drawn_with_its_own_values() -> None:
    valued = with_values(definition("census.json"), {"TrainingInstanceType": "ml.c5.large"})
    defaults = {entry["Name"]: entry.get("DefaultValue") for entry in valued.body["Parameters"]}
    assert defaults["TrainingInstanceType"] == "ml.c5.large"
    assert with_values(MACHINE, {"a": 1}) is MACHINE
