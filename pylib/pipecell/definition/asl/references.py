"""Which state's data a state reads: by a workflow variable, or by a place in the data that another one wrote.

The result of the state right before is the arrow between the two. What comes from further back is said
here: ``$limit`` that a state assigned, and ``$.training`` that a state wrote with its ResultPath, as long
as nothing in between replaced it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipecell.definition.asl import expressions, intrinsics, jsonpath
from pipecell.definition.asl.machine import Group, State, groups, states, texts
from pipecell.definition.document import Document

_PATH_KEYS = (".$", "Path", "Variable")
_NOT_READ = ("ResultPath",)


@dataclass(frozen=True)
class DataReference:
    """A state that reads what another one left.

    Attributes:
        source: the state that wrote it.
        target: the state that reads it.
        label: what is read: ``$limit`` or ``training.TrainingJobName``.
    """

    source: State
    target: State
    label: str


def data_references(document: Document) -> list[DataReference]:
    """Return what states read of states before them, in the order of the definition."""
    found: dict[tuple[int, int, str], DataReference] = {}
    for reference in (*_by_variable(document), *_by_place(document)):
        found.setdefault((id(reference.source), id(reference.target), reference.label), reference)
    return list(found.values())


def assigned_names(state: State) -> Iterator[str]:
    """Yield the variables that a state assigns, in whatever outcome."""
    rules = [state.body, *(rule for key in ("Catch", "Choices") for _, rule in state.objects(key))]
    for rule in rules:
        assign = rule.get("Assign")
        for name in assign if isinstance(assign, dict) else ():
            yield str(name).removesuffix(".$")


def read_paths(state: State) -> Iterator[str]:
    """Yield the JSONPaths that a JSONPath state reads, those in intrinsic calls too."""
    for _, key, text in texts(state.body):
        if key.endswith(_PATH_KEYS) and key not in _NOT_READ:
            yield from _paths(text)


def read_variables(state: State) -> Iterator[str]:
    """Yield the variables that a state reads, without ``$``."""
    if state.jsonata:
        for _, _, text in texts(state.body):
            expression = expressions.expression(text)
            if expression is not None:
                yield from sorted(expressions.names(expression).variables)
        return
    for path in read_paths(state):
        if not path.startswith(("$.", "$[", "$$")) and len(path) > 1:
            yield path[1:].split(".")[0].split("[")[0]


def _by_variable(document: Document) -> Iterator[DataReference]:
    writers: dict[tuple[int, str], list[State]] = {}
    for state in states(document):
        for name in assigned_names(state):
            writers.setdefault((id(state.group), name), []).append(state)
    for state in states(document):
        for name in read_variables(state):
            for source in _visible(state, name, writers):
                if source is not state:
                    yield DataReference(source, state, f"${name}")


def _visible(state: State, name: str, writers: dict[tuple[int, str], list[State]]) -> list[State]:
    """Return who assigns a variable that a state sees: in its own group, else in those around it."""
    group: Group | None = state.group
    while group is not None:
        found = writers.get((id(group), name))
        if found:
            return found
        group = group.parent.group if group.parent is not None and not group.distributed else None
    return []


def _by_place(document: Document) -> Iterator[DataReference]:
    for group in groups(document):
        places = {name: _place(state) for name, state in group.states.items()}
        written = set(places.values()) - {None}
        if not written:
            continue
        keeps = {name for name, state in group.states.items() if _keeps(state)}
        before = _predecessors(group)
        for target in group.states.values():
            for place, labels in _labels(target).items():
                if place in written:
                    for source in _writers(target.name, place, places, keeps, before):
                        for label in labels:
                            yield DataReference(group.states[source], target, label)


def _writers(
    name: str,
    place: str,
    places: Mapping[str, str | None],
    keeps: set[str],
    before: Mapping[str, list[str]],
) -> list[str]:
    """Return the states that last wrote a place on a way to a state."""
    found: list[str] = []
    seen: set[str] = set()
    ahead = list(before.get(name, ()))
    while ahead:
        earlier = ahead.pop()
        if earlier in seen:
            continue
        seen.add(earlier)
        if places[earlier] == place:
            found.append(earlier)
        elif earlier in keeps:
            ahead += before.get(earlier, ())
    return found


def _predecessors(group: Group) -> dict[str, list[str]]:
    before: dict[str, list[str]] = {}
    for state in group.states.values():
        for target in _targets(state):
            before.setdefault(target, []).append(state.name)
    return before


def _labels(state: State) -> dict[str, list[str]]:
    """Return what a state reads of its input, by the first name of each path."""
    found: dict[str, list[str]] = {}
    for path in read_paths(state):
        parts = jsonpath.parts(path)
        if parts and isinstance(parts[0], str):
            label = ".".join(map(str, parts)) if _plain(parts) else jsonpath.spelled(parts)
            found.setdefault(parts[0], []).append(label)
    return found


def _place(state: State) -> str | None:
    """Return the first name of a state's ResultPath; None where it writes no such place."""
    place = state.body.get("ResultPath")
    hidden = state.jsonata or state.body.get("OutputPath", "$") != "$"
    parts = jsonpath.parts(place) if isinstance(place, str) and not hidden else None
    return parts[0] if parts and isinstance(parts[0], str) else None


def _keeps(state: State) -> bool:
    """Tell whether what came in goes on out of a state, whatever it adds."""
    body = state.body
    whole = body.get("InputPath", "$") == "$" and body.get("OutputPath", "$") == "$"
    return whole and (state.type in ("Choice", "Wait") or body.get("ResultPath", "$") != "$")


def _targets(state: State) -> list[str]:
    found = [state.body.get("Next"), state.body.get("Default")]
    found += [rule.get("Next") for _, rule in state.objects("Choices")]
    return [target for target in found if isinstance(target, str)]


def _plain(parts: tuple[str | int, ...]) -> bool:
    return all(isinstance(part, str) and part.isidentifier() for part in parts)


def _paths(text: str) -> list[str]:
    if not text.startswith("States."):
        return [text] if text.startswith("$") else []
    try:
        return intrinsics.paths_in(intrinsics.parse(text))
    except intrinsics.IntrinsicSyntaxError:
        return []
