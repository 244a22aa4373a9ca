"""The intrinsic functions of JSONPath states, as text: ``States.Format('{}', $.x)`` and its siblings.

A call is parsed once into a small tree; calls nest freely. Source: "Intrinsic functions for JSONPath
states in Step Functions" in AWS's developer guide.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipecell.definition.asl.jsonpath import is_path

ARGUMENTS: dict[str, tuple[int, int | None]] = {
    "Array": (0, None),
    "ArrayPartition": (2, 2),
    "ArrayContains": (2, 2),
    "ArrayRange": (3, 3),
    "ArrayGetItem": (2, 2),
    "ArrayLength": (1, 1),
    "ArrayUnique": (1, 1),
    "Base64Encode": (1, 1),
    "Base64Decode": (1, 1),
    "Format": (1, None),
    "Hash": (2, 2),
    "JsonMerge": (3, 3),
    "JsonToString": (1, 1),
    "MathAdd": (2, 2),
    "MathRandom": (2, 3),
    "StringSplit": (2, 2),
    "StringToJson": (1, 1),
    "UUID": (0, 0),
}
"""Every function, with the least and the most arguments that it takes; None for any number."""

_NAME = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*[,)])")
_WORD = re.compile(r"(true|false|null)(?=\s*[,)])")
_ESCAPES = {"'": "'", "\\": "\\", "{": "\\{", "}": "\\}"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class IntrinsicSyntaxError(ValueError):
    """A text that is no call of an intrinsic function."""


@dataclass(frozen=True)
class Path:
    """An argument that is read when the state runs."""

    text: str


@dataclass(frozen=True)
class Literal:
    """An argument written in the definition."""

    value: Any


@dataclass(frozen=True)
class Call:
    """One call; its arguments may be calls."""

    name: str
    arguments: tuple[Path | Literal | Call, ...]


@lru_cache(maxsize=1024)
def parse(text: str) -> Call:
    """Parse one whole call.

    Raises:
        IntrinsicSyntaxError: not a call, an unknown function or an illegal escape.
    """
    call, end = _call(text, 0)
    if text[end:].strip():
        raise IntrinsicSyntaxError(text)
    return call


def _call(text: str, start: int) -> tuple[Call, int]:
    match = _NAME.match(text, start)
    if match is None or match[1] not in ARGUMENTS:
        raise IntrinsicSyntaxError(text)
    position = _blank(text, match.end())
    arguments: list[Path | Literal | Call] = []
    while text[position : position + 1] != ")":
        if arguments:
            if text[position : position + 1] != ",":
                raise IntrinsicSyntaxError(text)
            position = _blank(text, position + 1)
        argument, position = _argument(text, position)
        arguments.append(argument)
        position = _blank(text, position)
        if position >= len(text):
            raise IntrinsicSyntaxError(text)
    return Call(match[1], tuple(arguments)), position + 1


def _argument(text: str, position: int) -> tuple[Path | Literal | Call, int]:
    if text.startswith("States.", position):
        return _call(text, position)
    if text.startswith("'", position):
        return _string(text, position)
    if text.startswith("$", position):
        end = _path_end(text, position)
        path = text[position:end].strip()
        if not is_path(path):
            raise IntrinsicSyntaxError(text)
        return Path(path), end
    for pattern, convert in ((_NUMBER, json.loads), (_WORD, _WORDS.__getitem__)):
        match = pattern.match(text, position)
        if match is not None:
            return Literal(convert(match[0])), match.end()
    raise IntrinsicSyntaxError(text)


def _string(text: str, start: int) -> tuple[Literal, int]:
    position = start + 1
    out: list[str] = []
    while position < len(text):
        character = text[position]
        if character == "'":
            return Literal("".join(out)), position + 1
        if character == "\\":
            escaped = text[position + 1 : position + 2]
            if escaped not in _ESCAPES:
                raise IntrinsicSyntaxError(text)
            out.append(_ESCAPES[escaped])
            position += 1
        else:
            out.append(character)
        position += 1
    raise IntrinsicSyntaxError(text)


def _path_end(text: str, start: int) -> int:
    """Return where a path argument ends: the comma or bracket outside its own brackets and quotes."""
    depth, quote, position = 0, "", start
    while position < len(text):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])" and depth:
            depth -= 1
        elif character in ",)" and not depth:
            return position
        position += 1
    raise IntrinsicSyntaxError(text)


def _blank(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def is_call(text: Any) -> bool:
    """Tell whether ``text`` is a well-formed call."""
    if not isinstance(text, str) or not text.startswith("States."):
        return False
    try:
        parse(text)
    except IntrinsicSyntaxError:
        return False
    return True


def paths_in(call: Call) -> list[str]:
    """Return every path that the call reads."""
    found: list[str] = []
    for argument in call.arguments:
        if isinstance(argument, Path):
            found.append(argument.text)
        elif isinstance(argument, Call):
            found.extend(paths_in(argument))
    return found
