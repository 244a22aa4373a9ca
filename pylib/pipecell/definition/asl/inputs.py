"""The input of an execution: the names that a machine reads from it, and their types where declared.

A machine does not declare its input. It reads ``$$.Execution.Input['JobName']`` anywhere, or
``$$.Execution.Input`` as ``$states.context.Execution.Input``; and where it starts, ``$.name`` and
``$states.input.name`` are the input too, until a state puts something else in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipecell.definition.asl import jsonpath
from pipecell.definition.asl.machine import Group, State, groups, states, texts
from pipecell.definition.document import Document

_CONTEXT = re.compile(
    r"""\$(?:\$|states\.context)\.Execution\.Input(?P<way>(?:\.[A-Za-z_]\w*|\['[^']+'\])+)"""
)
_OWN = re.compile(r"""(?<![\w$.\]])\$(?:states\.input)?(?P<way>(?:\.[A-Za-z_]\w*|\['[^']+'\])+)""")
_PART = re.compile(r"\.([A-Za-z_]\w*)|\['([^']+)'\]")

Entry = tuple[str, str, Any, tuple[Any, ...], bool]
"""Name, type, default, allowed values, and whether an execution may go without."""


def execution_inputs(document: Document) -> list[Entry]:
    """Return what an execution's input may name: declared ones first, then those that the machine reads."""
    found: dict[str, Entry] = {name: (name, kind, None, (), False) for name, kind in document.inputs.items()}
    outer = {name.split(".")[0] for name in found}
    for name in _read(document):
        if name.split(".")[0] not in outer:
            found.setdefault(name, (name, "Json", None, (), True))
    return list(found.values())


def merged(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input with values written over it by dotted name."""
    made = dict(base)
    for name, value in values.items():
        first, _, rest = name.partition(".")
        inner = made.get(first)
        made[first] = merged(inner if isinstance(inner, Mapping) else {}, {rest: value}) if rest else value
    return made


def flat(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the values of an input by dotted name; those that it lacks are left out."""
    found: dict[str, Any] = {}
    for name in names:
        here: Any = value
        for part in name.split("."):
            here = here.get(part) if isinstance(here, Mapping) else None
        if here is not None:
            found[name] = here
    return found


def _read(document: Document) -> Iterator[str]:
    """Yield the first names of what is read of the input, in the order of the definition."""
    whole = groups(document)[0]
    untouched = {state.name: hidden for state, hidden in _untouched(whole)}
    for state in states(document):
        for _, key, text in texts(state.body):
            if not (state.jsonata or key.endswith((".$", "Path", "Variable"))):
                continue
            for found in _CONTEXT.finditer(text):
                yield _name(found["way"])
            hidden = untouched.get(state.name) if state.group is whole else None
            if hidden is not None and key not in ("ResultPath", "OutputPath"):
                yield from (name for name in _own(state, text) if name not in hidden)


def _own(state: State, text: str) -> Iterator[str]:
    for found in _OWN.finditer(text):
        if state.jsonata == found[0].startswith("$states.input"):
            yield _name(found["way"])


def _untouched(group: Group) -> Iterator[tuple[State, frozenset[str]]]:
    """Yield the states that still see the input of the execution, with the names that others wrote over."""
    seen: dict[str, frozenset[str]] = {}
    ahead = [(group.start, frozenset[str]())]
    while ahead:
        name, hidden = ahead.pop()
        state = group.states.get(name)
        if state is None or name in seen:
            continue
        seen[name] = hidden
        yield state, hidden
        written = _written(state)
        if written is not None:
            targets = [state.body.get("Next"), state.body.get("Default")]
            targets += [rule.get("Next") for _, rule in state.objects("Choices")]
            ahead += [(target, hidden | written) for target in targets if isinstance(target, str)]


def _written(state: State) -> frozenset[str] | None:
    """Return the names that a state writes over; None where it replaces everything."""
    body = state.body
    if body.get("InputPath", "$") != "$" or body.get("OutputPath", "$") != "$" or "Output" in body:
        return None
    if state.type in ("Choice", "Wait"):
        return frozenset()
    if state.jsonata or "ResultPath" not in body:
        return None
    place = body["ResultPath"]
    if place is None:
        return frozenset()
    parts = jsonpath.parts(place) if isinstance(place, str) else None
    return frozenset((str(parts[0]),)) if parts else None


def _name(way: str) -> str:
    found = _PART.match(way)
    return (found[1] or found[2]) if found is not None else way
