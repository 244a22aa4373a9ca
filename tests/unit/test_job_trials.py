"""``%%step --try``: what must run first, what is reused, and what a trial refuses."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import pytest

from pipecell.cli import ShellContext
from pipecell.commands.handoff import READING
from pipecell.commands.job_trial import try_step
from pipecell.definition.document import read_document
from pipecell.engines.engine import ExecutionSnapshot, ExecutionSummary, StepSnapshot
from pipecell.errors import CheckFailedError, UsageError
from pipecell.job_trials import Trial, plan_trial, trial_name, without_cache
from pipecell.workspace import Workspace
from tests.unit.engines.fakes import FakeEngine, snapshot
from tests.unit.test_pipelines import Shop

READS_A = {"x": {"Get": "Steps.A.OutputParameters['x']"}}
READS_B = {"y": {"Get": "Steps.B.OutputParameters['y']"}}
CHAIN: dict[str, Any] = {
    "Version": "2020-12-01",
    "Parameters": [],
    "Steps": [
        {"Name": "A", "Type": "Lambda", "Arguments": {}, "OutputParameters": [{"OutputName": "x"}]},
        {"Name": "B", "Type": "Lambda", "Arguments": READS_A, "OutputParameters": [{"OutputName": "y"}]},
        {"Name": "C", "Type": "Lambda", "Arguments": READS_B, "DependsOn": ["Other"]},
        {"Name": "Other", "Type": "Lambda", "Arguments": {}},
    ],
}


class Remembering(FakeEngine):
    """An engine with past executions, each by its pipeline and number."""

    def __init__(self, **runs: ExecutionSnapshot) -> None:
        super().__init__(snapshot())
        self.runs = {run.execution_arn: run for run in runs.values()}

    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        return self.runs[execution_arn]

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        return [
            ExecutionSummary(arn, run.pipeline, "sagemaker", "local", run.status, run.started)
            for arn, run in self.runs.items()
            if run.pipeline == pipeline
        ]


def ran(pipeline: str, started: float, **statuses: tuple[str, Any]) -> ExecutionSnapshot:
    """Return an execution whose steps ended with a status and one output each."""
    steps = tuple(
        StepSnapshot(
            name,
            "Lambda",
            status,
            metadata={"Lambda": {"OutputParameters": [{"Name": output, "Value": value}]}},
        )
        for (name, (status, value)), output in zip(statuses.items(), "xy", strict=False)
    )
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{pipeline}/execution/e{started:.0f}"
    return snapshot("Succeeded", execution_arn=arn, pipeline=pipeline, started=started, steps=steps)


def plan(step: str, **runs: ExecutionSnapshot) -> Trial:
    engine = Remembering(**runs)
    return plan_trial(read_document(CHAIN, name="p"), step, engine, partial(Workspace().remember, engine))


def bodies(trial: Trial) -> dict[str, Any]:
    return {step["Name"]: step for step in trial.document.body["Steps"]}


def test_steps_that_never_ran_run_first() -> None:
    trial = plan("C")
    assert (trial.first, trial.reused) == (("B", "A"), ())
    assert bodies(trial)["C"]["Arguments"] == READS_B


def test_what_it_does_not_read_is_not_run() -> None:
    assert "Other" not in bodies(plan("C"))
    assert "DependsOn" not in bodies(plan("C"))["C"]


def test_the_latest_output_takes_the_place_of_a_step() -> None:
    old = ran("p", 1, A=("Succeeded", "old"), B=("Succeeded", "old"))
    new = ran("p", 2, A=("Succeeded", "new"), B=("Succeeded", "new"))
    trial = plan("C", old=old, new=new)
    assert (trial.first, trial.reused) == ((), ("B",))
    assert bodies(trial) == {"C": {"Name": "C", "Type": "Lambda", "Arguments": {"y": "new"}}}


def test_a_failure_leaves_nothing_to_reuse() -> None:
    good = ran("p", 1, A=("Succeeded", "good"), B=("Succeeded", "good"))
    bad = ran("p", 2, A=("Succeeded", "later"), B=("Failed", "bad"))
    assert bodies(plan("C", good=good, bad=bad))["C"]["Arguments"] == {"y": "good"}


def test_an_earlier_trial_counts_as_a_run() -> None:
    trial = plan("B", tried=ran(trial_name("p"), 1, A=("Succeeded", "tried")))
    assert (trial.first, trial.reused) == ((), ("A",))
    assert bodies(trial)["B"]["Arguments"] == {"x": "tried"}


def test_only_the_nearest_step_that_never_ran_is_run() -> None:
    trial = plan("C", run=ran("p", 1, A=("Succeeded", "there")))
    assert (trial.first, trial.reused) == (("B",), ("A",))
    assert bodies(trial)["B"]["Arguments"] == {"x": "there"}


def test_the_pipeline_of_trials_has_a_name_that_aws_takes() -> None:
    assert trial_name("Census") == "Census-try"
    assert len(trial_name("x" * 256)) == 256


def test_a_trial_never_takes_a_cached_result() -> None:
    cached = {**CHAIN["Steps"][0], "CacheConfig": {"Enabled": True, "ExpireAfter": "30d"}}
    made = without_cache(read_document({**CHAIN, "Steps": [cached]}, name="p"))
    assert made.body["Steps"] == [CHAIN["Steps"][0]]


def test_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r'has no step "Othr"') as caught:
        Shop(CHAIN).pipeline("p").try_job("Othr")
    assert caught.value.code == "PC924"
    assert "Other" in caught.value.hint


def test_only_errors_of_the_steps_that_run_refuse_a_trial() -> None:
    wrong = {"Name": "Wrong", "Type": "Lambda", "Arguments": {"x": {"Get": "Steps.A.OutputParameters['z']"}}}
    shop = Shop({**CHAIN, "Steps": [*CHAIN["Steps"], wrong]})
    with pytest.raises(CheckFailedError, match=r"Wrong was not tried"):
        shop.pipeline("p").try_job("Wrong")
    assert not shop.place.started
    shop.pipeline("p").try_job("Other")
    assert shop.place.started


def test_people_are_told_what_runs_first() -> None:
    said: list[str] = []
    Shop(CHAIN).pipeline("p").try_job("B", say=said.append)
    assert len(said) == 1
    assert said[0].startswith("B: A first, which never ran; ")


def test_a_notebook_that_is_only_read_tries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(READING, "1")
    err = io.StringIO()
    context, shop = ShellContext(io.StringIO(), err), Shop(CHAIN)
    context.workspace = shop
    try_step(context, "p", "Other")
    assert err.getvalue().strip() == "Left out: --try Other, because this notebook is only read."
    assert not shop.place.started
