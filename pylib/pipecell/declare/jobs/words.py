"""The words of a ``%%step`` line that have a form of their own: names, durations, instances, pairs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipecell.declare.jobs.cell import Instance
from pipecell.declare.jobs.values import Value, is_variable, read_text
from pipecell.errors import DeclarationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DURATION = re.compile(r"(?P<count>\d+)\s*(?P<unit>[smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def step_name(name: str) -> str:
    """Return a name if a step can have it.

    Raises:
        DeclarationError: ``PC640``.
    """
    if _NAME.fullmatch(name) is None:
        raise DeclarationError(
            f'"{name}" cannot be a step\'s name.',
            code="PC640",
            hint="Up to 64 letters, digits, - and _, starting with a letter or digit.",
        )
    return name


def pairs(words: Iterable[str], option: str, *, identifier: bool = False) -> dict[str, str]:
    """Read ``name=value`` words.

    Raises:
        DeclarationError: ``PC650``, a word without ``=``, a name twice, or one that is no Python name where
            ``identifier`` says so.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or not value:
            raise DeclarationError(
                f'{option} "{word}" is not NAME=VALUE.', code="PC650", hint=f"Write {option} name=value."
            )
        if name in found:
            raise DeclarationError(f"{option} {name} is given twice.", code="PC650", hint="Keep one.")
        if identifier and not name.isidentifier():
            raise DeclarationError(
                f'{option} "{name}" is not a name.', code="PC650", hint="Letters, digits and _ only."
            )
        found[name] = value
    return found


def instance(word: str | None, namespace: Mapping[str, Any]) -> Instance:
    """Read ``TYPE``, ``TYPE*N`` or ``$parameter``, also ``$type*$count``.

    Raises:
        DeclarationError: ``PC650``, a count that is none; ``PC641``, no such variable.
    """
    if word is None:
        return Instance()
    kind, star, count = word.partition("*")
    number = read_text(count, namespace) if star else 1
    if not is_variable(number):
        if not str(number).isdecimal() or int(number) < 1:
            raise DeclarationError(
                f'--instance "{word}": "{count}" is no number of instances.',
                code="PC650",
                hint="Write ml.m5.xlarge*2.",
            )
        number = int(number)
    return Instance(read_text(kind, namespace), number)


def seconds(word: str | None, namespace: Mapping[str, Any]) -> Value:
    """Read a run time: ``2h``, ``30m``, a number of seconds, or ``$parameter``.

    Raises:
        DeclarationError: ``PC650``, it is none.
    """
    if word is None:
        return None
    value = read_text(word, namespace)
    if is_variable(value):
        return value
    text = str(value)
    match = _DURATION.fullmatch(text)
    if match is None and not text.isdecimal():
        raise DeclarationError(f'"{word}" is not a run time.', code="PC650", hint="Write 2h, 30m or 3600.")
    return int(match["count"]) * _SECONDS[match["unit"]] if match else int(text)


def cache_period(word: str | None) -> str:
    """Read ``--cache``: ``30d``, ``12h``, or ``off``; return an ISO 8601 duration, empty for never.

    Raises:
        DeclarationError: ``PC650``, it is none.
    """
    if word in (None, "off"):
        return ""
    match = _DURATION.fullmatch(str(word))
    if match is None or match["unit"] == "s":
        raise DeclarationError(
            f'--cache "{word}" is not a period.', code="PC650", hint="Write 30d, 12h or off."
        )
    date = match["unit"] in "dw"
    return f"P{'' if date else 'T'}{match['count']}{match['unit'].upper()}"


def count(word: str | None, option: str, default: int) -> int:
    """Read a whole number.

    Raises:
        DeclarationError: ``PC650``, it is none.
    """
    if word is None:
        return default
    if not word.isdecimal():
        raise DeclarationError(f'{option} "{word}" is not a number.', code="PC650", hint=f"Write {option} 3.")
    return int(word)
