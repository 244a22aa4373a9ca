from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.asl import jsonpath as paths

NAMES = st.text("abcXYZ_09 é-", min_size=1, max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", {"a": [1, {"b c": 2}]}),
        ("$.a[0]", 1),
        ("$.a[-1]['b c']", 2),
        ('$["a"][1]', {"b c": 2}),
        ("$.a[*]", [1, {"b c": 2}]),
        ("$.a[:1]", [1]),
        ("$.none[*]", []),
        ("$..['b c']", [2]),
        ("$.a.length()", 2),
    ],
)
def test_reading(path: str, value: Any) -> None:
    assert paths.read(path, {"a": [1, {"b c": 2}]}) == value


def test_filters_give_lists() -> None:
    data = {"l": [{"n": 1}, {"n": 5}]}
    assert paths.read("$.l[?(@.n > 2)]", data) == [{"n": 5}]
    assert paths.read("$.l[?(@.n > 2)].n", data) == [5]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.[0].code", "es"),
        ("$.[*].['code', 'n']", [{"code": "es", "n": 1}, {"code": "f.[r", "n": 5}]),
        ("$[?(@.code==es)].n", [1]),
        ("$[?(@.code == es || @.n>1)].n", [1, 5]),
        ("$[?(@.code nin ['es'])].n", [5]),
        ("$[?(@.code.length() == 4)].n", [5]),
        ("$[?(@.code=='f.[r')].n", [5]),
        ("$[0]['n',\"code\"]", {"n": 1, "code": "es"}),
        ("$[0]['n','code'].n", 1),
        ("$..['n','none']", [1, 5]),
    ],
)
def test_spellings_of_awss_library(path: str, value: Any) -> None:
    assert paths.is_path(path)
    assert paths.read(path, [{"code": "es", "n": 1, "m": 0}, {"code": "f.[r", "n": 5}]) == value


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("$.x", "No results for path: $['x']"),
        ("$.a.x.y", "Missing property in path $['a']['x']"),
        ("$.l[3]", "No results for path: $['l'][3]"),
    ],
)
def test_what_is_missing_is_named_as_aws_names_it(path: str, message: str) -> None:
    with pytest.raises(paths.PathNotFoundError, match=message.replace("$", r"\$").replace("[", r"\[")):
        paths.read(path, {"a": {}, "l": [1]})


@pytest.mark.parametrize("text", ["a", "", "$.a[", "$.a b", 1, None, "$.[", "$$.a["])
def test_what_is_no_path(text: Any) -> None:
    assert not paths.is_path(text)


def test_what_can_be_written() -> None:
    assert paths.is_reference_path("$.a['b'][0]")
    assert not paths.is_reference_path("$.a[*]")
    assert not paths.is_reference_path("$$.a")


@given(
    data=st.dictionaries(NAMES, JSON, max_size=3), names=st.lists(NAMES, min_size=1, max_size=3), value=JSON
)
def test_what_is_written_is_read_and_nothing_else_changes(data: Any, names: list[str], value: Any) -> None:
    path = "$" + "".join(f"['{name}']" for name in names)
    try:
        changed = paths.write(path, data, value)
    except paths.PathNotFoundError:
        return
    assert paths.read(path, changed) == value
    others = {key: item for key, item in data.items() if key != names[0]}
    assert {key: item for key, item in changed.items() if key != names[0]} == others


def test_writing_keeps_the_input_as_it_was() -> None:
    data = {"a": {"b": 1}}
    assert paths.write("$.a.c", data, 2) == {"a": {"b": 1, "c": 2}}
    assert data == {"a": {"b": 1}}
    assert paths.write("$", data, 3) == 3
    assert paths.write(None, data, 3) is data
    with pytest.raises(paths.PathNotFoundError):
        paths.write("$.a.b.c", data, 1)
