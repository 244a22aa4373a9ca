from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.asl.intrinsics import is_call
from pipecell.definition.asl.jsonpath import read
from pipecell.local.work.states import intrinsics
from pipecell.local.work.states.failure import Failure

DATA = {"s": "text", "n": 1.5, "l": [1, 2, 2, {"a": 1}], "o": {"a": 1, "b": {"c": 1}}, "z": None}


def value(text: str, data: Any = DATA) -> Any:
    return intrinsics.evaluate(text, lambda path: read(path, data))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("States.Format('{} and {}', $.s, 7)", "text and 7"),
        ("States.Format('\\{{}\\}', $.s)", "{text}"),
        ("States.Format('{}', $.o)", "{a=1, b={c=1}}"),
        ("States.Format('it\\'s {}', true)", "it's true"),
        ("States.Array(1, 'a', null, $.n)", [1, "a", None, 1.5]),
        ("States.Array()", []),
        ("States.ArrayPartition(States.ArrayRange(1, 5, 1), 2)", [[1, 2], [3, 4], [5]]),
        ("States.ArrayContains($.l, $.o.b.c)", True),
        ("States.ArrayGetItem($.l, 0)", 1),
        ("States.ArrayLength($.l)", 4),
        ("States.ArrayUnique($.l)", [1, 2, {"a": 1}]),
        ("States.Hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
        ("States.JsonMerge($.o, States.StringToJson('{\"a\": 2}'), false)", {"a": 2, "b": {"c": 1}}),
        ("States.JsonToString($.o)", '{"a":1,"b":{"c":1}}'),
        ("States.MathAdd(1.5, -1.5)", 1),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
        ("States.StringToJson('')", None),
    ],
)
def test_functions(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "States.Nothing()",
        "States.Format('a)",
        "States.Format('\\x')",
        "Format('a')",
        "States.Array(1 2)",
        "States.UUID() x",
    ],
)
def test_what_is_no_call(text: str) -> None:
    assert not is_call(text)


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayLength($.s)",
        "States.Format('{}')",
        "States.Base64Decode('!')",
        "States.ArrayGetItem($.l, 9)",
    ],
)
def test_wrong_arguments_fail_the_state(text: str) -> None:
    with pytest.raises(Failure) as error:
        value(text)
    assert error.value.error == "States.IntrinsicFailure"


def test_random_numbers_stay_in_range_and_follow_the_seed() -> None:
    assert all(3 <= value("States.MathRandom(3, 6)") < 6 for _ in range(50))
    assert value("States.MathRandom(0, 1000, 7)") == value("States.MathRandom(0, 1000, 7)")
    assert value("States.UUID()") != value("States.UUID()")


@given(st.text())
def test_base64_round_trip(text: str) -> None:
    encoded = value("States.Base64Encode($)", text)
    assert base64.b64decode(encoded).decode() == text
    assert value("States.Base64Decode($)", encoded) == text


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_any_text_can_be_quoted(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert value(f"States.Array('{quoted}')") == [text]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_json_round_trip(data: Any) -> None:
    text = value("States.JsonToString($)", data)
    assert json.loads(text) == data
    assert value("States.StringToJson($)", text) == data
