"""Retry and Catch: what they name, in which order, and with which numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl.machine import State, states
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import task
from pipecell.errors import did_you_mean

RESERVED = (
    "States.ALL",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.BranchFailed",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
)
"""Names of errors that are Step Functions' own. Source: "Handling errors in Step Functions workflows"."""

_FIELDS = {
    "Retry": (
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Comment",
    ),
    "Catch": ("ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"),
}
_MOST_ATTEMPTS = 99_999_999
_LONGEST_DELAY = 31_622_400


def rules(subject: Subject) -> Iterator[Finding]:
    """Find retriers and catchers that AWS refuses."""
    for state in states(subject.document):
        for key, fields in _FIELDS.items():
            if key not in state.body:
                continue
            if not isinstance(state.body[key], list):
                yield Finding(f"{key} is a list of rules.", "Put it in brackets.", state.name, key)
                continue
            yield from _rules(state, key, fields)


def names(subject: Subject) -> Iterator[Finding]:
    """Find names of errors that begin with ``States.`` and are none."""
    thrown = (state.body.get("Error") for state in states(subject.document) if state.type == "Fail")
    own = {error for error in thrown if isinstance(error, str)}
    for state in states(subject.document):
        for path, rule in _every(state):
            for name in _errors(rule):
                if name.startswith("States.") and name not in RESERVED and name not in own:
                    yield Finding(
                        f'Step Functions has no error "{name}".',
                        did_you_mean(name, RESERVED),
                        state.name,
                        f"{path}.ErrorEquals",
                    )


def _rules(state: State, key: str, fields: tuple[str, ...]) -> Iterator[Finding]:
    listed = list(state.objects(key))
    for position, (path, rule) in enumerate(listed):
        errors = rule.get("ErrorEquals")
        if not isinstance(errors, list) or not errors:
            yield Finding(
                "ErrorEquals is a list of at least one error.",
                "States.ALL means any.",
                state.name,
                f"{path}.ErrorEquals",
            )
        elif "States.ALL" in errors:
            if len(errors) > 1:
                yield Finding(
                    "States.ALL stands alone.",
                    "Remove the others, or States.ALL.",
                    state.name,
                    f"{path}.ErrorEquals",
                )
            elif position < len(listed) - 1:
                yield Finding(
                    "States.ALL comes last: rules after it are never asked.",
                    f"Move it to the end of {key}.",
                    state.name,
                    f"{path}.ErrorEquals",
                )
        if key == "Catch" and not isinstance(rule.get("Next"), str):
            yield Finding("A catcher says what is next.", "Add Next.", state.name, f"{path}.Next")
        for field in rule:
            if field not in fields:
                yield Finding(
                    f'{key} has no field "{field}".',
                    did_you_mean(field, fields),
                    state.name,
                    f"{path}.{field}",
                )
        if key == "Retry":
            yield from _numbers(state, path, rule)


def _numbers(state: State, path: str, rule: Mapping[str, Any]) -> Iterator[Finding]:
    limits: dict[str, tuple[float, float, bool]] = {
        "IntervalSeconds": (1, _MOST_ATTEMPTS, True),
        "MaxAttempts": (0, _MOST_ATTEMPTS, True),
        "BackoffRate": (1, float("inf"), False),
        "MaxDelaySeconds": (1, _LONGEST_DELAY, True),
    }
    for key, (least, most, whole) in limits.items():
        value = rule.get(key)
        if value is None or (isinstance(value, str) and "${" in value):
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= value <= most or (whole and not float(value).is_integer()):
            kind = "whole number" if whole else "number"
            upper = f" to {most:,}" if most < float("inf") else ""
            yield Finding(
                f"{key} is a {kind} from {least:g}{upper}, not {value}.", "", state.name, f"{path}.{key}"
            )
    jitter = rule.get("JitterStrategy")
    if jitter is not None and jitter not in ("FULL", "NONE"):
        yield Finding(
            f"JitterStrategy is FULL or NONE, not {jitter}.", "", state.name, f"{path}.JitterStrategy"
        )
    interval, delay = rule.get("IntervalSeconds", 1), rule.get("MaxDelaySeconds")
    if isinstance(interval, int | float) and isinstance(delay, int | float) and delay <= interval:
        yield Finding(
            f"MaxDelaySeconds ({delay}) must be more than IntervalSeconds ({interval}).",
            "",
            state.name,
            f"{path}.MaxDelaySeconds",
        )


def _every(state: State) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in _FIELDS:
        yield from state.objects(key)


def _errors(rule: Mapping[str, Any]) -> list[str]:
    errors = rule.get("ErrorEquals")
    return [error for error in errors if isinstance(error, str)] if isinstance(errors, list) else []


RULES = (
    Rule(
        "PC159",
        "error",
        "AWS refuses the state machine.",
        task(Retry=[{"ErrorEquals": []}]),
        rules,
        "stepfunctions",
    ),
    Rule(
        "PC160",
        "warning",
        "The rule never meets its error.",
        task(Retry=[{"ErrorEquals": ["States.TaskFaild"]}]),
        names,
        "stepfunctions",
    ),
)
