"""Every name leads to a state, every state can be reached, every way ends."""

from __future__ import annotations

from collections.abc import Iterator

from pipecell.definition.asl.machine import Group, State, groups, states
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import machine
from pipecell.definition.states import exits
from pipecell.errors import did_you_mean

_ENDS = ("Succeed", "Fail")


def dangling(subject: Subject) -> Iterator[Finding]:
    """Find names that no state of the same machine has."""
    for group in groups(subject.document):
        if group.start not in group.states:
            yield Finding(
                f'There is no state "{group.start}" to start at.',
                _nearest(group.start, group),
                group.parent.name if group.parent is not None else None,
                f"{_inside(group)}StartAt",
            )
        for state in group.states.values():
            for path, target in _targets(state):
                if target not in group.states:
                    yield Finding(
                        f'There is no state "{target}".', _elsewhere(target, group, subject), state.name, path
                    )


def unreachable(subject: Subject) -> Iterator[Finding]:
    """Find states that nothing leads to."""
    for group in groups(subject.document):
        if group.start not in group.states:
            continue
        reached = _reach(group, [group.start])
        for name in group.states:
            if name not in reached:
                yield Finding(
                    f'Nothing leads to the state "{name}".', "Lead a Next to it, or leave it out.", name
                )


def endless(subject: Subject) -> Iterator[Finding]:
    """Find machines without an end, and states from which none can be reached."""
    for group in groups(subject.document):
        reached = _reach(group, [group.start])
        if not any(group.states[name].ends for name in reached) and _sound(group, reached):
            owner = group.parent.name if group.parent is not None else None
            yield Finding(
                f"The machine{f' in {owner}' if owner else ''} has no end: it goes on until 25,000 events.",
                'Give its last state "End": true, or lead it to a Succeed state.',
                owner or group.start,
                f"{_inside(group)}States",
            )
            continue
        ending = _leading_to_an_end(group)
        for name in reached:
            if name not in ending and _sound(group, _reach(group, [name])):
                yield Finding(
                    f'No end can be reached from "{name}".',
                    'One of them needs "End": true.',
                    name,
                    severity="warning",
                )


def transitions(subject: Subject) -> Iterator[Finding]:
    """Find states that say nothing, or two things, about what follows."""
    for state in states(subject.document):
        body, last = state.body, state.body.get("End") is True
        if state.type == "Choice" or state.type in _ENDS:
            for key in ("Next", "End"):
                if key in body:
                    yield Finding(f"A {state.type} state takes no {key}.", f"Remove {key}.", state.name, key)
        elif "Next" in body and last:
            yield Finding(
                "A state has either Next or End, not both.", "Remove one of them.", state.name, "Next"
            )
        elif "Next" not in body and not last:
            yield Finding(
                "It is open what follows this state.",
                'Add "Next": "STATE", or "End": true for the last one.',
                state.name,
                "End" if "End" in body else "Next",
            )


def twice(subject: Subject) -> Iterator[Finding]:
    """Find names that two states of one machine have, in whatever group."""
    seen: dict[str, State] = {}
    for state in states(subject.document):
        if state.name in seen:
            yield Finding(
                f'Two states are called "{state.name}": {seen[state.name].path} and {state.path}.',
                "Names are unique in a whole machine, Parallel and Map included.",
                state.name,
            )
        seen.setdefault(state.name, state)


def _targets(state: State) -> Iterator[tuple[str, str]]:
    """Yield (path in the state, target) for each way out."""
    for key in ("Next", "Default"):
        if isinstance(state.body.get(key), str):
            yield key, state.body[key]
    for key in ("Choices", "Catch"):
        for path, rule in state.objects(key):
            if isinstance(rule.get("Next"), str):
                yield f"{path}.Next", rule["Next"]


def _elsewhere(target: str, group: Group, subject: Subject) -> str:
    for other in groups(subject.document):
        if target in other.states and other is not group:
            where = f"inside {other.parent.name}" if other.parent is not None else "outside"
            return f"A state of that name is {where}; no way leads into or out of a Parallel or Map."
    return _nearest(target, group)


def _nearest(name: str, group: Group) -> str:
    return did_you_mean(name, group.states)


def _inside(group: Group) -> str:
    """Return the prefix of paths in a group, as seen from the state that holds it."""
    return f"{group.path.rsplit('.', 1)[-1]}." if group.parent is not None else ""


def _reach(group: Group, start: list[str]) -> list[str]:
    reached: dict[str, None] = {}
    ahead = list(start)
    while ahead:
        name = ahead.pop()
        if name in group.states and name not in reached:
            reached[name] = None
            ahead += [target for target, _, _ in exits(group.states[name].body)]
    return list(reached)


def _leading_to_an_end(group: Group) -> set[str]:
    """Return the states from which an end can be reached."""
    before: dict[str, list[str]] = {}
    for state in group.states.values():
        for target, _, _ in exits(state.body):
            before.setdefault(target, []).append(state.name)
    found: set[str] = set()
    ahead = [name for name, state in group.states.items() if state.ends]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += before.get(name, ())
    return found


def _sound(group: Group, names: list[str]) -> bool:
    """Tell whether every way out of these states is there; if not, another rule says what is wrong."""
    return bool(names) and all(
        any(True for _ in _targets(group.states[name]))
        and all(target in group.states for _, target in _targets(group.states[name]))
        for name in names
    )


_PASS = {"Type": "Pass", "End": True}

RULES = (
    Rule(
        "PC150",
        "error",
        "AWS refuses the state machine.",
        machine(A={"Type": "Pass", "Next": "B"}),
        dangling,
        "stepfunctions",
    ),
    Rule(
        "PC151",
        "error",
        "AWS refuses the state machine.",
        machine(A={"Type": "Succeed"}, B={"Type": "Succeed"}),
        unreachable,
        "stepfunctions",
    ),
    Rule(
        "PC152",
        "error",
        "Every execution runs until it has used up its events.",
        machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
        endless,
        "stepfunctions",
    ),
    Rule(
        "PC153",
        "error",
        "AWS refuses the state machine.",
        machine(A={"Type": "Pass"}),
        transitions,
        "stepfunctions",
    ),
    Rule(
        "PC154",
        "error",
        "AWS refuses the state machine.",
        machine(A={"Type": "Parallel", "End": True, "Branches": [machine(B=_PASS), machine(B=_PASS)]}),
        twice,
        "stepfunctions",
    ),
)
