"""What is wrong with a text that should be JSON, in words that lead to the mend."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pipecell.errors import DefinitionError

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}:]', re.DOTALL)
_COMMENTS = ("//", "/*", "#")


def load(text: str, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Return what a text of JSON says, in whose objects each name stands once.

    Args:
        text: the JSON.
        parse_constant: as of ``json.loads``.

    Raises:
        json.JSONDecodeError: it is none.
        DefinitionError: ``PC006``, as in `once`, with the line and column of the second one.
    """
    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=parse_constant)
    except RepeatedNameError as error:
        error.path = _second(text)
        raise


class RepeatedNameError(DefinitionError):
    """A name stands twice in one object."""

    code = "PC006"


def once(pairs: list[tuple[Any, Any]], place: Callable[[int], str] | None = None) -> dict[str, Any]:
    """Return an object of JSON or YAML, each of whose names stands in it once.

    Args:
        pairs: its names and values.
        place: tells the line and column of a pair by its index, where that is known.

    Raises:
        RepeatedNameError: ``PC006``, a name is there twice. AWS refuses such a state machine, and readers
            of JSON lose the first of them without a word.
    """
    made = {str(key): value for key, value in pairs}
    if len(made) != len(pairs):
        names = [str(key) for key, _ in pairs]
        second = _repeated(names)
        raise RepeatedNameError(
            f'"{names[second]}" stands twice in one object.',
            path=place(second) if place is not None else "",
            hint="The first of them would be lost: rename one.",
        )
    return made


def _repeated(names: Sequence[str]) -> int:
    """Return the index of the second one of the first name that is there twice."""
    counts = Counter(names)
    first = next(index for index, name in enumerate(names) if counts[name] > 1)
    return names.index(names[first], first + 1)


def _second(text: str) -> str:
    """Return the line and column of the name that stands twice in the first object to end with such a one."""
    objects: list[list[tuple[str, int]]] = []
    string: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        match token.group():
            case "{":
                objects.append([])
            case ":" if string is not None:
                objects[-1].append((json.loads(string.group()), string.start()))
            case "}":
                found = objects.pop()
                names = [name for name, _ in found]
                if len(set(names)) < len(names):
                    return _place(text, found[_repeated(names)][1])
            case _:
                string = token
    return ""


def _place(text: str, position: int) -> str:
    """Return a position in a text as ``line 3, column 7``, both from 1."""
    before = text[:position]
    line, column = before.count("\n") + 1, position - before.rfind("\n")
    return f"line {line}, column {column}"


def not_json(error: json.JSONDecodeError, what: str) -> DefinitionError:
    """Return the error (``PC001``) for a text that is not JSON, with its line and column.

    Args:
        error: why it is none.
        what: ``definition`` or ``machine``.
    """
    if not error.doc.strip():
        return DefinitionError(f"The {what} is empty.", code="PC001")
    return DefinitionError(
        f"The {what} is not JSON: {error.msg}.",
        code="PC001",
        path=f"line {error.lineno}, column {error.colno}",
        hint=_way_out(error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()),
    )


def _way_out(before: str, after: str) -> str:
    """Return what to do about the commonest habits of other languages; empty for anything else."""
    if after.startswith(_COMMENTS):
        return "JSON has no comments: take it out."
    if after.startswith("'"):
        return "Texts and names stand in double quotes."
    # Python 3.13 points to the comma, those before it to what follows.
    comma, rest = after.startswith(","), after.removeprefix(",").lstrip()
    if (comma or before.endswith(",")) and rest.startswith(("}", "]")):
        return "A comma stands before the end of an object or list: take it out."
    return ""
