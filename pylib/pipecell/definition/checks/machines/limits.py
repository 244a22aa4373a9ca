"""Step Functions' own limits. Source: "Step Functions service quotas" in AWS's developer guide."""

from __future__ import annotations

from collections.abc import Iterator

from pipecell.definition.asl.machine import Group, State, groups, states
from pipecell.definition.asl.resources import parse_resource
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import machine
from pipecell.definition.document import compact_size
from pipecell.definition.states import exits

EVENTS = 25_000
"""Events that the history of one standard execution can have."""

PAYLOAD = 262_144
"""Bytes of UTF-8: the most that a state takes or gives."""

_NAME = 80
_SECONDS_A_DAY = 86_400
_SHORT = 3600
"""Seconds: a polling loop that has used up its events sooner than this is worth a warning."""


def long_names(subject: Subject) -> Iterator[Finding]:
    """Find state names that are too long."""
    for state in states(subject.document):
        if len(state.name) > _NAME:
            yield Finding(
                f"The name of a state has {len(state.name)} characters; AWS takes {_NAME}.", "", state.name
            )


def polling(subject: Subject) -> Iterator[Finding]:
    """Find loops that wait and ask, and say how long their events last."""
    for group in groups(subject.document):
        for loop in _loops(group):
            waits = [state for state in loop if state.type == "Wait"]
            seconds = [state.body.get("Seconds") for state in waits]
            if not waits or not all(isinstance(wait, int) and wait > 0 for wait in seconds):
                continue
            if not any(state.type == "Task" for state in loop):
                continue
            used = sum(map(events_of, loop))
            pause = sum(wait for wait in seconds if isinstance(wait, int))
            lasts = EVENTS // used * pause
            better = -(-pause * _SECONDS_A_DAY * 2 // lasts)
            yield Finding(
                f"A round uses {used} of {EVENTS:,} events: at {pause} s this loop lasts {_time(lasts)}.",
                f"At {better} s it lasts two days." if lasts < _SECONDS_A_DAY * 2 else "",
                waits[0].name,
                "Seconds",
                "warning" if lasts < _SHORT else None,
            )


def big_literals(subject: Subject) -> Iterator[Finding]:
    """Find data in a definition that no state can take."""
    for state in states(subject.document):
        for key in ("Result", "Parameters", "Arguments", "Output"):
            value = state.body.get(key)
            size = compact_size(value) if isinstance(value, dict) else 0
            if size > PAYLOAD:
                yield Finding(
                    f"{key} has {size:,} bytes; a state takes at most {PAYLOAD:,}.",
                    "Keep it in S3 and pass its URI.",
                    state.name,
                    key,
                )


def events_of(state: State) -> int:
    """Return the events that one visit of a state writes: entered and exited, and a call's own."""
    if state.type != "Task":
        return 2
    resource = state.body.get("Resource")
    parsed = parse_resource(resource) if isinstance(resource, str) else None
    waits = parsed is not None and (parsed.sync or parsed.waits_for_token)
    return 6 if waits else 5


def _loops(group: Group) -> Iterator[list[State]]:
    """Yield the states of each loop with a Wait in it: those that can be reached from it and lead to it."""
    waits = [name for name, state in group.states.items() if state.type == "Wait"]
    if not waits:
        return
    ahead: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for name, state in group.states.items():
        for target, _, _ in exits(state.body):
            ahead.setdefault(name, []).append(target)
            before.setdefault(target, []).append(name)
    done: set[str] = set()
    for wait in waits:
        members = _closure(wait, ahead) & _closure(wait, before)
        if wait in members and wait not in done:
            done |= members
            yield [state for name, state in group.states.items() if name in members]


def _closure(start: str, ways: dict[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(ways.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ways.get(name, ())
    return reached


def _time(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"  # noqa: PLR2004


_LAMBDA = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}

RULES = (
    Rule(
        "PC304",
        "error",
        "AWS refuses the state machine.",
        machine(**{"A" * (_NAME + 1): {"Type": "Succeed"}}),
        long_names,
        "stepfunctions",
    ),
    Rule(
        "PC390",
        "info",
        "An execution fails when its history is full.",
        machine(
            Ask={**_LAMBDA, "Next": "Ready?"},
            **{
                "Ready?": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.Payload", "StringEquals": "yes", "Next": "Done"}],
                    "Default": "Rest",
                },
                "Rest": {"Type": "Wait", "Seconds": 30, "Next": "Ask"},
                "Done": {"Type": "Succeed"},
            },
        ),
        polling,
        "stepfunctions",
    ),
    Rule(
        "PC391",
        "error",
        "The execution fails with States.DataLimitExceeded.",
        machine(A={"Type": "Pass", "Result": {"text": "x" * PAYLOAD}, "End": True}),
        big_literals,
        "stepfunctions",
    ),
)
