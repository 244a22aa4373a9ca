"""A definition in Amazon States Language as the machine walks it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

JSONPATH = "JSONPath"
JSONATA = "JSONata"

#: Where a group of states stands: () is the machine; ("Each", "ItemProcessor"); ("Both", "Branches", 0).
ScopePath = tuple[str | int, ...]


@dataclass(frozen=True)
class State:
    """One state: its name, its own JSON and the query language that holds in it."""

    name: str
    type: str
    body: Mapping[str, Any]
    language: str
    scope: ScopePath

    @property
    def jsonata(self) -> bool:
        """Whether the state's expressions are JSONata."""
        return self.language == JSONATA

    @property
    def next(self) -> str | None:
        """The state that follows, None at an end."""
        following = self.body.get("Next")
        return None if self.body.get("End") else following

    @property
    def distributed(self) -> bool:
        """Whether a Map runs its items as child executions."""
        return bool(self.processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")

    @property
    def processor(self) -> Mapping[str, Any]:
        """The group of states that a Map runs for each item; ``Iterator`` is its old name."""
        found: Mapping[str, Any] = self.body.get("ItemProcessor") or self.body.get("Iterator") or {}
        return found


@dataclass(frozen=True)
class Scope:
    """A group of states with its first one."""

    path: ScopePath
    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True)
class Machine:
    """A parsed definition: every group of states by its place."""

    body: Mapping[str, Any]
    scopes: Mapping[ScopePath, Scope] = field(repr=False)

    @property
    def timeout_seconds(self) -> float | None:
        """Seconds after which the whole execution times out."""
        return self.body.get("TimeoutSeconds")

    def state(self, scope: ScopePath, name: str) -> State:
        """Return a state of a group."""
        return self.scopes[scope].states[name]

    def every_state(self) -> Iterator[State]:
        """Yield every state, nested ones too, in the order of the definition."""
        for scope in self.scopes.values():
            yield from scope.states.values()


def build(body: Mapping[str, Any]) -> Machine:
    """Return the machine of a definition that ``validation`` found sound."""
    scopes: dict[ScopePath, Scope] = {}
    _collect(body, (), body.get("QueryLanguage", JSONPATH), scopes)
    return Machine(body, scopes)


@lru_cache(maxsize=128)
def machine_of(text: str) -> Machine:
    """Return the machine of a definition's text; the last 128 are kept."""
    return build(json.loads(text))


def _collect(
    group: Mapping[str, Any], path: ScopePath, language: str, scopes: dict[ScopePath, Scope]
) -> None:
    states: dict[str, State] = {}
    scopes[path] = Scope(path, group["StartAt"], states)
    for name, body in group["States"].items():
        own = body.get("QueryLanguage", language)
        state = states[name] = State(name, body["Type"], body, own, path)
        if state.type == "Map":
            key = "ItemProcessor" if "ItemProcessor" in body else "Iterator"
            _collect(state.processor, (*path, name, key), language, scopes)
        elif state.type == "Parallel":
            for index, branch in enumerate(body["Branches"]):
                _collect(branch, (*path, name, "Branches", index), language, scopes)
