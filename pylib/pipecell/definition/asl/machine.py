"""A state machine laid flat: every state with its place, its query language and the group that it is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipecell.definition.document import Document, inner_machines
from pipecell.definition.paths import format_path

Language = Literal["JSONPath", "JSONata"]

TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
"""The types of states that there are."""

NESTED = frozenset({"ItemProcessor", "Iterator", "Branches"})
"""Fields of a state that hold machines of their own."""


@dataclass(frozen=True, eq=False)
class State:
    """One state in its place.

    Attributes:
        name: its name in its group.
        body: its own JSON.
        language: the query language that holds in it.
        path: where it is in the definition, ``States.Prepare.Branches[0].States.Clean``.
        group: the states that it can lead to.
    """

    name: str
    body: Mapping[str, Any]
    language: Language
    path: str
    group: Group = field(repr=False)

    @property
    def type(self) -> str:
        """The definition's own type word."""
        return str(self.body["Type"])

    @property
    def jsonata(self) -> bool:
        """Whether its expressions are JSONata."""
        return self.language == "JSONata"

    @property
    def ends(self) -> bool:
        """Whether its machine may end here."""
        return self.body.get("End") is True or self.type in ("Succeed", "Fail")

    @property
    def elsewhere(self) -> bool:
        """Whether it runs in executions of its own: the child executions of a distributed Map."""
        group: Group | None = self.group
        while group is not None and not group.distributed:
            group = group.parent.group if group.parent is not None else None
        return group is not None

    def objects(self, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (path in the state, object) of a list such as ``Choices``, ``Retry`` or ``Catch``."""
        value = self.body.get(key)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, Mapping):
                yield f"{key}[{index}]", item


@dataclass(frozen=True, eq=False)
class Group:
    """States that lead to each other: a whole machine, a branch of a Parallel, a Map's processor.

    Attributes:
        body: the object with StartAt and States.
        path: where it is; empty for the whole machine.
        parent: the Parallel or Map that holds it; None for the whole machine.
        states: its own states by name, not those inside them.
    """

    body: Mapping[str, Any]
    path: str
    parent: State | None
    states: dict[str, State] = field(default_factory=dict, repr=False)

    @property
    def start(self) -> str:
        """Name of the state that it starts at."""
        return str(self.body["StartAt"])

    @property
    def distributed(self) -> bool:
        """Whether it is the processor of a Map that runs its items as executions of their own."""
        settings = self.body.get("ProcessorConfig")
        return isinstance(settings, Mapping) and settings.get("Mode") == "DISTRIBUTED"

    @property
    def express(self) -> bool:
        """Whether its executions are express ones."""
        settings = self.body.get("ProcessorConfig")
        return isinstance(settings, Mapping) and settings.get("ExecutionType") == "EXPRESS"


def groups(document: Document) -> tuple[Group, ...]:
    """Return every group of states of a machine, the whole one first; laid out once a document."""
    found: tuple[Group, ...] | None = document.memo.get("asl_groups")
    if found is None:
        found = document.memo["asl_groups"] = tuple(_groups(document.body, "", None, "JSONPath"))
    return found


def states(document: Document) -> Iterator[State]:
    """Yield every state, those inside Parallel and Map after the states beside them; none of a pipeline."""
    if document.engine != "stepfunctions":
        return
    for group in groups(document):
        yield from group.states.values()


def _groups(body: Mapping[str, Any], path: str, parent: State | None, outer: Language) -> Iterator[Group]:
    language = _language(body, outer) if parent is None else outer
    group = Group(body, path, parent)
    for name, state in body["States"].items():
        place = format_path([*([path] if path else []), "States"]) + _dotted(name)
        group.states[name] = State(name, state, _language(state, language), place, group)
    yield group
    for state in group.states.values():
        for inner_path, inner in inner_machines(state.body):
            yield from _groups(inner, f"{state.path}.{inner_path}", state, language)


def _dotted(name: str) -> str:
    return format_path(["", name])


def _language(body: Mapping[str, Any], outer: Language) -> Language:
    given = body.get("QueryLanguage")
    return given if given in ("JSONPath", "JSONata") else outer


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (path, key, text) for every text inside a state's own fields, not those of nested machines."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in NESTED or (not path and key == "Comment"):
                continue
            here = f"{path}.{key}" if path else str(key)
            if isinstance(item, str):
                yield here, str(key), item
            else:
                yield from texts(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            here = f"{path}[{index}]"
            if isinstance(item, str):
                yield here, path.rsplit(".", 1)[-1], item
            else:
                yield from texts(item, here)
