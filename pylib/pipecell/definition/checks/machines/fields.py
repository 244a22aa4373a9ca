"""The fields of states: which ones there are, which must be there, and what they hold.

Source: Amazon States Language specification, and "Discovering workflow states" in AWS's developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pipecell.definition.asl.expressions import expression
from pipecell.definition.asl.machine import TYPES, State, groups, states
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import machine, passing
from pipecell.errors import did_you_mean

_COMMON = ("Type", "Comment", "QueryLanguage")
_DATA = ("InputPath", "OutputPath", "Output", "Assign")
_FLOW = ("Next", "End")
_ERRORS = ("Retry", "Catch")
_RESULT = ("Parameters", "Arguments", "ResultPath", "ResultSelector")
_TIMES = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")

FIELDS: dict[str, tuple[str, ...]] = {
    "Task": (*_DATA, *_FLOW, *_ERRORS, *_RESULT, *_TIMES, "Resource", "Credentials"),
    "Pass": (*_DATA, *_FLOW, "Parameters", "Result", "ResultPath"),
    "Choice": (*_DATA, "Choices", "Default"),
    "Wait": (*_DATA, *_FLOW, "Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    "Succeed": ("InputPath", "OutputPath", "Output"),
    "Fail": ("Error", "ErrorPath", "Cause", "CausePath"),
    "Parallel": (*_DATA, *_FLOW, *_ERRORS, *_RESULT, "Branches"),
    "Map": (
        *_DATA, *_FLOW, *_ERRORS, *_RESULT, "ItemProcessor", "Iterator", "ItemsPath", "ItemsPointer", "Items",
        "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Label", "MaxConcurrency",
        "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailureCountPath",
        "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
    ),
}  # fmt: skip
"""Fields of each type of state, those of both query languages, beside the ones that all have."""

_MACHINE = ("StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage", "ProcessorConfig")
_DISTRIBUTED = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)
_LONGEST = 99_999_999
"""Seconds: the longest time that a field takes."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LABEL = re.compile(r"[^\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]{1,40}")


def types(subject: Subject) -> Iterator[Finding]:
    """Find types of states that there are not."""
    for state in states(subject.document):
        if state.type not in TYPES:
            yield Finding(
                f'"{state.type}" is not a type of state.',
                did_you_mean(state.type, TYPES) or f"There are {', '.join(TYPES)}.",
                state.name,
                "Type",
            )


def unknown(subject: Subject) -> Iterator[Finding]:
    """Find fields that a state of that type has not."""
    for state in states(subject.document):
        own = FIELDS.get(state.type)
        for key in state.body if own is not None else ():
            if own is not None and key not in own and key not in _COMMON and not _elsewhere(state, key):
                holders = [kind for kind, fields in FIELDS.items() if key in fields]
                hint = f"It is a field of {' and '.join(holders[:3])}." if holders else ""
                hint = hint or did_you_mean(str(key), (*own, *_COMMON))
                yield Finding(f'A {state.type} state has no field "{key}".', hint, state.name, str(key))
    for group in groups(subject.document):
        for key in group.body:
            if key not in _MACHINE:
                where = f"{group.path}.{key}" if group.path else str(key)
                owner = group.parent.name if group.parent is not None else None
                yield Finding(
                    f'A state machine has no field "{key}".', did_you_mean(key, _MACHINE), owner, where
                )


def missing(subject: Subject) -> Iterator[Finding]:
    """Find fields that a state needs and has not."""
    for state in states(subject.document):
        look = _NEEDS.get(state.type)
        if look is not None:
            yield from look(state)


def values(subject: Subject) -> Iterator[Finding]:
    """Find fields whose value is not of their kind."""
    for state in states(subject.document):
        for key, (takes, words) in _VALUES.items():
            value = state.body.get(key)
            if value is None or _open(value, state) or takes(value):
                continue
            yield Finding(f"{key} is {words}, not {_shown(value)}.", "", state.name, key)
        yield from _heartbeat(state)
        yield from _map(state)
    seconds = subject.document.body.get("TimeoutSeconds")
    if seconds is not None and not _seconds(seconds, least=1):
        yield Finding(
            f"TimeoutSeconds is a whole number from 1, not {_shown(seconds)}.", "", None, "TimeoutSeconds"
        )


def _elsewhere(state: State, key: str) -> bool:
    """Tell whether another rule accuses a field: what follows a state is the transitions' matter."""
    return key in _FLOW and state.type in ("Choice", "Succeed", "Fail")


def _need(state: State, key: str, hint: str = "") -> Finding:
    return Finding(f"A {state.type} state needs {key}.", hint, state.name, key)


def _task(state: State) -> Iterator[Finding]:
    if "Resource" not in state.body:
        yield _need(
            state, "Resource", "It names what the task calls, such as arn:aws:states:::lambda:invoke."
        )


def _choice(state: State) -> Iterator[Finding]:
    if not isinstance(state.body.get("Choices"), list) or not state.body["Choices"]:
        yield _need(state, "Choices", "It is a list of at least one rule.")


def _wait(state: State) -> Iterator[Finding]:
    given = [key for key in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if key in state.body]
    if not given:
        yield _need(state, "Seconds or Timestamp")
    elif len(given) > 1:
        yield Finding(
            f"A Wait state takes one of {' and '.join(given)}.", "Remove the other.", state.name, given[1]
        )


def _parallel(state: State) -> Iterator[Finding]:
    if not isinstance(state.body.get("Branches"), list) or not state.body["Branches"]:
        yield _need(state, "Branches", "It is a list of machines, each with StartAt and States.")


def _processor(state: State) -> Iterator[Finding]:
    given = [key for key in ("ItemProcessor", "Iterator") if key in state.body]
    if not given:
        yield _need(state, "ItemProcessor", "It is the machine that runs for each item.")
    elif len(given) > 1:
        yield Finding(
            "A Map state has both ItemProcessor and Iterator.",
            "Iterator is the old name; remove it.",
            state.name,
            "Iterator",
        )


_NEEDS: dict[str, Callable[[State], Iterator[Finding]]] = {
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Parallel": _parallel,
    "Map": _processor,
}


def _seconds(value: Any, *, least: int = 0) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return float(value).is_integer() and least <= value <= _LONGEST


def _timestamp(value: Any) -> bool:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", value).replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _percentage(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100  # noqa: PLR2004


_POSITIVE = (lambda value: _seconds(value, least=1), f"a whole number of seconds from 1 to {_LONGEST:,}")
_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "Seconds": (_seconds, f"a whole number of seconds from 0 to {_LONGEST:,}"),
    "Timestamp": (_timestamp, "a time such as 2026-01-31T08:00:00Z"),
    "TimeoutSeconds": _POSITIVE,
    "HeartbeatSeconds": _POSITIVE,
    "MaxConcurrency": (_seconds, "a whole number from 0"),
    "ToleratedFailureCount": (_seconds, "a whole number from 0"),
    "ToleratedFailurePercentage": (_percentage, "a number from 0 to 100"),
    "End": (lambda value: isinstance(value, bool), "true or false"),
    "Next": (lambda value: isinstance(value, str), "the name of a state"),
    "Default": (lambda value: isinstance(value, str), "the name of a state"),
    "Comment": (lambda value: isinstance(value, str), "text"),
    "Error": (lambda value: isinstance(value, str), "text"),
    "Cause": (lambda value: isinstance(value, str), "text"),
    "Label": (
        lambda value: isinstance(value, str) and _LABEL.fullmatch(value) is not None,
        "1 to 40 characters without spaces and special ones",
    ),
    "QueryLanguage": (lambda value: value in ("JSONPath", "JSONata"), "JSONPath or JSONata"),
}


def _open(value: Any, state: State) -> bool:
    """Tell whether a value is known only later: an expression, or what CloudFormation fills in."""
    return isinstance(value, str) and ("${" in value or (state.jsonata and expression(value) is not None))


def _heartbeat(state: State) -> Iterator[Finding]:
    beat, limit = state.body.get("HeartbeatSeconds"), state.body.get("TimeoutSeconds")
    if _seconds(beat, least=1) and _seconds(limit, least=1) and beat is not None and beat >= limit:
        yield Finding(
            f"HeartbeatSeconds ({beat}) must be less than TimeoutSeconds ({limit}).",
            "",
            state.name,
            "HeartbeatSeconds",
        )


def _map(state: State) -> Iterator[Finding]:
    if state.type != "Map":
        return
    processor = state.body.get("ItemProcessor", state.body.get("Iterator"))
    settings = processor.get("ProcessorConfig") if isinstance(processor, Mapping) else None
    mode = settings.get("Mode", "INLINE") if isinstance(settings, Mapping) else "INLINE"
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield Finding(
            f"The Mode of a Map is INLINE or DISTRIBUTED, not {_shown(mode)}.",
            did_you_mean(str(mode).upper(), ("INLINE", "DISTRIBUTED")),
            state.name,
            "ItemProcessor.ProcessorConfig.Mode",
        )
    elif mode == "INLINE":
        for key in _DISTRIBUTED:
            if key in state.body:
                yield Finding(
                    f"{key} needs a distributed Map.",
                    'Its ProcessorConfig is {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}.',
                    state.name,
                    key,
                )
    elif isinstance(settings, Mapping) and settings.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
        yield Finding(
            "A distributed Map says how its items are executed.",
            "Set ExecutionType to STANDARD or EXPRESS.",
            state.name,
            "ItemProcessor.ProcessorConfig.ExecutionType",
        )


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - a line's length


_REFUSES = "AWS refuses the state machine."

RULES = (
    Rule(
        "PC155",
        "error",
        _REFUSES,
        machine(A={"Type": "Taks", "Next": "B"}, B={"Type": "Succeed"}),
        types,
        "stepfunctions",
    ),
    Rule("PC156", "error", _REFUSES, passing(Retries=[]), unknown, "stepfunctions"),
    Rule("PC157", "error", _REFUSES, machine(A={"Type": "Wait", "End": True}), missing, "stepfunctions"),
    Rule(
        "PC158",
        "error",
        _REFUSES,
        machine(A={"Type": "Wait", "Seconds": "ten", "End": True}),
        values,
        "stepfunctions",
    ),
)
