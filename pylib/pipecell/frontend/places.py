"""Where in a cell's text a problem is.

A check speaks of the definition: a step and a path in it. The cell holds the words that became it.
A place is told only where it is certain: where the value at fault stands among those that the step
is made of, under the name that the path gives it or alone, as the syntax of the cell says; or, where
that cannot be read, where the words at fault stand in the text exactly once; some problems know their
line and column. Otherwise the step's own name is the place, marked as not exact, and else there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.checks import Diagnostic
from pipecell.definition.document import Document
from pipecell.definition.paths import read_path
from pipecell.definition.sagemaker import iterate_steps
from pipecell.errors import PipecellError
from pipecell.frontend import syntax

_COMMAND = re.compile(r"\s*(?:\w+\s*=\s*)?%%?(?:pipeline|step)\b")
_OPTION = re.compile(r"(?<!\S)--?[A-Za-z][\w-]*")
_QUOTED = re.compile(r'"([^"\n]{1,200})"')
_COMMENT = re.compile(r"^\s*#")
_PART = re.compile(r"[\w-]+")
_POSITION = re.compile(r"line (\d+), column (\d+)")
_TOKEN = re.compile(r"[\w$](?:[\w$./:-]*[\w$])?|\S")
_LEAST = 2
"""Shorter words, such as ``1``, say too little to be searched for."""
_TELLING = 5
"""Letters from which on a text of the cell that stands in a message is hardly there by chance."""


@dataclass(frozen=True)
class Place:
    """A piece of a cell's text.

    Attributes:
        start, end: from where to where, in UTF-16 code units, as browsers count.
        text: what stands there, so that a front end can tell whether it still does.
        exact: whether this is what is wrong, or only the step that it is in.
    """

    start: int
    end: int
    text: str
    exact: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as the extension reads it."""
        return {"from": self.start, "to": self.end, "text": self.text, "exact": self.exact}


def find(source: str, found: Diagnostic, document: Document | None) -> Place | None:
    """Return where a problem is in the text of the cell that it comes from."""
    position = _POSITION.fullmatch(found.path)
    if position is not None:
        return piece(source, int(position[1]), int(position[2]) - 1)
    written = syntax.read(source)
    part = next(iter(reversed(_PART.findall(found.path))), "")
    for suspect in [*_suspects(found, document), *_mentioned(found, written)]:
        values = [value for value in written.values if str(value.value) == suspect.words]
        if suspect.reference:
            values = [
                value for value in values if value.declares and value.call.startswith("Parameter")
            ] or values
        # A reference is not where it is used: a parameter is declared outside of every step.
        chosen = written.choose(values, None if suspect.reference else found.step, part)
        if chosen is not None:
            return _place(source, chosen.start, chosen.end, exact=True)
        spans = _spans(source, suspect.words)
        if len(spans) == 1 and not written.elsewhere(found.step, *spans[0]):
            return _place(source, *spans[0], exact=True)
    if found.step:
        spans = _spans(source, found.step)
        if spans:
            return _place(source, *spans[0], exact=False)
    return None


def find_command(source: str, message: str) -> Place | None:
    """Return where a magic's line is wrong: at the option that the message names, else all of it."""
    lines = [(n, line) for n, line in enumerate(source.splitlines(), 1) if _COMMAND.match(line)]
    for option in _OPTION.findall(message):
        spans = [
            (n, found.span())
            for n, line in lines
            for found in re.finditer(rf"(?<!\S){re.escape(option)}(?![\w-])", line)
        ]
        if len(spans) == 1:
            return piece(source, spans[0][0], *spans[0][1])
    return piece(source, lines[0][0]) if len(lines) == 1 else None


def piece(source: str, line: int, column: int | None = None, end: int | None = None) -> Place | None:
    """Return a piece of one line of a cell.

    Args:
        source: the cell's text.
        line: the line's number, from 1; one after the end means the last, where something is missing.
        column: where it begins, in characters from 0; without it the whole line is meant.
        end: where it ends; without it what is written together there.
    """
    lines = source.splitlines(keepends=True)
    if line < 1 or not lines:
        return None
    if line > len(lines):
        line, column, end = len(lines), None, None
    start = sum(map(len, lines[: line - 1]))
    text = lines[line - 1].rstrip()
    if column is not None and end is None:
        token = _TOKEN.search(text, min(column, max(len(text) - 1, 0)))
        column, end = token.span() if token is not None else (None, None)
    if column is None or end is None or not text[column:end].strip():
        column, end = len(text) - len(text.lstrip()), len(text)
    if column >= end:
        return None
    return _place(source, start + column, start + min(end, len(text)), exact=True)


@dataclass(frozen=True)
class _Suspect:
    """Words that may stand in the cell; those of a reference are a parameter's name."""

    words: str
    reference: bool = False


def _suspects(found: Diagnostic, document: Document | None) -> Iterable[_Suspect]:
    """Yield what may stand in the cell, the most telling first."""
    for quoted in _QUOTED.findall(found.message):
        if quoted != found.step:
            yield _Suspect(quoted)
    value = _value(found, document) if document is not None else None
    if isinstance(value, Mapping):
        reference = value.get("Get")
        if isinstance(reference, str):
            yield _Suspect(reference.removeprefix("Parameters."), reference.startswith("Parameters."))
    elif value is not None and not isinstance(value, list | bool):
        yield _Suspect(str(value))


def _mentioned(found: Diagnostic, written: syntax.Syntax) -> Iterable[_Suspect]:
    """Yield texts of the cell that a message repeats without quoting them: options, then the longest."""
    texts = {str(value.value) for value in written.values if isinstance(value.value, str)}
    for text in sorted(texts - {found.step or ""}, key=lambda text: (text[:1] != "-", -len(text), text)):
        if len(text) >= _TELLING and _spans(found.message, text):
            yield _Suspect(text)


def _value(found: Diagnostic, document: Document) -> Any:
    """Return what stands at a problem's path in the definition; None where that cannot be said."""
    if not found.path:
        return None
    holder: Any = document.body
    if found.step is not None:
        bodies: Mapping[str, Any]
        if document.engine == "sagemaker":
            bodies = {step.name: step.body for step in iterate_steps(document)}
        else:
            bodies = document.body.get("States") or {}
        holder = bodies.get(found.step)
    if holder is None:
        return None
    try:
        return read_path(holder, found.path)
    except PipecellError:
        return None


def _spans(source: str, words: str) -> list[tuple[int, int]]:
    """Return where words stand by themselves, comments left out."""
    if len(words) < _LEAST:
        return []
    pattern = re.compile(rf"(?<![\w-]){re.escape(words)}(?![\w-])")
    spans = []
    for match in pattern.finditer(source):
        line = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not _COMMENT.match(line):
            spans.append(match.span())
    return spans


def _place(source: str, start: int, end: int, *, exact: bool) -> Place:
    return Place(_units(source[:start]), _units(source[:end]), source[start:end], exact)


def _units(text: str) -> int:
    """Return the length of text in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
