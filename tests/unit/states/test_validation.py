"""What AWS refuses is refused, in its words and at its places; what it takes is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.local.work.states.validation import validate

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}


def machine(name: str = "S", /, *, root: dict[str, Any] | None = None, **states: Any) -> dict[str, Any]:
    """Return a machine that starts in its first state."""
    return {"StartAt": next(iter(states), name), "States": states, **(root or {})}


def group(**state: Any) -> dict[str, Any]:
    return {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True, **state}}}


def problems(definition: dict[str, Any], *, express: bool = False) -> list[tuple[str, str, str | None]]:
    found = validate(json.dumps(definition), express=express)
    return [(problem.code, problem.message, problem.location) for problem in found]


def only(state: dict[str, Any], **root: Any) -> tuple[str, str | None]:
    """Return message and place of the one problem of a machine with one state."""
    [(code, message, place)] = problems(machine(S=state, root=root))
    assert code in (
        "SCHEMA_VALIDATION_FAILED",
        "INVALID_JSONATA_EXPRESSION",
        "UNSUPPORTED_JSONATA_EXPRESSION",
    )
    return message, place


def test_a_loop_has_no_terminal_state_and_nothing_else_is_said_of_reaching() -> None:
    loop = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    no_end = ("MISSING_END_STATE", "Workflow has no terminal state", None)
    assert problems(machine(**loop)) == [no_end]
    assert problems(machine(**loop, Unused={"Type": "Pass", "Next": "A"})) == [no_end]
    unreachable = ("MISSING_TRANSITION_TARGET", 'State "C" is not reachable.', "/States/C")
    assert problems(machine(**loop, C=PASS)) == [unreachable]
    assert [str(found) for found in validate(json.dumps(machine(**loop)))] == [
        "MISSING_END_STATE: Workflow has no terminal state at null"
    ]


def test_a_loop_inside_of_a_map_is_taken() -> None:
    inner = machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"})
    assert problems(machine(M={"Type": "Map", "ItemProcessor": inner, "End": True})) == []


@pytest.mark.parametrize(
    ("definition", "place"),
    [
        (machine(A={**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "X"}]}), "/States/A/Catch[0]/Next"),
        (
            machine(
                C={
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "X"}],
                    "Default": "Z",
                },
                Z=PASS,
            ),
            "/States/C/Choices[0]/Next",
        ),
        (
            machine(
                C={
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Z"}],
                    "Default": "X",
                },
                Z=PASS,
            ),
            "/States/C/Default",
        ),
    ],
)
def test_every_missing_target_is_called_next(definition: dict[str, Any], place: str) -> None:
    assert problems(definition) == [("MISSING_TRANSITION_TARGET", "Missing 'Next' target: X", place)]


def test_a_start_that_is_not_there_leaves_every_state_unreachable() -> None:
    assert problems({"StartAt": "X", "States": {"A": PASS}}) == [
        ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: X", "/StartAt"),
        ("MISSING_TRANSITION_TARGET", 'State "A" is not reachable.', "/States/A"),
    ]


@pytest.mark.parametrize("field", ["TimeoutSeconds", "Catch", "Retry", "inputPath"])
def test_a_field_that_the_type_has_not(field: str) -> None:
    value: Any = 5 if field == "TimeoutSeconds" else []
    assert only({**PASS, field: value}) == (f"Field '{field}' is not supported", "/States/S")


@pytest.mark.parametrize(
    ("inner", "place"),
    [
        ({"Type": "Map", "ItemProcessor": {**group(), "QueryLanguage": "JSONata"}}, "/ItemProcessor"),
        ({"Type": "Map", "Iterator": {**group(), "QueryLanguage": "JSONata"}}, "/Iterator"),
        ({"Type": "Parallel", "Branches": [{**group(), "QueryLanguage": "JSONata"}]}, "/Branches[0]"),
    ],
)
def test_a_group_has_no_language_of_its_own(inner: dict[str, Any], place: str) -> None:
    assert only({**inner, "End": True}) == ("Field 'QueryLanguage' is not supported", f"/States/S{place}")


def test_fields_of_the_other_language() -> None:
    words = "The QueryLanguage is set to '{}', but field '{}' is only supported for the '{}' QueryLanguage"
    assert only({**PASS, "Output": 1}) == (words.format("JSONPath", "Output", "JSONata"), "/States/S")
    assert only({**PASS, "InputPath": "$"}, QueryLanguage="JSONata") == (
        words.format("JSONata", "InputPath", "JSONPath"),
        "/States/S",
    )


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ({"Type": "Map", "ItemProcessor": group(Output=1)}, "/States/S/ItemProcessor/States/I"),
        ({"Type": "Parallel", "Branches": [group(Output=1)]}, "/States/S/Branches[0]/States/I"),
    ],
)
def test_the_language_of_a_map_or_parallel_does_not_reach_into_it(state: dict[str, Any], place: str) -> None:
    message, where = only({**state, "QueryLanguage": "JSONata", "End": True})
    assert (message.startswith("The QueryLanguage is set to 'JSONPath'"), where) == (True, place)


def test_a_jsonata_machine_has_no_jsonpath_state() -> None:
    words = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
    mixed = {**PASS, "QueryLanguage": "JSONPath", "Output": 1}
    assert only(mixed, QueryLanguage="JSONata") == (words, "/States/S")


def test_a_language_that_there_is_not() -> None:
    words = "Value should be one of the following: [JSONPath, JSONata]"
    assert only({**PASS, "QueryLanguage": "jsonata", "Output": 1}) == (words, "/States/S/QueryLanguage")
    assert only(PASS, QueryLanguage="jsonpath") == (words, "/QueryLanguage")
    assert only(PASS, QueryLanguage=5) == ("Expected value of type [STRING]", "/QueryLanguage")


@pytest.mark.parametrize(
    ("state", "words", "place"),
    [
        ({"Type": "Wait", "Seconds": 10**16, "End": True}, "Maximum value is 99999999", "/Seconds"),
        ({"Type": "Wait", "Seconds": "$.n", "End": True}, "Expected value of type Integer", "/Seconds"),
        ({**TASK, "TimeoutSeconds": 0}, "Minimum value is 1", "/TimeoutSeconds"),
        (
            {**TASK, "TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t"},
            "There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]",
            "",
        ),
        (
            {**TASK, "Retry": [{"ErrorEquals": ["E"], "BackoffRate": 0.5}]},
            "Minimum value is 1.0",
            "/Retry[0]/BackoffRate",
        ),
        (
            {**TASK, "Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}]},
            "Value should be one of the following: [FULL, NONE]",
            "/Retry[0]/JitterStrategy",
        ),
        ({**TASK, "Retry": [{}]}, "These fields are required: [ErrorEquals]", "/Retry[0]"),
        (
            {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]},
            "'States.ALL' must stand alone, in the last Retry rule",
            "/Retry[0]/ErrorEquals",
        ),
        (
            {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"},
            "There should only be one of the following fields: [Error, ErrorPath]",
            "",
        ),
        (
            {"Type": "Map", "MaxConcurrency": -1, "ItemProcessor": group(), "End": True},
            "Minimum value is 0",
            "/MaxConcurrency",
        ),
        (
            {
                "Type": "Map",
                "MaxConcurrencyPath": "$$.Execution.Input.n",
                "ItemProcessor": group(),
                "End": True,
            },
            "Value is not a Reference Path",
            "/MaxConcurrencyPath",
        ),
        (
            {"Type": "Map", "MaxConcurrencyPath": "$.n[*]", "ItemProcessor": group(), "End": True},
            "Value is not a Reference Path",
            "/MaxConcurrencyPath",
        ),
        (
            {**PASS, "Parameters": {"a": {"b": 1, "b.$": "$.c"}}},
            "Only one of 'b' and 'b.$' can be given",
            "/Parameters/a",
        ),
    ],
)
def test_values(state: dict[str, Any], words: str, place: str) -> None:
    assert only(state) == (words, f"/States/S{place}")


@pytest.mark.parametrize(
    ("rule", "words", "place"),
    [
        ({"Variable": "$.a", "NumericEquals": "1"}, "Expected value of type Number", "/NumericEquals"),
        ({"Variable": "$.a", "IsNull": "yes"}, "Expected value of type Boolean", "/IsNull"),
        ({"Variable": "$.a", "StringEquals": 1}, "Expected value of type String", "/StringEquals"),
        (
            {"Variable": "$.a", "TimestampEquals": "now"},
            "String does not match RFC3339 timestamp",
            "/TimestampEquals",
        ),
        ({"Variable": "$.a"}, "A choice rule must have exactly one comparison operator", ""),
        ({"And": [{"Variable": "a", "IsNull": True}]}, "Value is not a valid JSONPath", "/And[0]/Variable"),
    ],
)
def test_rules_of_a_choice(rule: dict[str, Any], words: str, place: str) -> None:
    definition = machine(C={"Type": "Choice", "Choices": [{**rule, "Next": "Z"}]}, Z=PASS)
    assert problems(definition) == [("SCHEMA_VALIDATION_FAILED", words, f"/States/C/Choices[0]{place}")]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1 +", "Unexpected end of expression"),
        ("$$", "Reference to '$$' is not supported."),
        ("$states.errorOutput", "Field '$states.errorOutput' does not exist."),
        ("'$$ and $states.errorOutput'", None),
        ("$map([1], function($v) {$v})", None),
    ],
)
def test_expressions(expression: str, words: str | None) -> None:
    state = {**PASS, "Output": f"{{% {expression} %}}"}
    if words is None:
        assert problems(machine(S=state, root={"QueryLanguage": "JSONata"})) == []
    else:
        assert only(state, QueryLanguage="JSONata") == (words, "/States/S/Output")


def test_a_catcher_sees_what_was_caught() -> None:
    rule = {"ErrorEquals": ["States.ALL"], "Next": "Z", "Output": "{% $states.errorOutput %}"}
    assert problems(machine(T={**TASK, "Catch": [rule]}, Z=PASS, root={"QueryLanguage": "JSONata"})) == []


def test_a_name_that_an_object_has_twice() -> None:
    [found] = validate('{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "End": true}}}')
    assert (found.code, found.message) == ("INVALID_JSON_DESCRIPTION", "Duplicate field 'End'")
