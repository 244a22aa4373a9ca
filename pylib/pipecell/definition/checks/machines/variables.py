"""Workflow variables: a name that is read must have been assigned, and be one that AWS takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipecell.definition.asl import expressions, intrinsics
from pipecell.definition.asl.machine import Group, State, groups, states, texts
from pipecell.definition.asl.references import assigned_names
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import passing
from pipecell.definition.checks.machines.languages import path_texts
from pipecell.errors import did_you_mean

_LONGEST = 80
_NAME = re.compile(r"[A-Za-z_]\w*")
_IN_PATH = re.compile(r"\$([A-Za-z_]\w*)")
_RESULT_FIELDS = ("Output", "Assign")
_WITH_RESULT = ("Task", "Parallel", "Map")


def unassigned(subject: Subject) -> Iterator[Finding]:
    """Find variables that no state before, or around, could have assigned."""
    assigned = {id(group): _assigned(group) for group in groups(subject.document)}
    for state in states(subject.document):
        known = _visible(state, assigned)
        for path, name in _reads(state):
            if name not in known:
                hint = did_you_mean(f"${name}", [f"${each}" for each in known]) or "Assign sets a variable."
                yield Finding(f"Nothing assigns the variable ${name}.", hint, state.name, path)


def names(subject: Subject) -> Iterator[Finding]:
    """Find names of variables that AWS does not take."""
    for state in states(subject.document):
        for path, assign in _assigns(state):
            for key in assign:
                name = str(key).removesuffix(".$")
                if name == "states":
                    yield Finding(
                        "The name states is Step Functions' own.",
                        "Choose another.",
                        state.name,
                        f"{path}.{key}",
                    )
                elif not _NAME.fullmatch(name) or len(name) > _LONGEST:
                    hint = f"Letters, digits and _, at most {_LONGEST}; no digit first."
                    yield Finding(
                        f'"{name}" is not the name of a variable.', hint, state.name, f"{path}.{key}"
                    )


def no_result(subject: Subject) -> Iterator[Finding]:
    """Find ``$states.result`` and ``$states.errorOutput`` where there is none yet."""
    for state in states(subject.document):
        if not state.jsonata:
            continue
        for path, _, text in texts(state.body):
            expression = expressions.expression(text)
            read = expressions.names(expression).states if expression is not None else frozenset()
            top = path.split(".")[0].split("[")[0]
            if "result" in read and not (top in _RESULT_FIELDS and state.type in _WITH_RESULT):
                hint = (
                    "It is there in Output and Assign."
                    if state.type in _WITH_RESULT
                    else f"A {state.type} has no result; $states.input is what came in."
                )
                yield Finding("$states.result is not known here.", hint, state.name, path)
            if "errorOutput" in read and top != "Catch":
                yield Finding(
                    "$states.errorOutput is not known here.", "It is there in a catcher.", state.name, path
                )


def _assigns(state: State) -> Iterator[tuple[str, Mapping[str, object]]]:
    rules = [
        ("", state.body),
        *((f"{path}.", rule) for key in ("Catch", "Choices") for path, rule in state.objects(key)),
    ]
    for prefix, rule in rules:
        if isinstance(rule.get("Assign"), Mapping):
            yield f"{prefix}Assign", rule["Assign"]


def _assigned(group: Group) -> set[str]:
    return {name for state in group.states.values() for name in assigned_names(state)}


def _visible(state: State, assigned: Mapping[int, set[str]]) -> set[str]:
    """Return the names that a state can see: its own group's, and those of the groups around it.

    The processor of a distributed Map runs in executions of its own and sees nothing from outside.
    """
    seen: set[str] = set()
    group: Group | None = state.group
    while group is not None:
        seen |= assigned[id(group)]
        group = group.parent.group if group.parent is not None and not group.distributed else None
    return seen


def _reads(state: State) -> Iterator[tuple[str, str]]:
    """Yield (path, name) for every variable that a state reads."""
    if state.jsonata:
        for path, _, text in texts(state.body):
            expression = expressions.expression(text)
            if expression is not None:
                for name in sorted(expressions.names(expression).variables):
                    yield path, name
        return
    for path, text in path_texts(state):
        for inner in _paths(text):
            found = _IN_PATH.match(inner)
            if found:
                yield path, found[1]


def _paths(text: object) -> list[str]:
    if not isinstance(text, str):
        return []
    if not text.startswith("States."):
        return [text]
    try:
        return intrinsics.paths_in(intrinsics.parse(text))
    except intrinsics.IntrinsicSyntaxError:
        return []


RULES = (
    Rule(
        "PC167",
        "error",
        "AWS refuses the state machine, or the execution fails.",
        passing(QueryLanguage="JSONata", Output="{% $total %}"),
        unassigned,
        "stepfunctions",
    ),
    Rule(
        "PC168", "error", "AWS refuses the state machine.", passing(Assign={"2nd": 1}), names, "stepfunctions"
    ),
    Rule(
        "PC169",
        "error",
        "AWS refuses the state machine, or the execution fails.",
        passing(QueryLanguage="JSONata", Output="{% $states.result.x %}"),
        no_result,
        "stepfunctions",
    ),
)
