"""Why a step was not reused, over earlier runs that are written down by hand."""

from __future__ import annotations

from typing import Any

from pipecell.definition.cache.hindsight import Verdict, look_back
from pipecell.definition.sagemaker import StepView, iterate_steps
from tests.unit.definition.cache.test_foresee import NOW, Run, pipeline, step

HERE = {"Environment": {"WORD": "b"}}


def view(**changes: Any) -> StepView:
    return next(iter(iterate_steps(pipeline(step("A", **changes)))))


def look(*earlier: Run, seen: StepView | None = None) -> Verdict | None:
    return look_back(
        seen or view(),
        Run(HERE),
        NOW,
        earlier,
        code_words=lambda before, after: "",
        name=lambda run: f"execution {run.execution_arn}",
    )


def test_a_difference_is_named_with_the_newest_run_that_had_it_otherwise() -> None:
    other = Run({"Environment": {"WORD": "a"}}, execution_arn="e1")
    older = Run({"Environment": {"WORD": "z"}}, execution_arn="e0")
    found = look(other, older)
    assert found == Verdict("miss", "environment WORD a → b, since execution e1", "e1")


def test_the_same_work_too_long_ago_has_expired() -> None:
    found = look(Run({"Environment": {"WORD": "a"}}), Run(HERE, ended=NOW - 100_000, execution_arn="e0"))
    assert found == Verdict("miss", "the result of execution e0 had expired (P1D)", "e0")


def test_the_same_work_in_time_means_that_its_result_was_gone() -> None:
    found = look(Run(HERE, execution_arn="e0"))
    assert found is not None
    assert found.reason == "what execution e0 left in S3 was gone or had been changed"


def test_a_run_that_ended_after_the_step_began_could_not_lend_its_result() -> None:
    assert look(Run(HERE, ended=NOW + 1)) == Verdict("miss", "it had not succeeded here before")


def test_a_step_that_does_not_ask_was_not_looked_for() -> None:
    found = look(Run(HERE), seen=view(cached=False))
    assert str(found) == "off: no CacheConfig"


def test_reuse_is_no_question_for_a_condition() -> None:
    assert look(seen=view(kind="Condition")) is None
