"""Variables: whatever is assigned is seen inside of its scope, and nowhere else, in both query languages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonata as _raises_the_recursion_limit  # noqa: F401 -- before hypothesis looks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.states.machines import start

VALUES = st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab'{}$ é", max_size=4)
MADE = st.dictionaries(st.sampled_from("xyz"), VALUES | st.lists(VALUES, max_size=2), max_size=2)


@dataclass(frozen=True)
class Scope:
    """Variables assigned before and after the branches of a Parallel."""

    before: dict[str, Any]
    branches: tuple[Scope, ...]
    after: dict[str, Any]


SCOPES = st.recursive(
    st.builds(Scope, MADE, st.just(()), MADE),
    lambda inner: st.builds(Scope, MADE, st.lists(inner, min_size=1, max_size=2).map(tuple), MADE),
    max_leaves=4,
)


def visible(scope: Scope, outer: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return what the last state of a scope sees: the model that the machine is held to."""
    seen = {**outer, **_named(scope.before, depth)}
    if scope.branches:
        seen[f"r{depth}"] = [visible(branch, seen, depth + 1) for branch in scope.branches]
    return {**seen, **_named(scope.after, depth)}


def _named(values: dict[str, Any], depth: int) -> dict[str, Any]:
    return {f"{name}{depth}": value for name, value in values.items()}


def machine(
    scope: Scope, names: Iterator[int], outer: dict[str, Any], *, jsonata: bool, depth: int = 0
) -> dict[str, Any]:
    """Return the states of a scope; the last of them gives every variable that the model has."""
    states: list[dict[str, Any]] = [{"Type": "Pass", "Assign": _named(scope.before, depth)}]
    seen = {**outer, **_named(scope.before, depth)}
    if scope.branches:
        inner = [machine(branch, names, seen, jsonata=jsonata, depth=depth + 1) for branch in scope.branches]
        kept = {f"r{depth}": "{% $states.result %}"} if jsonata else {f"r{depth}.$": "$"}
        states.append({"Type": "Parallel", "Branches": inner, "Assign": kept})
        seen[f"r{depth}"] = None
    states.append({"Type": "Pass", "Assign": _named(scope.after, depth)})
    seen |= _named(scope.after, depth)
    if jsonata:
        states.append({"Type": "Pass", "Output": {name: f"{{% ${name} %}}" for name in seen}})
    else:
        states.append({"Type": "Pass", "Parameters": {f"{name}.$": f"${name}" for name in seen}})
    called = [f"S{next(names)}" for _ in states]
    following: list[dict[str, Any]] = [*({"Next": name} for name in called[1:]), {"End": True}]
    bodies = [{**state, **after} for state, after in zip(states, following, strict=True)]
    return {"StartAt": called[0], "States": dict(zip(called, bodies, strict=True))}


@pytest.mark.parametrize("jsonata", [False, True], ids=["JSONPath", "JSONata"])
@settings(max_examples=40, deadline=None)
@given(scope=SCOPES)
def test_variables_are_seen_inside_and_not_outside(jsonata: bool, scope: Scope) -> None:
    definition = machine(scope, itertools.count(), {}, jsonata=jsonata)
    run = start({"QueryLanguage": "JSONata" if jsonata else "JSONPath", **definition}).settle()
    assert run.output == visible(scope, {}), run.execution.cause
