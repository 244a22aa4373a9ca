"""Reading a definition: what is accepted, and what each kind of bad input is told."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pipecell.definition.document import MAX_BYTES, MAX_DEPTH, read_document
from pipecell.errors import DefinitionError

PIPELINE = {"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "Training", "Arguments": {}}]}
MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}


def refusal(text: str | bytes | Mapping[str, Any]) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        read_document(text)
    return caught.value


def test_engine_is_recognised_by_the_keys() -> None:
    assert read_document(json.dumps(PIPELINE)).engine == "sagemaker"
    assert read_document(json.dumps(MACHINE).encode()).engine == "stepfunctions"
    assert read_document(PIPELINE).body is PIPELINE


@pytest.mark.parametrize(
    ("name", "origin", "expected"),
    [
        ("Census", "other.json", "Census"),
        (None, "folder/census.json", "census"),
        (None, "folder/outer.asl.json", "outer"),
        (None, "", "pipeline"),
    ],
)
def test_name_comes_from_argument_then_file(name: str | None, origin: str, expected: str) -> None:
    assert read_document(PIPELINE, name=name, origin=origin).name == expected


def test_byte_order_mark_is_no_error() -> None:
    assert read_document(b"\xef\xbb\xbf" + json.dumps(PIPELINE).encode()).engine == "sagemaker"
    assert read_document("\ufeff" + json.dumps(PIPELINE)).engine == "sagemaker"


def test_not_json_names_line_and_column() -> None:
    error = refusal('{\n  "Version": oops\n}')
    assert (error.code, error.path) == ("PC001", "line 2, column 14")


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        (" \n", "The definition is empty.", ""),
        ('// mine\n{"Steps": []}', "not JSON", "JSON has no comments: take it out."),
        ('{"Steps": [] # none\n}', "not JSON", "JSON has no comments: take it out."),
        ('{"Steps": [1, ]}', "not JSON", "A comma stands before the end of an object or list: take it out."),
        ('{"Steps": [],\n}', "not JSON", "A comma stands before the end of an object or list: take it out."),
        ("{'Steps': []}", "not JSON", "Texts and names stand in double quotes."),
        ('{"Steps": [} ]', "not JSON", ""),
    ],
)
def test_habits_of_other_languages_get_their_way_out(text: str, words: str, hint: str) -> None:
    error = refusal(text)
    assert (error.code, error.hint) == ("PC001", hint)
    assert words in str(error)


@pytest.mark.parametrize(
    "text",
    ['{"StartAt": "A", "States": {"A": {}, "A": {}}}', '{"Version": "1", "Steps": [], "Steps": []}'],
)
def test_a_name_twice_in_one_object_is_refused(text: str) -> None:
    """The local endpoint refuses such a machine as AWS does: no check may pass what is then refused."""
    assert refusal(text).code == "PC006"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"Steps": [],\n  "Steps": []}', "line 2, column 3"),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', "line 1, column 16"),
        ('{"x": "{\\"x\\": }", "é\\u0041": ["x", "x"],\n"éA": ":"}', "line 2, column 1"),
        ('{"a": 1, "b": 2,\n"b": 3,\n"a": 4}', "line 3, column 1"),
        ('{"a": 1,\n"a": 2,\n"a": 3}', "line 2, column 1"),
        ('{"a": 1, "b": {"a": 2},\r\n "a": 3} and no more JSON', "line 2, column 2"),
    ],
)
def test_a_name_twice_is_told_where_the_second_one_stands(text: str, place: str) -> None:
    assert (refusal(text).code, refusal(text).path) == ("PC006", place)


@pytest.mark.parametrize("text", [b"\xff\xfe{}", '{"Version": "1", "Steps": [], "x": NaN}', "", "{"])
def test_other_text_is_not_json(text: str | bytes) -> None:
    assert refusal(text).code == "PC001"


def test_size_limit_counts_what_aws_receives() -> None:
    padding = {"Metadata": {"text": "é" * (MAX_BYTES // 2)}}
    assert refusal(json.dumps(PIPELINE | padding, ensure_ascii=False)).code == "PC002"
    spaced = json.dumps(PIPELINE) + " " * MAX_BYTES
    assert read_document(spaced).name == "pipeline"


def test_nesting_limit() -> None:
    deep: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 1):
        deep = {"a": deep}
    assert refusal(PIPELINE | {"Metadata": deep}).code == "PC004"
    assert refusal("[" * 100_000).code == "PC004"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ([], "PC003", None),
        ({}, "PC003", "Steps"),
        ({"Steps": []}, "PC003", "Version"),
        ({"Version": "1", "Steps": {}}, "PC004", "Steps"),
        ({"Version": "1", "Steps": ["A"]}, "PC004", "Steps[0]"),
        ({"Version": "1", "Steps": [{"Type": "Fail"}]}, "PC003", "Steps[0].Name"),
        ({"Version": "1", "Steps": [{"Name": 3, "Type": "Fail"}]}, "PC004", "Steps[0].Name"),
        ({"Version": "1", "Steps": [{"Name": "A"}]}, "PC003", "Steps[0].Type"),
        (
            {"Version": "1", "Steps": [{"Name": "A", "Type": "Fail", "Arguments": []}]},
            "PC004",
            "Steps[0].Arguments",
        ),
        (
            {
                "Version": "1",
                "Steps": [{"Name": "A", "Type": "Condition", "Arguments": {"IfSteps": [{"Name": "B"}]}}],
            },
            "PC003",
            "Steps[0].Arguments.IfSteps[0].Type",
        ),
        ({"States": {}}, "PC003", "StartAt"),
        ({"StartAt": "A"}, "PC003", "States"),
        ({"StartAt": "A", "States": {"My A": {}}}, "PC003", "States['My A'].Type"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Map", "Iterator": {"StartAt": "B"}}}},
            "PC003",
            "States.A.Iterator.States",
        ),
    ],
)
def test_malformed_skeleton_names_the_path(body: Any, code: str, path: str | None) -> None:
    error = refusal(body)
    assert (error.code, error.path) == (code, path)


def test_explicit_nulls_are_accepted() -> None:
    step = {"Name": "A", "Type": "QualityCheck", "Arguments": None, "DependsOn": None}
    assert read_document({"Version": "2020-12-01", "Steps": [step]}).engine == "sagemaker"
