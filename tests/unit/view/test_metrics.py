"""Cleaning, measuring and shortening text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.view.metrics import clean, elide, plain, text_width, wrap


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x1b[31mc", "abc"),
        (" two\n lines\t", "two lines"),
        ("\u202eabc\u2069", "abc"),
        ("\ud800x", "x"),
        ("Größe 中 😀", "Größe 中 😀"),
    ],
)
def test_cleaning(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[1;32mgreen\x1b[0m and\tplain", "green and\tplain"),
        ("10%\r 50%\r100%\r", "100%"),
        ("\x1b]8;;http://example.org\x07a link\x1b]8;;\x1b\\", "a link"),
        ("<b>\u202etext\u202c</b>", "<b>text</b>"),
    ],
)
def test_a_line_of_a_log_is_what_a_terminal_leaves(line: str, shown: str) -> None:
    assert plain(line) == shown


@given(st.text())
def test_cleaned_text_is_one_line_of_legal_xml(text: str) -> None:
    cleaned = clean(text)
    assert not set(cleaned) & set("\n\r\t\x00\x1b\u202e")
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


def test_known_widths() -> None:
    assert text_width("") == 0
    assert text_width("iii") < text_width("mmm") < text_width("mmm", bold=True)
    assert text_width("中文", 10) >= 20
    assert text_width("e\u0301", 10) == text_width("e", 10)


@given(st.text(max_size=80).map(clean), st.floats(20, 400), st.booleans())
def test_shortened_text_fits(text: str, width: float, middle: bool) -> None:
    short = elide(text, width, middle=middle)
    assert text_width(short) <= width
    assert short == text or "…" in short


def test_middle_keeps_both_ends() -> None:
    short = elide("CensusPipelineRegister-RegisterModel", 150, bold=True, middle=True)
    assert short.startswith("Census")
    assert short.endswith("Model")


@given(st.text(max_size=200).map(clean), st.floats(40, 300), st.integers(1, 4))
def test_wrapped_lines_fit(text: str, width: float, lines: int) -> None:
    wrapped = wrap(text, width, lines=lines)
    assert len(wrapped) <= lines
    assert all(text_width(line) <= width for line in wrapped)


def test_wrapping_keeps_all_words_when_there_is_room() -> None:
    assert wrap("one two three", 1000) == ["one two three"]
    assert wrap("one two three four", 50, lines=4) == ["one two", "three", "four"]
