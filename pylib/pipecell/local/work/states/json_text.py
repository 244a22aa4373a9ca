"""JSON texts that cannot be parsed, described in the words of AWS's parser."""

from __future__ import annotations

import json
import re
from typing import Any

_EXPECTED = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class InvalidJsonError(ValueError):
    """A text that is not JSON; the message is AWS's."""


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        InvalidJsonError: it is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidJsonError(describe_error(text, error)[0]) from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def describe_error(text: str, error: Exception) -> tuple[str, str]:
    """Return what is wrong with a text and where, as Jackson says it."""
    position = getattr(error, "pos", 0)
    word = re.match(r"[A-Za-z_$][\w$]*", text[position:])
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    line = text.count("\n", 0, position) + 1
    if word and word[0] not in ("true", "false", "null"):
        message = f"Unrecognized token '{word[0]}': {_EXPECTED}"
        column += len(word[0])
    elif getattr(error, "msg", "").startswith("Expecting property name") and position < len(text):
        character = text[position]
        message = (
            f"Unexpected character ('{character}' (code {ord(character)})): "
            "was expecting double-quote to start field name"
        )
    elif position >= len(text):
        message = "Unexpected end-of-input"
    else:
        character = text[position]
        message = f"Unexpected character ('{character}' (code {ord(character)})): {error}"
    return message, f'[Source: (String)"{text[:500]}"; line: {line}, column: {column}]'
