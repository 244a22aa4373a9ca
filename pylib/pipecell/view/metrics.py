"""How wide text will be, and how to make it fit: nobody can measure a font inside an <img>.

Widths are those of DejaVu Sans, the widest of the fonts that a browser may choose for
``system-ui``; with any narrower font there is room to spare, and nothing overflows.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Hundredths of an em for the characters from space to tilde, taken from the font's own table.
_REGULAR = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 "
    "100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 "
    "50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
)
_BOLD = (
    "35 46 52 84 70 100 87 31 46 46 52 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84 58 "
    "100 77 76 73 83 68 68 82 84 37 37 77 64 100 84 85 73 85 77 72 68 81 77 110 77 72 73 46 37 46 84 "
    "50 50 67 72 59 72 68 44 72 71 34 34 67 34 104 71 69 72 72 49 60 48 71 65 92 65 65 58 71 37 71 84"
)
_TABLES = {bold: [int(n) / 100 for n in table.split()] for bold, table in ((False, _REGULAR), (True, _BOLD))}
_FIRST, _LAST = 0x20, 0x7E
_OTHER = {False: 0.7, True: 0.76}
_WIDE = 1.05
_SYMBOL = 0.95
ELLIPSIS = "…"

# Controls, surrogates and what reorders text: a name must not rearrange what stands around it.
_REORDERING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_CONTROLS = re.compile(
    f"[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufffe\uffff{_REORDERING}]"
)
_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
"""What colours text in terminals, moves their cursor, or makes a link."""
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return text on one line without control characters, surrogates or direction overrides."""
    return _SPACES.sub(" ", _CONTROLS.sub("", _CODES.sub("", text))).strip()


def plain(line: str) -> str:
    """Return a line of a log as a terminal leaves it: what was overwritten, and all codes, are gone."""
    shown = _CODES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return _CONTROLS.sub("", shown)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = 12, *, bold: bool = False) -> float:
    """Return an upper estimate of the width in pixels of one line of text.

    Args:
        text: already cleaned text.
        size: font size in pixels.
        bold: whether it is drawn bold.
    """
    table = _TABLES[bold]
    width = 0.0
    for character in text:
        code = ord(character)
        width += table[code - _FIRST] if _FIRST <= code <= _LAST else _other_width(character, bold)
    return width * size


def _other_width(character: str, bold: bool) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return _WIDE
    return _SYMBOL if unicodedata.category(character)[0] == "S" else _OTHER[bold]


def elide(text: str, width: float, size: float = 12, *, bold: bool = False, middle: bool = False) -> str:
    """Return text that fits into ``width`` pixels, shortened with an ellipsis where it must be.

    Args:
        text: already cleaned text.
        width: room in pixels.
        size: font size in pixels.
        bold: whether it is drawn bold.
        middle: keep both ends (for names, whose last words tell them apart), not only the beginning.
    """
    if text_width(text, size, bold=bold) <= width:
        return text
    low, high = 0, len(text)  # characters kept: low fits, high does not
    while high - low > 1:
        kept = (low + high) // 2
        if text_width(_shorten(text, kept, middle=middle), size, bold=bold) <= width:
            low = kept
        else:
            high = kept
    return _shorten(text, low, middle=middle)


def _shorten(text: str, kept: int, *, middle: bool) -> str:
    tail = kept * 2 // 5 if middle else 0
    return text[: kept - tail].rstrip() + ELLIPSIS + (text[len(text) - tail :].lstrip() if tail else "")


def wrap(text: str, width: float, size: float = 12, *, lines: int = 2) -> list[str]:
    """Return text in at most ``lines`` lines of ``width`` pixels; the last one is elided."""
    words = text.split(" ")
    done: list[str] = []
    while words and len(done) < lines - 1:
        count = 1
        while count < len(words) and text_width(" ".join(words[: count + 1]), size) <= width:
            count += 1
        if count == len(words) and text_width(" ".join(words), size) <= width:
            break
        done.append(elide(" ".join(words[:count]), width, size))
        words = words[count:]
    return [*done, elide(" ".join(words), width, size)] if words else done
