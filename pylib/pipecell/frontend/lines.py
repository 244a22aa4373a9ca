"""Where in a definition file's text a problem is.

A check speaks of a step or state and of a path in it. The text, JSON or YAML, is read once more into
nodes that know their places: JSON is YAML, but for its tabs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipecell.definition.paths import Segment, parse_property_path
from pipecell.errors import DefinitionError

_LINE = re.compile(r"line (\d+), column \d+")


def find_line(text: str, step: str | None, path: str) -> int:
    """Return the line of a problem, counted from 1: that of as much of its path as the text holds.

    Args:
        text: the file's content.
        step: name of the step or state that it is in; None for the definition itself.
        path: the place in it, or ``line 3, column 7`` of a text that cannot be read.
    """
    said = _LINE.fullmatch(path)
    if said:
        return int(said[1])
    root = _compose(text)
    if root is None:
        return 1
    begin, holder = (root, root) if step is None else next(_steps(root, step), (root, root))
    try:
        segments = parse_property_path(path) if path else ()
    except DefinitionError:
        segments = ()
    return int(_follow(begin, holder, segments).start_mark.line) + 1


def _compose(text: str) -> Any:
    """Return the text as nodes; None where it is neither JSON nor YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text.replace("\t", " "), Loader=loader)
    except (yaml.YAMLError, ValueError):
        return None


def _steps(root: Any, name: str) -> Iterator[tuple[Any, Any]]:
    """Yield where a step or state of a name begins, and its body."""
    for key, value in _entries(root):
        if key.value == "States":
            yield from ((state, body) for state, body in _entries(value) if state.value == name)
        elif value.id == "sequence" and key.value in ("Steps", "IfSteps", "ElseSteps"):
            for step in value.value:
                if any(k.value == "Name" and v.value == name for k, v in _entries(step)):
                    yield step, step
    for _, value in _entries(root):
        yield from _steps(value, name)


def _entries(node: Any) -> list[tuple[Any, Any]]:
    """Return the entries of a mapping, and those of a sequence under themselves."""
    if node.id == "mapping":
        return list(node.value)
    return [(item, item) for item in node.value] if node.id == "sequence" else []


def _follow(begin: Any, holder: Any, segments: tuple[Segment, ...]) -> Any:
    for segment in segments:
        inner = [
            (key, value)
            for index, (key, value) in enumerate(_entries(holder))
            if (index == segment if holder.id == "sequence" else key.value == str(segment))
        ]
        if not inner:
            break
        begin, holder = inner[0]
    return begin
