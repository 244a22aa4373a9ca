"""The runner's effects, with jobs that end when the test says so, and crashes at every commit."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.records.jobs import JobRecord
from pipecell.local.wire import ServiceError
from pipecell.local.work.jobs import JobStatus
from pipecell.local.work.pipelines.run import Run
from pipecell.local.work.pipelines.scheduler import Scheduler
from tests.unit.local.bench_top import (
    PATIENCE,
    Crash,
    CrashingStore,
    World,
    condition,
    open_bench,
    processing,
    started,
    status_of,
)

LOST = "InternalServerError: We encountered an internal error. Please try again."
RETRY = {
    "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
    "IntervalSeconds": 0,
    "BackoffRate": 1.0,
    "MaxAttempts": 2,
}


def completes(job: JobRecord) -> JobStatus:
    return status_of("Completed")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def rich_pipeline() -> list[dict[str, Any]]:
    """Parallel branches, a retried step, and a condition."""
    return [
        processing("first"),
        processing("left", "first"),
        processing("fragile", "first", RetryPolicies=[RETRY]),
        condition("check", [processing("yes", "left")], [processing("no")])
        | {"DependsOn": ["left", "fragile"]},
        processing("last", "yes"),
    ]


class FailsOnce:
    """Jobs of step ``fragile`` are lost the first time; all others complete."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    def __call__(self, job: JobRecord) -> JobStatus:
        if job.step == "fragile" and not self.failed:
            self.failed.add(job.name)
        if job.name in self.failed:
            return status_of("Failed", LOST)
        return status_of("Completed")


EXPECTED = dict.fromkeys(["first", "left", "fragile", "check", "yes", "last"], "Succeeded")


def check_the_end(world: World, statuses: dict[str, str]) -> None:
    assert statuses == EXPECTED
    steps = Counter(name.split("-")[2] for name in world.launches)
    assert steps == {"first": 1, "left": 1, "fragile": 2, "yes": 1, "last": 1}
    assert len(set(world.launches)) == len(world.launches)


def commits_of_a_run(tmp_path: Path) -> int:
    """Count the commits of a run without a crash."""
    world = World(tmp_path / "count")
    world.decide = FailsOnce()
    store = CrashingStore(world.home, 10**6, after=True)
    with open_bench(world, store) as bench:
        bench.create(rich_pipeline())
        store.arm()
        arn = bench.call("StartPipelineExecution", **started("p"))["PipelineExecutionArn"]
        bench.wait(arn)
        check_the_end(world, bench.statuses(arn))
        return 10**6 - store._left


def test_a_crash_at_any_commit_neither_loses_nor_repeats_a_step(tmp_path: Path) -> None:
    total = commits_of_a_run(tmp_path)
    assert total > 15
    for at in range(1, total + 1):
        for after in (False, True):
            world = World(tmp_path / f"{at}-{after}")
            world.decide = FailsOnce()
            store = CrashingStore(world.home, at, after=after)
            request = started("p")
            with open_bench(world, store) as bench:
                bench.create(rich_pipeline())
                store.arm()
                with contextlib.suppress(Crash):
                    bench.call("StartPipelineExecution", **request)
                bench.until(lambda: store.crashed)  # noqa: B023
            with open_bench(world) as bench:
                bench.service.resume()
                arn = bench.call("StartPipelineExecution", **request)["PipelineExecutionArn"]
                assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
                check_the_end(world, bench.statuses(arn))
                listed = bench.call("ListPipelineExecutions", PipelineName="p")
                assert len(listed["PipelineExecutionSummaries"]) == 1


def test_a_crash_while_stopping_still_stops(world: World) -> None:
    store = CrashingStore(world.home, 1, after=True)
    with open_bench(world, store) as bench:
        arn = bench.start([processing("long"), processing("next", "long")])
        bench.until(lambda: world.launches)
        store.arm()
        with contextlib.suppress(Crash):
            bench.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
        bench.until(lambda: store.crashed)
    with open_bench(world) as bench:
        bench.service.resume()
        bench.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Stopped"
        assert bench.statuses(arn) == {"long": "Stopped"}


def test_a_lost_job_is_retried_as_the_policy_says_and_no_oftener(world: World) -> None:
    world.decide = lambda job: status_of("Failed", LOST)
    with open_bench(world) as bench:
        arn = bench.start([processing("a", RetryPolicies=[RETRY])])
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"
        step = bench.steps(arn)["a"]
        assert step["AttemptCount"] == 3
        assert step["FailureReason"] == f"ClientError: {LOST}"
        assert len(world.launches) == 3


def test_a_fault_of_the_script_is_not_retried(world: World) -> None:
    world.decide = lambda job: status_of("Failed", "AlgorithmError: , exit code: 1")
    with open_bench(world) as bench:
        arn = bench.start([processing("a", RetryPolicies=[RETRY])])
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"
        assert bench.steps(arn)["a"]["AttemptCount"] == 1


def test_a_step_that_waits_for_its_next_attempt_is_stopped_at_once(world: World) -> None:
    world.decide = lambda job: status_of("Failed", LOST)
    with open_bench(world) as bench:
        patient = {**RETRY, "IntervalSeconds": 3600}
        arn = bench.start([processing("a", RetryPolicies=[patient])])
        bench.until(lambda: bench.statuses(arn).get("a") == "Starting" and len(world.launches) == 1)
        bench.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Stopped"
        assert bench.statuses(arn) == {"a": "Stopped"}


def test_a_retry_that_was_due_during_a_crash_is_made_after_it(world: World) -> None:
    world.decide = FailsOnce()
    slow = {**RETRY, "IntervalSeconds": 1}
    with open_bench(world) as bench:
        arn = bench.start([processing("fragile", RetryPolicies=[slow])])
        bench.until(lambda: bench.statuses(arn).get("fragile") == "Starting" and world.launches)
    with open_bench(world) as bench:
        bench.service.resume()
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert bench.steps(arn)["fragile"]["AttemptCount"] == 2


def test_a_retry_is_made_though_the_clock_was_set_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.decide = FailsOnce()
    slow = {**RETRY, "IntervalSeconds": 1}
    with open_bench(world) as bench:
        arn = bench.start([processing("fragile", RetryPolicies=[slow])])
        bench.until(lambda: bench.statuses(arn).get("fragile") == "Starting" and world.launches)
        bench.until(lambda: bench.service.runner._scheduler._next)  # by the clock of now
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 86400)
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert bench.steps(arn)["fragile"]["AttemptCount"] == 2


def test_a_step_whose_reference_cannot_be_resolved_says_so(world: World) -> None:
    world.decide = completes
    bad = processing("b")
    bad["Arguments"]["Environment"] = {
        "X": {"Get": "Steps.a.ProcessingOutputConfig.Outputs['nope'].S3Output"}
    }
    with open_bench(world) as bench:
        arn = bench.start([processing("a"), bad])
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"
        reason = bench.steps(arn)["b"]["FailureReason"]
        assert reason.startswith("ClientError: There is no ProcessingOutputConfig")


def test_a_request_that_aws_would_refuse_fails_the_step_in_its_words(world: World) -> None:
    bad = processing("a")
    bad["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 0
    with open_bench(world) as bench:
        arn = bench.start([bad])
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"
        reason = bench.steps(arn)["a"]["FailureReason"]
        assert reason.startswith(
            "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: 1 validation error"
        )
        assert not world.launches


def test_names_of_jobs_fit_whatever_the_step_is_called(world: World) -> None:
    world.decide = completes
    with open_bench(world) as bench:
        arn = bench.start([processing("A_step-with_a-very_long_name" + "x" * 36)])
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert len(world.launches[0]) == 63
        assert world.launches[0].startswith(
            f"pipelines-{arn.rpartition('/')[2]}-A-step-with-a-very-long-name"
        )


def test_the_same_token_starts_once_and_another_request_with_it_is_refused(world: World) -> None:
    world.decide = completes
    with open_bench(world) as bench:
        bench.create([processing("a")])
        request = started("p", "same")
        first = bench.call("StartPipelineExecution", **request)
        assert bench.call("StartPipelineExecution", **request) == first
        with pytest.raises(ServiceError, match="already used") as caught:
            bench.call("StartPipelineExecution", **request, PipelineExecutionDescription="other")
        assert caught.value.code == "ConflictException"


def test_no_step_is_retried_once_a_stop_was_asked_for(world: World) -> None:
    with open_bench(world) as bench:
        arn = bench.start([processing("a", RetryPolicies=[RETRY])])
        name = bench.until(lambda: world.launches)[0]
        bench.service.runner.stop(arn.rpartition("/")[2])
        bench.processes.end("processing", name, status_of("Failed", LOST))
        assert bench.wait(arn)["PipelineExecutionStatus"] in ("Failed", "Stopped")
        assert len(world.launches) == 1


def test_a_retry_right_after_the_end_is_not_lost(world: World) -> None:
    """The run may still be in memory as one that is over."""
    world.decide = lambda job: status_of("Failed", "AlgorithmError: x")
    with open_bench(world) as bench:
        arn = bench.start([processing("a")])
        for attempt in range(2, 12):
            bench.wait(arn)
            token = f"{attempt:x>32}"
            bench.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=token)
            assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"
            assert bench.steps(arn)["a"]["AttemptCount"] == attempt


def test_an_end_that_is_noted_late_takes_no_retry_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    over, go_on = threading.Event(), threading.Event()
    looked: list[int] = []
    advance, look_at = Run.advance, Scheduler.look_at

    def slow(self: Run, ended: Collection[str], moment: float = 0.0) -> float | None:
        due = advance(self, ended, moment)
        if not self.is_running and not over.is_set():
            looked.append(threading.get_ident())
            over.set()
            go_on.wait(PATIENCE)
        return due

    def noted(self: Scheduler, when: float | None) -> None:
        if go_on.is_set() and threading.get_ident() in looked:
            looked.clear()
        look_at(self, when)

    monkeypatch.setattr(Run, "advance", slow)
    monkeypatch.setattr(Scheduler, "look_at", noted)
    world.decide = lambda job: status_of("Failed", "AlgorithmError: x")
    with open_bench(world) as bench:
        arn = bench.start([processing("a")])
        assert over.wait(PATIENCE)
        world.decide = lambda job: None
        bench.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
        bench.until(lambda: len(world.launches) == 2)
        runs = dict(bench.service.runner._runs)
        go_on.set()
        bench.until(lambda: not looked)
        assert bench.service.runner._runs == runs
        bench.processes.end("processing", world.launches[1], status_of("Completed"))
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"


class HangingFunction:
    """A Lambda client whose function answers when the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.invoked = threading.Event()

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.invoked.set()
        self.over.wait()
        return {"Payload": io.BytesIO(b"{}")}


def test_a_stop_of_a_function_that_a_crash_cut_off_ends(world: World) -> None:
    step = {"Name": "f", "Type": "Lambda", "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}
    client = HangingFunction()
    with open_bench(world) as bench:
        bench.service._clients = lambda service, region: client
        arn = bench.start([{**step, "Arguments": {}}])
        assert client.invoked.wait(PATIENCE)
        bench.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
        bench.until(lambda: bench.statuses(arn) == {"f": "Stopping"})
    client.over.set()
    with open_bench(world) as bench:
        bench.service.resume()
        assert bench.wait(arn)["PipelineExecutionStatus"] == "Stopped"
        assert bench.statuses(arn) == {"f": "Stopped"}
