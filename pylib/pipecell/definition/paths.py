"""Paths: into a definition, into a step's properties, into a JSON document.

AWS writes one small language everywhere: ``ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri``,
``TrainingJobSummaries[0].TrainingJobName``, ``metrics.accuracy.value``, ``Result['rmse']``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipecell.errors import DefinitionError


class Key(str):
    """A segment in brackets and quotes: it names an entry of a map, or an item of a keyed list."""

    __slots__ = ()


Segment = str | int
"""A name after a dot (``str``), a quoted key (`Key`) or an index (``int``)."""

_SEGMENT = re.compile(
    r"""\.?(?P<name>[^.\[\]'"]+)"""
    r"""|\[(?P<index>\d+)\]"""
    r"""|\['(?P<single>(?:[^'\\]|\\.)*)'\]"""
    r"""|\["(?P<double>(?:[^"\\]|\\.)*)"\]""",
    re.DOTALL,
)
_SHOWN = 12  # names that a hint lists
_PLAIN = re.compile(r"""[^.\[\]'"\s]+""")


def parse_property_path(text: str) -> tuple[Segment, ...]:
    """Parse ``A.B['c'].D[0]`` into segments; a leading JSONPath ``$`` is dropped.

    Raises:
        DefinitionError: ``PC112``, brackets or quotes that do not match, or an empty name.
    """
    segments: list[Segment] = []
    position = start = 1 if text[:2] in ("$", "$.", "$[") else 0
    while position < len(text):
        found = _SEGMENT.match(text, position)
        after_dot = text[position] == "."
        if found is None or (found["name"] is not None and after_dot != bool(segments or start)):
            raise DefinitionError(
                f'"{text}" is not a path: it cannot be read from character {position + 1} on.', code="PC112"
            )
        if found["name"] is not None:
            segments.append(found["name"])
        elif found["index"] is not None:
            segments.append(int(found["index"]))
        else:
            quoted = found["single"] if found["single"] is not None else found["double"]
            segments.append(Key(re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)))
        position = found.end()
    return tuple(segments)


def format_path(segments: Iterable[Segment]) -> str:
    """Write segments as a path; names that a dot could not carry are quoted in brackets."""
    parts: list[str] = []
    for segment in segments:
        if isinstance(segment, int):
            parts.append(f"[{segment}]")
        elif isinstance(segment, Key) or (
            parts and not segment.isidentifier() and not _PLAIN.fullmatch(segment)
        ):
            escaped = segment.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']")
        else:
            parts.append(f".{segment}" if parts else segment)
    return "".join(parts)


def read_path(document: Any, path: str) -> Any:
    """Return what ``path`` names in ``document``.

    A quoted key also finds the item of a list whose name says so: in AWS's answers
    ``Outputs['train']`` is the output whose ``OutputName`` is ``train``.

    Raises:
        DefinitionError: ``PC112`` for a path that cannot be parsed, ``PC113`` when nothing is there;
            its hint names what is.
    """
    value = document
    segments = parse_property_path(path)
    for count, segment in enumerate(segments):
        try:
            value = _step_into(value, segment)
        except LookupError as error:
            raise DefinitionError(
                f"There is no {format_path(segments[: count + 1])}.",
                code="PC113",
                path=path,
                hint=_what_is_there(value, format_path(segments[:count])),
            ) from error
    return value


def _step_into(value: Any, segment: Segment) -> Any:
    if isinstance(value, Mapping):
        return value[str(segment)]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if isinstance(segment, str):
            for item in value:
                if isinstance(item, Mapping) and segment in _names(item):
                    return item
        return value[_index(segment)]
    raise LookupError(segment)


def _index(segment: Segment) -> int:
    if isinstance(segment, int):
        return segment
    if segment.isdecimal():
        return int(segment)
    raise LookupError(segment)


def _names(item: Mapping[str, Any]) -> list[str]:
    """Return what an item of a keyed list may be called: its ``OutputName``, ``Name`` and the like."""
    return [value for key, value in item.items() if key.endswith("Name") and isinstance(value, str)]


def _what_is_there(value: Any, where: str) -> str:
    place = f"{where} has" if where else "It has"
    if isinstance(value, Mapping):
        names = [str(key) for key in value]
    elif isinstance(value, list):
        names = [name for item in value if isinstance(item, Mapping) for name in _names(item)]
        if not names:
            return f"{place} {len(value)} items."
    else:
        return f"{where or 'It'} is a single value."
    return (
        f"{place} {', '.join(names[:_SHOWN])}{'…' if len(names) > _SHOWN else ''}."
        if names
        else f"{where} is empty."
    )
