"""State machines: every name leads to a state, every state can be reached, every call exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.document import inner_machines
from pipecell.definition.paths import format_path
from pipecell.definition.states import exits
from pipecell.errors import did_you_mean

_NAME_LIMIT = 80
_NO_SUCH_CALL = "sagemaker:startPipelineExecution"


def dangling(subject: Subject) -> Iterator[Finding]:
    """Find names that no state of the same machine has."""
    for path, machine in _machines(subject.document.body, []):
        states = machine["States"]
        if machine["StartAt"] not in states:
            yield Finding(
                f'There is no state "{machine["StartAt"]}" to start at.',
                did_you_mean(machine["StartAt"], states),
                None,
                format_path([*path, "StartAt"]),
            )
        for name, state in states.items():
            for target, _, _ in exits(state):
                if target not in states:
                    yield Finding(
                        f'There is no state "{target}".', did_you_mean(target, states), name, "Next"
                    )


def unreachable(subject: Subject) -> Iterator[Finding]:
    """Find states that nothing leads to."""
    for _, machine in _machines(subject.document.body, []):
        states = machine["States"]
        reached: set[str] = set()
        ahead = [machine["StartAt"]]
        while ahead:
            name = ahead.pop()
            if name in states and name not in reached:
                reached.add(name)
                ahead += [target for target, _, _ in exits(states[name])]
        for name in states:
            if name not in reached and reached:
                yield Finding(f'Nothing leads to the state "{name}".', "", name)


def impossible_calls(subject: Subject) -> Iterator[Finding]:
    """Find the integration that people expect and AWS does not have."""
    for _, machine in _machines(subject.document.body, []):
        for name, state in machine["States"].items():
            resource = state.get("Resource")
            if (
                isinstance(resource, str)
                and resource.startswith("arn:")
                and f":::{_NO_SUCH_CALL}" in resource
            ):
                yield Finding(
                    f"Step Functions has no integration {_NO_SUCH_CALL}.",
                    "Call aws-sdk:sagemaker:startPipelineExecution, then poll describePipelineExecution.",
                    name,
                    "Resource",
                )


def long_names(subject: Subject) -> Iterator[Finding]:
    """Find state names that are too long."""
    for _, machine in _machines(subject.document.body, []):
        for name in machine["States"]:
            if len(name) > _NAME_LIMIT:
                yield Finding(
                    f"The name of a state has {len(name)} characters; AWS takes {_NAME_LIMIT}.", "", name
                )


def _machines(machine: Mapping[str, Any], path: list[str]) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    yield path, machine
    for name, state in machine["States"].items():
        for inner_path, inner in inner_machines(state):
            yield from _machines(inner, [*path, "States", name, inner_path])


def _machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


RULES = (
    Rule(
        "PC150",
        "error",
        "AWS refuses the state machine.",
        _machine(A={"Type": "Pass", "Next": "B"}),
        dangling,
        "stepfunctions",
    ),
    Rule(
        "PC151",
        "error",
        "AWS refuses the state machine.",
        _machine(A={"Type": "Succeed"}, B={"Type": "Succeed"}),
        unreachable,
        "stepfunctions",
    ),
    Rule(
        "PC210",
        "error",
        "AWS refuses the state machine.",
        _machine(
            A={"Type": "Task", "Resource": f"arn:aws:states:::{_NO_SUCH_CALL}.sync", "End": True},
        ),
        impossible_calls,
        "stepfunctions",
    ),
    Rule(
        "PC304",
        "error",
        "AWS refuses the state machine.",
        _machine(**{"A" * (_NAME_LIMIT + 1): {"Type": "Succeed"}}),
        long_names,
        "stepfunctions",
    ),
)
