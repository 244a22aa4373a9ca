"""How files of code differ: which lines, and what they say."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_BINARY = "not text"


@dataclass(frozen=True)
class FileChange:
    """One file that differs.

    Attributes:
        name: the file's name.
        words: what happened, for people: ``lines 10–14 changed``.
        before, after: the lines that were there, and those that are there now; None for a file that
            was or is not there.
    """

    name: str
    words: str
    before: str | None
    after: str | None


Files = Mapping[str, bytes]
"""Code by name of file: one script, or the members of an archive or folder."""

ReadCode = Callable[[str], Files]
"""Returns the code at an S3 URI; empty when it is not there."""


def compare_files(before: Files, after: Files) -> Iterator[FileChange]:
    """Yield each file that differs, by name."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None or new is None:
            here, there = _text(old), _text(new)
            yield FileChange(name, "added" if old is None else "removed", here, there)
        else:
            yield _changed(name, old, new)


def describe(changes: list[FileChange]) -> str:
    """Return what happened to some files: ``prep.py lines 10–14 changed, util.py added``."""
    return ", ".join(f"{change.name} {change.words}" for change in changes)


def _changed(name: str, before: bytes, after: bytes) -> FileChange:
    old, new = _text(before), _text(after)
    if old is None or new is None or _BINARY in (old, new):
        return FileChange(name, "changed", old, new)
    old_lines, new_lines = old.splitlines(), new.splitlines()
    ranges: list[tuple[int, int]] = []
    gone: list[str] = []
    come: list[str] = []
    matcher = difflib.SequenceMatcher(a=old_lines, b=new_lines, autojunk=False)
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        if tag != "equal":
            ranges.append((new_first + 1, max(new_first + 1, new_last)))
            gone += old_lines[first:last]
            come += new_lines[new_first:new_last]
    if not ranges:
        return FileChange(name, "line ends changed", "", "")
    spans = [str(first) if first == last else f"{first}–{last}" for first, last in ranges]
    word = "line" if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else "lines"
    return FileChange(name, f"{word} {', '.join(spans)} changed", "\n".join(gone), "\n".join(come))


def _text(content: bytes | None) -> str | None:
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _BINARY
