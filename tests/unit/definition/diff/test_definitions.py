"""Two definitions compared by step and path."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition import Document, read_document
from pipecell.definition.diff import compare
from pipecell.definition.diff.noise import name_noise, without_digests
from pipecell.definition.diff.values import differences
from tests.unit.definition.export.everything import everything, machine
from tests.unit.golden.compare import definition

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def pipeline(*steps: dict[str, Any], **more: Any) -> Document:
    return read_document({"Version": "2020-12-01", "Steps": list(steps), **more}, name="p")


def step(name: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def code_step(uri: str) -> dict[str, Any]:
    return step("A", ProcessingInputs=[{"InputName": "code", "S3Input": {"S3Uri": uri}}])


def rows(before: Document | None, after: Document, **readers: Any) -> list[tuple[Any, ...]]:
    return [(c.kind, c.step, c.path, c.before, c.after) for c in compare(before, after, **readers)]


@pytest.mark.parametrize("document", [everything(), machine(), definition("census.json")])
def test_a_definition_does_not_differ_from_itself(document: Document) -> None:
    again = read_document(json.dumps(document.body), name=document.name)
    assert compare(document, again) == ()


def test_what_is_not_deployed_is_added() -> None:
    assert rows(None, pipeline(step("A"), step("B"))) == [
        ("added", "A", "", None, "Processing"),
        ("added", "B", "", None, "Processing"),
    ]


def test_steps_are_known_by_name_and_not_by_place() -> None:
    one, two = step("A", X="1"), step("B", Y="2")
    assert rows(pipeline(one, two), pipeline(two, one)) == []
    assert rows(pipeline(one, two), pipeline(step("A", X="3"))) == [
        ("changed", "A", "Arguments.X", "1", "3"),
        ("removed", "B", "", "Processing", None),
    ]


def test_a_step_that_moves_into_a_branch_has_changed() -> None:
    def condition(*inner: Any) -> dict[str, Any]:
        return {"Name": "C", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": list(inner)}}

    assert rows(pipeline(condition(), step("A")), pipeline(condition(step("A")))) == [
        ("added", "A", "branch of", None, "C, if true")
    ]


def test_keyed_lists_are_compared_by_name() -> None:
    def with_inputs(**uris: str) -> Document:
        inputs = [{"InputName": name, "S3Input": {"S3Uri": uri}} for name, uri in uris.items()]
        return pipeline(step("A", ProcessingInputs=inputs))

    assert rows(with_inputs(a="s3://1", b="s3://2"), with_inputs(b="s3://3", a="s3://1")) == [
        ("changed", "A", "Arguments.ProcessingInputs['b'].S3Input.S3Uri", "s3://2", "s3://3")
    ]


def test_parameters_belong_to_the_pipeline() -> None:
    def with_default(value: Any) -> Document:
        return pipeline(Parameters=[{"Name": "Count", "Type": "Integer", "DefaultValue": value}])

    assert rows(with_default(1), with_default(2)) == [
        ("changed", None, "Parameters['Count'].DefaultValue", 1, 2)
    ]


def test_nulls_order_of_depends_on_and_kinds_of_numbers_are_no_difference() -> None:
    one = {**step("A", X=None, N=1), "DependsOn": ["B", "C"]}
    two = {**step("A", N=1.0), "DependsOn": ["C", "B"]}
    assert rows(pipeline(one, step("B"), step("C")), pipeline(two, step("B"), step("C"))) == []


def test_a_function_is_one_value() -> None:
    before = pipeline(step("A", X={"Get": "Parameters.P"}))
    assert rows(before, pipeline(step("A", X="text"))) == [
        ("changed", "A", "Arguments.X", {"Get": "Parameters.P"}, "text")
    ]


def test_code_is_compared_by_content_with_its_lines() -> None:
    shelf = {"s3://b/1/a.py": {"a.py": b"one\ntwo\n"}, "s3://b/2/a.py": {"a.py": b"one\n2\nthree\n"}}
    same = {**shelf, "s3://b/2/a.py": shelf["s3://b/1/a.py"]}
    before, after = pipeline(code_step("s3://b/1/a.py")), pipeline(code_step("s3://b/2/a.py"))
    readers = {"code_before": shelf.__getitem__, "code_after": shelf.__getitem__}
    assert rows(before, after, **readers) == [("code", "A", "a.py", "two", "2\nthree")]
    (change,) = compare(before, after, **readers)
    assert change.note == "lines 2–3 changed"
    (noise,) = compare(before, after, code_before=same.__getitem__, code_after=same.__getitem__)
    assert (noise.kind, noise.note) == ("noise", "the same code at another address")


def test_code_that_cannot_be_read_is_compared_by_address() -> None:
    before, after = pipeline(code_step("s3://b/1/a.py")), pipeline(code_step("s3://b/2/a.py"))
    (change,) = compare(before, after, code_before=lambda _: {}, code_after=lambda _: {})
    assert (change.kind, change.after) == ("changed", "s3://b/2/a.py")


def test_states_are_compared_wherever_they_are() -> None:
    changed = json.loads(json.dumps(machine().body))
    changed["States"]["Each"]["ItemProcessor"]["States"]["Tell"]["Parameters"]["FunctionName"] = "say"
    assert rows(machine(), read_document(changed, name="Machine")) == [
        ("changed", "Each/Tell", "Parameters.FunctionName", "tell", "say")
    ]


@pytest.mark.parametrize(
    ("before", "after", "noise"),
    [
        (
            "s3://b/Prep-2026-11-20-10-00-00-123/a.py",
            "s3://b/Prep-2026-11-21-11-30-00-456/a.py",
            "a time stamp",
        ),
        ("job-1763630000", "job-1763637777", "a time stamp"),
        ("x-0a1b2c3d-0000-4000-8000-0123456789ab", "x-ffffffff-0000-4000-8000-0123456789ab", "an id"),
        ("s3://b/2026-11-20-10-00-00-123/a.py", "s3://b/2026-11-21-11-30-00-456/b.py", ""),
        ("0.2", "0.3", ""),
        ("same", "same", ""),
        (1, 2, ""),
    ],
)
def test_noise_is_named(before: Any, after: Any, noise: str) -> None:
    assert name_noise(before, after).startswith(noise) if noise else name_noise(before, after) == ""


def test_a_digest_of_content_is_left_out_of_an_address() -> None:
    assert without_digests(f"s3://b/{'a1' * 16}/x.py") == "s3://b/…/x.py"


@given(JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(differences(value, json.loads(json.dumps(value)))) == []


@given(JSON, JSON)
def test_differences_are_the_same_both_ways(one: Any, two: Any) -> None:
    there = {each.text for each in differences(one, two)}
    assert there == {each.text for each in differences(two, one)}
