"""Choice, JSONata, retry, clock, items, validation, resources: the small rooms beside the machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.definition.asl.resources import parse_resource
from pipecell.local.work.states import choice, clock, items, jsonata, mocks, refusals, retry, validation
from pipecell.local.work.states.evaluate import Environment
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.parse import machine_of
from pipecell.local.work.states.sdk_names import class_name, operation_name
from pipecell.local.work.states.variable_references import references


@pytest.mark.parametrize(
    ("rule", "data", "expected"),
    [
        ({"StringEquals": "a"}, "a", True),
        ({"StringLessThan": "b"}, "a", True),
        ({"StringEquals": "1"}, 1, False),
        ({"StringMatches": "log-*.txt"}, "log-1.txt", True),
        ({"StringMatches": "a\\*"}, "ab", False),
        ({"NumericGreaterThanEquals": 2}, 2.0, True),
        ({"NumericEquals": 1}, True, False),
        ({"BooleanEquals": True}, True, True),
        ({"TimestampLessThan": "2026-01-01T00:00:00Z"}, "2025-12-31T23:00:00-00:00", True),
        ({"IsNull": True}, None, True),
        ({"IsTimestamp": True}, "2026-01-01 00:00:00Z", False),
        ({"IsNumeric": False}, "1", True),
    ],
)
def test_comparisons(rule: dict[str, Any], data: Any, expected: bool) -> None:
    assert choice.holds_in({"Variable": "$.v", **rule}, {"v": data}, Environment({})) is expected


def test_rules_combine_and_presence_is_no_error() -> None:
    there = {"Variable": "$.v", "IsPresent": True}
    rule = {"And": [there, {"Not": {"Variable": "$.w", "IsPresent": True}}]}
    assert choice.holds_in(rule, {"v": 1}, Environment({}))
    assert not choice.holds_in(rule, {"v": 1, "w": 1}, Environment({}))
    with pytest.raises(Failure) as error:
        choice.holds_in({"Variable": "$.w", "IsNull": True}, {"v": 1}, Environment({}))
    assert error.value.error == "States.Runtime"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$states.input.n + 1", 2),
        ("$states.input.nothing = null", False),
        ("$x & '\"'", 'v"'),
        ("$partition([1,2,3], 2)", [[1, 2], [3]]),
        ("$parse('{\"a\": null}')", {"a": None}),
        ("$hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
        ("$contains('hello$world', /o\\$w/)", True),
        ("$n", None),
        ("4/2", 2),
    ],
)
def test_jsonata(text: str, expected: Any) -> None:
    assert jsonata.evaluate(text, {"states": {"input": {"n": 1}}, "x": "v", "n": None}, "Output") == expected


@pytest.mark.parametrize(
    ("text", "words", "milliseconds"),
    [
        ("$nothing", "returned nothing (undefined)", 600_000),
        ("function($x){$x}", "returned an unsupported result type", 600_000),
        ("1 + 'a'", "T2002", 600_000),
        ("($f := function(){$f()}; $f())", "threw an error", 100),  # it would never end
    ],
)
def test_failed_evaluations_say_where(
    text: str, words: str, milliseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonata, "_TIMEOUT_MILLISECONDS", milliseconds)
    with pytest.raises(Failure) as error:
        jsonata.evaluate(text, {}, "Output/x")
    assert error.value.error == "States.QueryEvaluationError"
    assert error.value.location == "Output/x"
    assert words in str(error.value.cause)


def test_retriers() -> None:
    rule = {
        "ErrorEquals": ["E"],
        "IntervalSeconds": 2,
        "BackoffRate": 3,
        "MaxDelaySeconds": 10,
        "MaxAttempts": 4,
    }
    assert [retry.delay(rule, attempt) for attempt in range(4)] == [2, 6, 10, 10]
    assert retry.retrier([rule], "E", [4]) is None
    assert retry.retrier([rule], "Other", []) is None
    assert 0 <= retry.delay({**rule, "JitterStrategy": "FULL"}, 2) <= 10


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (["States.ALL"], "Any", True),
        (["States.ALL"], None, True),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "Any", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
    ],
)
def test_which_errors_match(names: list[str], error: str | None, expected: bool) -> None:
    assert retry.matches(names, error) is expected


def test_times() -> None:
    moment = clock.parse_timestamp("2026-11-22T15:00:00.123456789+01:00")
    assert moment is not None
    assert clock.format_timestamp(moment) == "2026-11-22T14:00:00.123Z"
    for wrong in ("2026-11-22 15:00:00Z", "2026-11-22T15:00:00", "2026-13-22T15:00:00Z", 5):
        assert clock.parse_timestamp(wrong) is None


def test_items_of_files() -> None:
    config = {
        "InputType": "CSV",
        "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": ["a", "b"],
        "CSVDelimiter": "PIPE",
    }
    assert items.parse_items("1|2|3\n4\n", config) == [{"a": "1", "b": "2"}, {"a": "4", "b": ""}]
    assert items.parse_items('{"x": [1]}\n{"x": 2}\n', {"InputType": "JSONL"}) == [{"x": [1]}, {"x": 2}]
    assert items.parse_items('{"a": {"b": [1]}}', {"ItemsPointer": "/a/b"}) == [1]
    with pytest.raises(Failure, match="non-iterable"):
        items.parse_items("{}", {"InputType": "JSON"})
    assert items.cut([1, 2, 3], 2) == [1, 2]


def _problems(state: dict[str, Any], **machine: Any) -> list[str]:
    return [
        str(found)
        for found in validation.validate(json.dumps({"StartAt": "S", "States": {"S": state}, **machine}))
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Type": "Pass"}, "These fields are required: [Next] at /States/S"),
        ({"Type": "Pass", "Next": "X"}, "Missing 'Next' target: X at /States/S/Next"),
        ({"Type": "Task", "Resource": "x", "End": True}, "not recognized"),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:startPipelineExecution.sync",
                "End": True,
            },
            "not recognized",
        ),
        ({"Type": "Pass", "Parameters": {"a.$": "x"}, "End": True}, "valid JSONPath or a valid intrinsic"),
        ({"Type": "Wait", "End": True}, "exactly one of"),
        ({"Type": "Choice", "Choices": []}, "Value cannot be empty"),
        ({"Type": "Pass", "Output": 1, "End": True}, "is only supported for the 'JSONata'"),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + %}", "End": True},
            "INVALID_JSONATA_EXPRESSION: Unexpected end of expression",
        ),
    ],
)
def test_unsound_definitions(state: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in _problems(state))


def test_names_are_unique_in_the_whole_machine() -> None:
    branch = {"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}}
    assert any(
        "Duplicate" in problem
        for problem in _problems({"Type": "Parallel", "Branches": [branch], "End": True})
    )


def test_refusals_name_state_and_place() -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": True}
    found = refusals.refusals(machine_of(json.dumps({"StartAt": "S", "States": {"S": state}})))
    assert [(item.location, "batch" in item.message) for item in found] == [("/States/S/Resource", True)]


def test_names_of_the_sdk() -> None:
    assert operation_name("sfn", "startExecution") == ("stepfunctions", "StartExecution")
    assert operation_name("sagemaker", "startPipelineExecution") == ("sagemaker", "StartPipelineExecution")
    assert operation_name("sagemaker", "nothing") is None
    names = ("DynamoDB", "SFN", "S3", "Secrets Manager", "SageMaker", "EC2")
    assert [class_name(name) for name in names] == [
        "DynamoDb",
        "Sfn",
        "S3",
        "SecretsManager",
        "SageMaker",
        "Ec2",
    ]


def test_mocks_are_checked_against_the_api() -> None:
    resource = parse_resource("arn:aws:states:::states:startExecution")
    assert resource is not None
    assert mocks.problem(resource, {"ExecutionArn": "a", "StartDate": "now"}, "STRICT") is None
    assert "Required field 'ExecutionArn'" in str(mocks.problem(resource, {}, "STRICT"))
    assert mocks.problem(resource, {}, "PRESENT") is None
    assert "must be a string" in str(mocks.problem(resource, {"ExecutionArn": 1}, "PRESENT"))


def test_variables_that_states_refer_to() -> None:
    body = {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Pass",
                "Parameters": {"x.$": "$x.y", "z.$": "States.Array($w, $.v, $$.State)"},
                "Next": "B",
            },
            "B": {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": "{% ($i := 1; $map($list, function($v){$v & '$no'})) %}",
                "End": True,
            },
        },
    }
    assert references(machine_of(json.dumps(body))) == {"A": ["x", "w"], "B": ["list"]}
