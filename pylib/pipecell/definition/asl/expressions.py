"""JSONata in a definition: ``{% … %}``, parsed but never evaluated.

The library parses what the local endpoint later evaluates, so a check and a run agree. Step Functions
adds six functions to JSONata's own and takes ``$eval`` away. Source: "Transforming data with JSONata in
Step Functions" in AWS's developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ADDED = ("partition", "range", "hash", "random", "uuid", "parse")
"""Functions that Step Functions adds to JSONata's own."""

FUNCTIONS = frozenset(
    """
    string length substring substringBefore substringAfter uppercase lowercase trim pad contains split join
    match replace base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl number
    abs floor ceil round power sqrt formatNumber formatBase formatInteger parseInteger sum max min average
    boolean not exists count append sort reverse shuffle distinct zip keys lookup spread merge sift each
    error assert type now millis fromMillis toMillis map filter single reduce
    """.split()  # noqa: SIM905 - sixty names are read best as text
).union(ADDED)
"""Every function that an expression may call, without its ``$``."""

_WHOLE = re.compile(r"\{%(.*)%\}", re.DOTALL)
_PLACE = re.compile(
    r"\$states\.(?P<root>input|result|errorOutput)(?P<rest>(?:\s*\.\s*(?:[A-Za-z_]\w*|`[^`]+`))*)"
)


@dataclass(frozen=True)
class Names:
    """What an expression refers to.

    Attributes:
        variables: names after ``$`` that it does not bind itself, ``states`` left out.
        functions: names of functions that it calls and does not bind itself.
        states: what it reads of ``$states``: input, result, errorOutput, context.
    """

    variables: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()


def expression(text: Any) -> str | None:
    """Return what stands between ``{%`` and ``%}``; None where the text is no expression."""
    found = _WHOLE.fullmatch(text) if isinstance(text, str) else None
    return found[1].strip() if found else None


def available() -> bool:
    """Tell whether the library that parses JSONata is installed."""
    from importlib.util import find_spec

    return find_spec("jsonata") is not None


@lru_cache(maxsize=2048)
def problem(text: str) -> str | None:
    """Return why an expression cannot be parsed, in the library's words; None where it can."""
    return _parse(text)[1]


@lru_cache(maxsize=2048)
def names(text: str) -> Names:
    """Return what an expression refers to; nothing for one that cannot be parsed."""
    tree, _ = _parse(text)
    if tree is None:
        return Names()
    variables: set[str] = set()
    functions: set[str] = set()
    bound: set[str] = set()
    seen_states: set[str] = set()
    for node in _nodes(tree, set()):
        kind, value = getattr(node, "type", None), getattr(node, "value", None)
        if kind == "variable" and value:
            variables.add(str(value))
        elif kind == "bind":
            bound.add(str(node.lhs.value))
        elif kind == "lambda":
            bound |= {str(argument.value) for argument in node.arguments or ()}
        elif kind in ("function", "partial"):
            procedure = node.procedure
            if getattr(procedure, "type", None) == "variable":
                functions.add(str(procedure.value))
        elif kind == "path":
            seen_states |= _of_states(node)
        for extra in (getattr(node, "focus", None), getattr(node, "index", None)):
            if isinstance(extra, str):
                bound.add(extra)
    variables -= functions
    return Names(
        frozenset(variables - bound - {"states", "", "$"} - FUNCTIONS),
        frozenset(functions - bound),
        frozenset(seen_states),
    )


def plain_path(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return (root, names) of an expression that is nothing but a way into ``$states``.

    ``$states.result.Payload.id`` is ``("result", ("Payload", "id"))``; anything that computes gives None.
    """
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    parts = re.findall(r"[A-Za-z_]\w*|`[^`]+`", found["rest"])
    return found["root"], tuple(part.strip("`") for part in parts)


def _of_states(node: Any) -> set[str]:
    steps = list(node.steps or ())
    if len(steps) > 1 and steps[0].type == "variable" and steps[0].value == "states":
        return {str(steps[1].value)} if steps[1].type == "name" else set()
    return set()


@lru_cache(maxsize=2048)
def _parse(text: str) -> tuple[Any, str | None]:
    try:
        from jsonata import Jsonata
    except ImportError:
        return None, None
    try:
        return Jsonata(text).ast, None
    except Exception as error:  # the library raises its own, and plain ones for odd input
        return None, " ".join(str(error).split()) or type(error).__name__


_EDGES = (
    "arguments", "body", "condition", "else", "_else", "expression", "expressions", "group", "input", "lhs",
    "lhs_object", "pattern", "predicate", "procedure", "rhs", "rhs_object", "rhs_terms", "stages", "steps",
    "terms", "then", "update", "delete", "expr",
)  # fmt: skip


def _nodes(value: Any, seen: set[int]) -> Iterator[Any]:
    """Yield every node of a syntax tree."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _nodes(item, seen)
    elif hasattr(value, "type") and hasattr(value, "steps") and id(value) not in seen:
        seen.add(id(value))
        yield value
        for edge in _EDGES:
            below = getattr(value, edge, None)
            if below is not None and not isinstance(below, str | int | float):
                yield from _nodes(below, seen)
