"""What an execution's input may name."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.asl.inputs import flat, merged
from pipecell.definition.parameters import bind, declared
from pipecell.errors import UsageError

INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}


def machine(states: dict[str, Any], inputs: dict[str, str] | None = None, **body: Any) -> Document:
    return read_document({"StartAt": next(iter(states)), "States": states, **body}, name="M", inputs=inputs)


def names(document: Document) -> list[str]:
    return [parameter.name for parameter in declared(document)]


def test_names_that_a_machine_reads() -> None:
    states = {
        "If": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.ready", "IsPresent": True, "Next": "Call"}],
            "Default": "Call",
        },
        "Call": {
            **INVOKE,
            "Parameters": {"FunctionName": "f", "Payload": {"a.$": "States.Format('{}', $.who)"}},
            "ResultPath": "$.answer",
            "Next": "Use",
        },
        "Use": {
            **INVOKE,
            "Parameters": {
                "x.$": "$.answer.Payload",
                "y.$": "$.late",
                "z.$": "$$.Execution.Input['Job Name']",
            },
            "Next": "End",
        },
        "End": {"Type": "Pass", "Parameters": {"q.$": "$.Payload"}, "End": True},
    }
    assert names(machine(states)) == ["ready", "who", "late", "Job Name"]


def test_names_that_jsonata_reads() -> None:
    states = {
        "A": {"Type": "Pass", "Output": "{% $states.input.n + $count($states.input.list) %}", "Next": "B"},
        "B": {
            "Type": "Pass",
            "Output": "{% $states.input.m & $states.context.Execution.Input.name %}",
            "End": True,
        },
    }
    assert names(machine(states, QueryLanguage="JSONata")) == ["n", "list", "name"]


def test_declared_names_have_types_and_are_needed() -> None:
    document = machine({"A": {"Type": "Succeed"}}, {"Job": "String", "Deep.Rounds": "Integer"})
    assert bind(document, {"Job": "j", "Deep.Rounds": "3"}) == {"Job": "j", "Deep.Rounds": 3}
    with pytest.raises(UsageError, match="Job"):
        bind(document, {"Deep.Rounds": 3})
    with pytest.raises(UsageError, match="integer"):
        bind(document, {"Job": "j", "Deep.Rounds": "many"})


def test_names_that_were_only_read_are_not_needed_and_take_json() -> None:
    document = machine({"A": {"Type": "Pass", "InputPath": "$.list", "End": True}})
    assert bind(document, {}) == {}
    assert bind(document, {"list": "[1, 2]"}) == {"list": [1, 2]}
    assert bind(document, {"list": "words"}) == {"list": "words"}


def test_values_by_dotted_name() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a.b": 9, "e.f": 4}) == {
        "a": {"b": 9, "c": 2},
        "d": 3,
        "e": {"f": 4},
    }
    assert flat({"a": {"b": 1}, "d": None}, ["a.b", "a.c", "d"]) == {"a.b": 1}
