from __future__ import annotations

from typing import Any

import pytest

from pipecell.local.wire import ServiceError
from tests.unit.local.bench_top import Bench, World, condition, open_bench, processing, started, status_of


def chain() -> list[dict[str, Any]]:
    reader = processing("b")
    reader["Arguments"]["Environment"] = {"NAME": {"Get": "Steps.a.ProcessingJobName"}}
    return [processing("a"), reader, processing("c", "b"), processing("d", "c")]


def select(bench: Bench, *steps: str, source: str | None = None) -> str:
    config: dict[str, Any] = {"SelectedSteps": [{"StepName": name} for name in steps]}
    if source:
        config["SourcePipelineExecutionArn"] = source
    answer = bench.call("StartPipelineExecution", **started("p"), SelectiveExecutionConfig=config)
    return str(answer["PipelineExecutionArn"])


@pytest.mark.parametrize("given", [True, False])
def test_selected_steps_run_on_the_results_of_an_earlier_execution(
    bench: Bench, world: World, given: bool
) -> None:
    whole = bench.start(chain())
    bench.wait(whole)
    arn = select(bench, "b", "c", source=whole if given else None)
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    steps = bench.steps(arn)
    assert list(steps) == ["a", "b", "c"]
    assert steps["a"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": whole}
    assert steps["a"]["Metadata"] == bench.steps(whole)["a"]["Metadata"]
    assert "SelectiveExecutionResult" not in steps["b"]
    job = bench.call("DescribeProcessingJob", ProcessingJobName=bench.job_of(arn, "b"))
    assert job["Environment"] == {"NAME": bench.job_of(whole, "a")}
    assert len(world.launches) == 4 + 2


def test_steps_without_needs_want_no_earlier_execution(bench: Bench) -> None:
    bench.create(chain())
    arn = select(bench, "a")
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert list(bench.steps(arn)) == ["a"]


def test_needs_that_nothing_lends_are_refused_in_awss_words(bench: Bench) -> None:
    bench.create(chain())
    with pytest.raises(ServiceError) as caught:
        select(bench, "c")
    assert caught.value.code == "ValidationException"
    assert caught.value.message == (
        "Invalid SourcePipelineExecutionArn: null. The selected steps [c] have dependencies on [b]."
    )


def test_a_source_in_which_the_needs_failed_is_refused(bench: Bench, world: World) -> None:
    world.decide = lambda job: status_of("Failed" if job.step == "b" else "Completed", "AlgorithmError: x")
    whole = bench.start(chain())
    bench.wait(whole)
    with pytest.raises(ServiceError, match=r"dependencies on \[b\], which did not succeed"):
        select(bench, "c", source=whole)
    arn = select(bench, "b", source=whole)
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"


def test_a_step_that_is_not_there_is_refused_with_the_nearest_name(bench: Bench) -> None:
    bench.create([processing("Train"), processing("Evaluate")])
    with pytest.raises(ServiceError, match=r'no step \[Trian\] to select. Did you mean "Train"\?'):
        select(bench, "Trian")


def test_a_step_of_a_branch_can_be_selected_alone(bench: Bench) -> None:
    bench.create([condition("check", [processing("yes")], [], holds=False)])
    arn = select(bench, "yes")
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert list(bench.steps(arn)) == ["yes"]


def test_a_selective_execution_is_taken_up_after_a_crash(world: World, bench: Bench) -> None:
    whole = bench.start(chain())
    bench.wait(whole)
    world.decide = lambda job: None
    arn = select(bench, "b", "c", source=whole)
    name = bench.until(lambda: world.launches[4:])[0]
    with open_bench(world) as again:
        again.service.resume()
        world.decide = lambda job: status_of("Completed")
        again.processes.end("processing", name, status_of("Completed"))
        assert again.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert list(again.steps(arn)) == ["a", "b", "c"]
