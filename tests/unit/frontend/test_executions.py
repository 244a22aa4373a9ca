"""Executions as the extension reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pipecell.engines.engine import ExecutionSummary, Inside, StepSnapshot
from pipecell.frontend.executions import REASON, row, steps
from pipecell.graph import Graph, Node, NodeState
from tests.unit.engines.fakes import snapshot


def test_a_failed_run_says_which_step_failed_and_why_without_terminals_colours() -> None:
    step = StepSnapshot(
        "Train", "Training", "Failed", failure_reason="Traceback\n\x1b[31mKeyError: 'x'\x1b[0m"
    )
    seen = snapshot(status="Failed", steps=(step,), failure_reason="One or multiple steps failed.")
    assert row(seen)["reason"] == "Train: KeyError: 'x'"


def test_a_long_reason_is_cut() -> None:
    seen = snapshot(status="Failed", steps=(), failure_reason="long " * 1000)
    assert len(row(seen)["reason"]) == REASON + 1


def test_a_run_that_is_well_and_a_row_of_a_list_have_no_reason() -> None:
    assert row(snapshot(status="Succeeded"))["reason"] == ""
    assert row(ExecutionSummary("arn", "p", "sagemaker", "local", "Failed", 1.0))["reason"] == ""


def test_a_step_says_how_far_what_it_started_is() -> None:
    trials = tuple(StepSnapshot(f"job-{n}", "Trial", "Succeeded", 1.0, 2.0) for n in range(3))
    inside = Inside(("Tune",), "trials", "arn", "sagemaker", status="Executing", steps=trials, total=4)

    class Tuning:
        graph = Graph("p", "sagemaker", (Node("Tune", "Tune", "Tuning"),), ())

        def picture(self, _: Any) -> SimpleNamespace:
            return SimpleNamespace(states={"Tune": NodeState("Executing", 1.0)})

    running: Any = Tuning()
    assert steps(running, snapshot(inside=(inside,)))["Tune"]["value"] == "3 of 4"
