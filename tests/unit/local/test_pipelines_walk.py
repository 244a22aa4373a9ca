"""The walk, by itself: random pipelines driven to their end by a simulated executor."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.errors import DefinitionError
from pipecell.local.work.pipelines.walk import (
    ACTIVE,
    Finish,
    Node,
    Plan,
    Progress,
    Start,
    Stop,
    advance,
    make_plan,
    never_starting,
)


def node(name: str, *needs: str, parent: str | None = None, branch: bool | None = None) -> Node:
    return Node(name, frozenset(needs), parent, branch)


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[list[Node], set[str]]:
    """A random acyclic pipeline with nested conditions; and the names of its conditions."""
    count = draw(st.integers(1, 12))
    names = [f"s{index}" for index in range(count)]
    conditions: set[str] = set()
    nodes = []
    for index, name in enumerate(names):
        needs = draw(st.sets(st.sampled_from(names[:index]), max_size=3)) if index else set[str]()
        parent: str | None = None
        branch: bool | None = None
        inside = bool(conditions) and draw(st.booleans())
        if inside:
            parent = draw(st.sampled_from(sorted(conditions)))
            branch = draw(st.booleans())
        nodes.append(Node(name, frozenset(needs), parent, branch))
        if draw(st.integers(0, 3)) == 0:
            conditions.add(name)
    draw(st.randoms()).shuffle(nodes)  # definitions are not in topological order
    return nodes, conditions


class Executor:
    """Drives a plan the way the engine does, checking the walk's promises at every turn."""

    def __init__(self, plan: Plan, conditions: set[str], limit: int, seed: int, failures: float) -> None:
        self.plan, self.conditions, self.limit = plan, conditions, limit
        self.random = random.Random(seed)
        self.failures = failures
        self.progress: dict[str, Progress] = {}
        self.begun: list[str] = []
        self.failed_at: int | None = None
        self.stopping = False

    def run(self, stop_after: int | None = None) -> str:
        for turn in range(1000):
            if stop_after is not None and turn >= stop_after:
                self.stopping = True
            actions = advance(self.plan, self.progress, limit=self.limit, stopping=self.stopping)
            for action in actions:
                if isinstance(action, Finish):
                    assert len(actions) == 1
                    assert not self._active()
                    return action.status
                if isinstance(action, Start):
                    self._start(action.step)
                elif isinstance(action, Stop):
                    self.progress[action.step] = Progress("Stopping")
            assert len(self._active()) <= self.limit
            if not actions:
                assert self._active(), "nothing runs and nothing is to do: the walk is stuck"
                self._end_one()
        raise AssertionError("the walk does not end")

    def _active(self) -> list[str]:
        return sorted(name for name, step in self.progress.items() if step.status in ACTIVE)

    def _start(self, name: str) -> None:
        assert name not in self.begun, "started twice"
        assert self.failed_at is None
        assert not self.stopping
        here = self.plan.nodes[name]
        assert all(self.progress[need].status == "Succeeded" for need in here.needs)
        if here.parent is not None:
            assert self.progress[here.parent].outcome is here.branch
        self.begun.append(name)
        self.progress[name] = Progress("Executing")

    def _end_one(self) -> None:
        name = self.random.choice(self._active())
        if self.progress[name].status == "Stopping" and self.random.random() < 0.7:
            self.progress[name] = Progress("Stopped")
        elif self.random.random() < self.failures:
            self.progress[name] = Progress("Failed")
            self.failed_at = len(self.begun)
        else:
            outcome = self.random.random() < 0.5 if name in self.conditions else None
            self.progress[name] = Progress("Succeeded", outcome)


@given(pipelines(), st.integers(1, 4), st.integers())
def test_every_step_that_can_run_runs_once_and_the_execution_succeeds(
    pipeline: tuple[list[Node], set[str]], limit: int, seed: int
) -> None:
    nodes, conditions = pipeline
    plan = make_plan(nodes)
    executor = Executor(plan, conditions, limit, seed, failures=0)
    assert executor.run() == "Succeeded"
    assert set(executor.begun) | never_starting(plan, executor.progress) == set(plan.nodes)
    assert not set(executor.begun) & never_starting(plan, executor.progress)


@given(pipelines(), st.integers(1, 4), st.integers())
def test_a_failure_stops_later_steps_and_lets_running_ones_end(
    pipeline: tuple[list[Node], set[str]], limit: int, seed: int
) -> None:
    nodes, conditions = pipeline
    executor = Executor(make_plan(nodes), conditions, limit, seed, failures=0.4)
    status = executor.run()
    failed = any(step.status == "Failed" for step in executor.progress.values())
    assert status == ("Failed" if failed else "Succeeded")
    assert all(step.status in {"Failed", "Succeeded"} for step in executor.progress.values())


@given(pipelines(), st.integers(1, 4), st.integers(), st.integers(0, 12))
def test_a_stop_request_ends_everything_that_runs(
    pipeline: tuple[list[Node], set[str]], limit: int, seed: int, stop_after: int
) -> None:
    nodes, conditions = pipeline
    executor = Executor(make_plan(nodes), conditions, limit, seed, failures=0)
    status = executor.run(stop_after)
    stopped = any(step.status == "Stopped" for step in executor.progress.values())
    unfinished = (
        set(executor.plan.nodes) - set(executor.begun) - never_starting(executor.plan, executor.progress)
    )
    assert (status == "Stopped") == bool(stopped or (executor.stopping and _reachable(executor, unfinished)))


def _reachable(executor: Executor, unfinished: set[str]) -> bool:
    """Whether some step that did not begin could have begun next."""
    succeeded = {name for name, step in executor.progress.items() if step.status == "Succeeded"}
    return any(
        executor.plan.nodes[name].needs <= succeeded
        and (executor.plan.nodes[name].parent is None or executor.plan.nodes[name].parent in succeeded)
        for name in unfinished
    )


@given(pipelines(), st.integers(1, 4), st.integers())
def test_the_walk_goes_on_from_any_stored_progress(
    pipeline: tuple[list[Node], set[str]], limit: int, seed: int
) -> None:
    """What was stored is all that counts: asking again from a copy gives the same answer."""
    nodes, conditions = pipeline
    plan = make_plan(nodes)
    executor = Executor(plan, conditions, limit, seed, failures=0)
    executor.run()
    for cut in range(len(executor.begun) + 1):
        kept = {name: executor.progress[name] for name in executor.begun[:cut]}
        again = advance(make_plan(nodes), dict(kept), limit=limit)
        assert again == advance(plan, kept, limit=limit)
        assert not {action.step for action in again if isinstance(action, Start)} & set(kept)


def test_steps_start_in_the_order_of_the_definition() -> None:
    plan = make_plan([node("b"), node("a"), node("c", "a")])
    assert advance(plan, {}, limit=8) == (Start("b"), Start("a"))


def test_no_more_steps_start_than_the_limit() -> None:
    plan = make_plan([node(f"s{index}") for index in range(5)])
    assert advance(plan, {}, limit=2) == (Start("s0"), Start("s1"))
    running = {"s0": Progress("Executing"), "s1": Progress("Stopping")}
    assert advance(plan, running, limit=2) == ()


def test_only_the_chosen_branch_starts() -> None:
    plan = make_plan(
        [
            node("check"),
            node("yes", parent="check", branch=True),
            node("no", parent="check", branch=False),
            node("after_no", "no"),
            node("inner", parent="no", branch=True),
            node("outer", "check"),
        ]
    )
    progress = {"check": Progress("Succeeded", True)}
    assert advance(plan, progress, limit=8) == (Start("yes"), Start("outer"))
    assert never_starting(plan, progress) == {"no", "after_no", "inner"}


def test_a_stop_that_comes_after_the_last_step_does_not_undo_it() -> None:
    plan = make_plan([node("a")])
    assert advance(plan, {"a": Progress("Succeeded")}, limit=1, stopping=True) == (Finish("Succeeded"),)


def test_an_empty_pipeline_succeeds() -> None:
    assert advance(make_plan([]), {}, limit=1) == (Finish("Succeeded"),)


def test_a_cycle_is_refused_by_name() -> None:
    with pytest.raises(DefinitionError, match="wait for each other: a, b") as caught:
        make_plan([node("a", "b"), node("b", "a"), node("c", "a"), node("free")])
    assert caught.value.code == "PC140"


def test_a_need_that_is_no_step_is_refused() -> None:
    with pytest.raises(DefinitionError, match='no step "ghost"') as caught:
        make_plan([node("a", "ghost")])
    assert caught.value.step == "a"


def test_a_long_chain_needs_no_recursion() -> None:
    plan = make_plan(
        [node(f"s{index}", *([f"s{index + 1}"] if index < 3000 else [])) for index in range(3001)]
    )
    assert advance(plan, {}, limit=1) == (Start("s3000"),)
