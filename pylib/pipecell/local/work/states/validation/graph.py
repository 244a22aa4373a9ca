"""Transitions: every target exists, every state can be reached, the machine can end, names are unique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.local.work.states.validation.diagnostic import (
    DUPLICATE_NAME,
    MISSING_END,
    MISSING_TARGET,
    Diagnostic,
)

_ENDS = ("Succeed", "Fail")
_WITHOUT_NEXT = ("Choice", *_ENDS)


def targets(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield place and name of every state that a state may lead to."""
    if body.get("Next") is not None and body.get("Type") not in _WITHOUT_NEXT:
        yield "Next", body["Next"]
    if body.get("Default") is not None:
        yield "Default", body["Default"]
    for field in ("Choices", "Catch"):
        rules = body.get(field)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and "Next" in rule:
                yield f"{field}[{index}]/Next", rule["Next"]


def missing(target: Any, states: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    """Yield the problem of a target that is no state; AWS calls each of them ``Next``, StartAt as well."""
    if not isinstance(target, str) or target not in states:
        yield Diagnostic(MISSING_TARGET, f"Missing 'Next' target: {target}", place)


def never_ends(states: Mapping[str, Any]) -> bool:
    """Tell whether no state of a sound machine is terminal; AWS asks that of the outermost level alone."""
    bodies = [body for body in states.values() if isinstance(body, dict)]
    return not any(
        body.get("Type") in _ENDS
        or body.get("End") is True
        or ("Next" not in body and body.get("Type") != "Choice")
        for body in bodies
    )


def unreachable(start: Any, states: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    """Yield the states of a group that nothing leads to."""
    reached, todo = set(), [start]
    while todo:
        name = todo.pop()
        if not isinstance(name, str) or name in reached or not isinstance(states.get(name), dict):
            continue
        reached.add(name)
        todo.extend(target for _, target in targets(states[name]))
    for name in states:
        if name not in reached:
            yield Diagnostic(MISSING_TARGET, f'State "{name}" is not reachable.', f"{place}/States/{name}")


def no_end() -> Diagnostic:
    """Return the problem of a machine without a terminal state."""
    return Diagnostic(MISSING_END, "Workflow has no terminal state")


def duplicates(body: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Yield names that occur twice; they are unique in the whole machine."""
    seen: set[str] = set()
    for path, group in _groups(body, ""):
        states = group.get("States")
        for name in states if isinstance(states, dict) else ():
            if name in seen:
                yield Diagnostic(DUPLICATE_NAME, f"Duplicate state name: {name}", f"{path}/States/{name}")
            seen.add(name)


def _groups(group: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield place, group
    states = group.get("States")
    for name, body in states.items() if isinstance(states, dict) else ():
        if not isinstance(body, dict):
            continue
        here = f"{place}/States/{name}"
        for key in ("ItemProcessor", "Iterator"):
            if isinstance(body.get(key), dict):
                yield from _groups(body[key], f"{here}/{key}")
        branches = body.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else ()):
            if isinstance(branch, dict):
                yield from _groups(branch, f"{here}/Branches[{index}]")
