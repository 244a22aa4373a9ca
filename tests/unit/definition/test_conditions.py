"""Condition steps: decided and described."""

from typing import Any

import pytest

from pipecell.definition.conditions import describe, evaluate
from pipecell.errors import DefinitionError


class Scope:
    """Values that the conditions below ask for."""

    def parameter(self, name: str) -> Any:
        return {"Threshold": 0.8, "Name": "prod", "Flag": True, "Text": "0.9"}[name]

    def step_property(self, step: str, property_path: str) -> Any:
        return {"Rows": 7}[property_path]

    def execution(self, variable: str) -> Any:
        return "2026-11-22T10:00:00Z"

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        return 0.954

    def s3_json(self, uri: str, json_path: str) -> Any:
        return [1, 2]


ACCURACY = {
    "Std:JsonGet": {
        "PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"},
        "Path": "binary_classification_metrics.accuracy.value",
    }
}
THRESHOLD = {"Get": "Parameters.Threshold"}


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


GOOD = compare("GreaterThanOrEqualTo", ACCURACY, THRESHOLD)
BAD = compare("LessThan", ACCURACY, 0.5)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (GOOD, True),
        (BAD, False),
        (compare("GreaterThan", 1, 1), False),
        (compare("GreaterThanOrEqualTo", 1, 1), True),
        (compare("LessThanOrEqualTo", 1, 1.0), True),
        (compare("LessThan", "a", "b"), True),
        (compare("Equals", {"Get": "Parameters.Name"}, "prod"), True),
        (compare("Equals", {"Get": "Parameters.Text"}, 0.9), True),
        (compare("GreaterThan", {"Get": "Parameters.Text"}, 0.5), True),
        (compare("Equals", {"Get": "Parameters.Flag"}, True), True),
        (compare("Equals", {"Get": "Parameters.Flag"}, 1), False),
        (compare("Equals", {"Get": "Parameters.Flag"}, "true"), True),
        (compare("Equals", "1", "1.0"), False),
        (compare("Equals", None, None), True),
        ({"Type": "In", "QueryValue": {"Get": "Steps.A.Rows"}, "Values": [1, {"Get": "Steps.A.Rows"}]}, True),
        ({"Type": "In", "QueryValue": "x", "Values": []}, False),
        ({"Type": "Not", "Condition": BAD}, True),
        ({"Type": "Not", "Expression": GOOD}, False),
        ({"Type": "Or", "Conditions": [BAD, GOOD]}, True),
        ({"Type": "Or", "Conditions": []}, False),
    ],
)
def test_each_type(condition: dict[str, Any], holds: bool) -> None:
    assert evaluate([condition], Scope()) is holds


def test_a_list_holds_when_all_hold() -> None:
    assert evaluate([GOOD, compare("Equals", 1, 1)], Scope())
    assert not evaluate([GOOD, BAD], Scope())
    assert evaluate([], Scope())


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"Type": "Matches"}, "PC120"),
        ({"Type": "Not"}, "PC120"),
        ({"Type": "In", "QueryValue": 1, "Values": 1}, "PC120"),
        ({"Type": "Or"}, "PC120"),
        (compare("LessThan", "many", 3), "PC121"),
        (compare("GreaterThan", None, 3), "PC121"),
        (compare("GreaterThan", True, 0), "PC121"),
    ],
)
def test_what_cannot_be_decided_is_an_error_not_false(condition: dict[str, Any], code: str) -> None:
    with pytest.raises(DefinitionError, match=code):
        evaluate([condition], Scope())


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([compare("GreaterThanOrEqualTo", ACCURACY, 0.8)], "accuracy ≥ 0.8"),
        ([GOOD], "accuracy ≥ Threshold"),
        (
            [GOOD, compare("Equals", {"Get": "Execution.PipelineName"}, "x")],
            "accuracy ≥ Threshold and PipelineName = x",
        ),
        ([{"Type": "Not", "Condition": BAD}], "not (accuracy < 0.5)"),
        ([{"Type": "Or", "Conditions": [GOOD, BAD]}], "accuracy ≥ Threshold or accuracy < 0.5"),
        (
            [{"Type": "Or", "Conditions": [GOOD, BAD]}, GOOD],
            "(accuracy ≥ Threshold or accuracy < 0.5) and accuracy ≥ Threshold",
        ),
        ([{"Type": "In", "QueryValue": {"Get": "Parameters.Name"}, "Values": ["a", "b"]}], "Name in [a, b]"),
        ([compare("Equals", {"Get": "Steps.L.OutputParameters['code']"}, "200")], "code = 200"),
        ([compare("LessThan", {"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "Result[1]"}}, 5)], "Result < 5"),
        (
            [compare("Equals", {"Std:Join": {"On": "/", "Values": ["a", THRESHOLD]}}, True)],
            "a/Threshold = true",
        ),
        ([{"Type": "Matches"}], "Matches"),
        ([], "always"),
    ],
)
def test_words(conditions: list[dict[str, Any]], words: str) -> None:
    assert describe(conditions) == words


def test_words_with_parameter_values() -> None:
    assert describe([GOOD], {"Threshold": 0.8}) == "accuracy ≥ 0.8"
