"""Whole histories, event by event with all details, of machines in both query languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.local.work.states.failure import Failure
from tests.local.crash_machines import INPUT, MACHINES, chain, group, jsonata
from tests.unit.golden.compare import assert_golden
from tests.unit.states.machines import TASK, start

FLOW: dict[str, Any] = {
    "paths": chain(
        A={
            "Type": "Pass",
            "InputPath": "$.l",
            "Parameters": {"first.$": "$[0]", "text.$": "States.Format('{}!', $[1])"},
            "ResultPath": "$.made",
            "OutputPath": "$.made",
            "Assign": {"kept.$": "$.first"},
        },
        B={
            "Type": "Task",
            "Resource": TASK,
            "Parameters": {"again.$": "$kept", "state.$": "$$.State.Name", "in.$": "$$.Execution.Input.n"},
            "ResultSelector": {"n.$": "$.in"},
            "ResultPath": "$.b",
            "TimeoutSeconds": 30,
            "HeartbeatSeconds": 10,
        },
        C={"Type": "Wait", "SecondsPath": "$.b.n"},
        D={"Type": "Succeed"},
    ),
    "a choice in JSONata": jsonata(
        {
            "StartAt": "C",
            "States": {
                "C": {
                    "Type": "Choice",
                    "Choices": [
                        {"Condition": "{% $states.input.n < 3 %}", "Next": "Less"},
                        {
                            "Condition": "{% $states.input.n = 3 %}",
                            "Output": {"was": "{% $states.input.n %}"},
                            "Assign": {"found": True},
                            "Next": "Three",
                        },
                    ],
                    "Default": "Less",
                },
                "Three": {
                    "Type": "Succeed",
                    "Output": {"in": "{% $states.input %}", "found": "{% $found %}"},
                },
                "Less": {"Type": "Fail", "Error": "{% 'Less' & 'Than' %}"},
            },
        }
    ),
    "an error that nobody catches": chain(
        A={"Type": "Pass", "Result": {"why": "because"}},
        B={"Type": "Fail", "ErrorPath": "$.why", "CausePath": "States.Format('it is {}', $.why)"},
    ),
    "a path to nothing": group({"Type": "Pass", "Parameters": {"a.$": "$.none.b"}, "End": True}),
    "a failed evaluation in JSONata": jsonata(
        group({"Type": "Pass", "Output": "{% 1 + 'a' %}", "End": True})
    ),
    "branches of which one fails": group(
        {
            "Type": "Parallel",
            "Branches": [
                group({"Type": "Task", "Resource": TASK, "Parameters": {"do": "fail"}, "End": True}, "X"),
                group({"Type": "Wait", "Seconds": 60, "End": True}, "Y"),
            ],
            "End": True,
        }
    ),
    "items and variables in JSONata": jsonata(
        chain(
            A={"Type": "Pass", "Assign": {"base": "{% $states.input.n %}"}},
            B={
                "Type": "Map",
                "Items": "{% $states.input.l %}",
                "ItemSelector": {"i": "{% $states.context.Map.Item.Index %}", "x": "{% $base %}"},
                "ItemProcessor": group(
                    {
                        "Type": "Pass",
                        "Assign": {"base": "{% $base + $states.input.i %}"},
                        "Output": "{% $base * 10 %}",
                        "End": True,
                    }
                ),
                "Output": {"all": "{% $states.result %}", "base": "{% $base %}"},
            },
            C={"Type": "Pass", "Output": "{% $count($states.input.all) + $base %}", "Assign": {"base": 0}},
            D={"Type": "Succeed", "Output": "{% {'base': $base, 'in': $states.input} %}"},
        )
    ),
}
DEFINITIONS = {
    **{name: definition for name, (definition, _, _) in MACHINES.items() if "distributed" not in name},
    **FLOW,
}


def _answer(arguments: Any) -> Any:
    if isinstance(arguments, dict) and arguments.get("do") == "fail":
        raise Failure("Boom", "why")
    return arguments


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_history_is_as_recorded(name: str) -> None:
    run = start(DEFINITIONS[name], INPUT, _answer).settle()
    lines = [json.dumps(event, ensure_ascii=False, sort_keys=True) for event in run.events]
    assert_golden(f"states/{name.replace(' ', '-').lower()}.jsonl", "\n".join(lines) + "\n")
