"""Which workflow variables each state refers to: ``variableReferences`` of DescribeStateMachine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl import intrinsics
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.parse import Machine, State

_PATH = re.compile(r"\$([A-Za-z_]\w*)")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|/\*.*?\*/", re.DOTALL)
_JSONATA_NAME = re.compile(r"(?<![\w$])\$([A-Za-z_]\w*)\b(?!\s*\()")
_BOUND = re.compile(r"\$([A-Za-z_]\w*)\s*:=|function\s*\(([^)]*)\)")
_NESTED = frozenset({"ItemProcessor", "Iterator", "Branches", "States"})
_PATH_KEYS = ("Path", "Variable", ".$")


def references(machine: Machine) -> dict[str, list[str]]:
    """Return the variables that each state reads, by state name; states that read none are left out."""
    found: dict[str, list[str]] = {}
    for state in machine.every_state():
        names = list(dict.fromkeys(_of(state)))
        if names:
            found[state.name] = names
    return found


def _of(state: State) -> Iterator[str]:
    yield from _walk(state.body, "", state.jsonata)


def _walk(value: Any, key: str, is_jsonata: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name not in _NESTED:
                yield from _walk(item, name, is_jsonata)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, key, is_jsonata)
    elif isinstance(value, str):
        yield from _in_expression(value) if is_jsonata else _in_path(value, key)


def _in_path(text: str, key: str) -> Iterator[str]:
    if text.startswith("States.") and key.endswith(".$"):
        try:
            inner = intrinsics.paths_in(intrinsics.parse(text))
        except intrinsics.IntrinsicSyntaxError:
            return
    elif key.endswith(_PATH_KEYS):
        inner = [text]
    else:
        return
    for path in inner:
        match = _PATH.match(path)
        if match:
            yield match[1]


def _in_expression(text: str) -> Iterator[str]:
    expression = jsonata.expression(text)
    if expression is None:
        return
    bare = _STRING.sub(" ", expression)
    bound = {"states"}
    for name, parameters in _BOUND.findall(bare):
        bound.update([name] if name else re.findall(r"\$(\w+)", parameters))
    for name in _JSONATA_NAME.findall(bare):
        if name not in bound:
            yield name
