"""How objects begin: a table, text, nothing to see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.live.data import COLUMNS, ROWS, describe, size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (123_456_789, "123 MB")],
)
def test_sizes_are_said_as_people_say_them(size: float, text: str) -> None:
    assert size_text(size) == text


def test_a_table_is_cut_to_what_fits() -> None:
    content = "\n".join(",".join(str(n) for n in range(40)) for _ in range(40)).encode()
    shown = describe(content, "s3://b/rows.csv", more=False)
    assert len(shown["rows"]) == ROWS
    assert all(len(row) == COLUMNS for row in shown["rows"])
    assert shown["more"] is True


def test_json_is_indented_and_what_is_no_json_stays_as_it_is() -> None:
    assert describe(b'{"a":1}', "s3://b/x.json", more=False)["text"] == '{\n  "a": 1\n}'
    assert describe(b'{"a":', "s3://b/x.json", more=False)["text"] == '{"a":'


@pytest.mark.parametrize("content", [b"a\x00b", b"\x1f\x8b\x08", b"PK\x03\x04"])
def test_binary_is_not_shown(content: bytes) -> None:
    assert describe(content, "s3://b/x", more=False) == {"kind": "none", "text": "Binary."}


@given(
    st.binary(max_size=300), st.sampled_from(["s3://b/x.csv", "s3://b/x.json", "s3://b/x.tsv", "s3://b/x"])
)
def test_whatever_an_object_holds_it_has_a_preview(content: bytes, uri: str) -> None:
    assert describe(content, uri, more=False)["kind"] in ("table", "text", "none")
