from __future__ import annotations

from typing import Any

import pytest

from pipecell.local.runtimes import map_image
from pipecell.local.wire import ServiceError
from tests.unit.local.bench_top import (
    Bench,
    World,
    condition,
    processing,
    started,
)

UNKNOWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com/our-own:3"


def with_image(name: str, image: Any) -> dict[str, Any]:
    step = processing(name)
    step["Arguments"]["AppSpecification"] = {"ImageUri": image}
    return step


def refused(bench: Bench, steps: list[dict[str, Any]], **body: Any) -> str:
    """Start a pipeline that is refused; return why."""
    bench.create(steps, **body)
    with pytest.raises(ServiceError) as caught:
        bench.call("StartPipelineExecution", **started("p"))
    assert caught.value.code == "ValidationException"
    assert not bench.call("ListPipelineExecutions", PipelineName="p")["PipelineExecutionSummaries"]
    assert not bench.world.launches
    return caught.value.message


def test_an_image_without_a_runtime_is_refused_before_anything_runs(bench: Bench) -> None:
    reason = refused(bench, [processing("fine"), with_image("odd", UNKNOWN)])
    assert "Step odd" in reason
    assert UNKNOWN in reason
    assert "%pipeline local map" in reason


def test_an_image_that_a_parameter_names_is_looked_at_with_its_value(bench: Bench) -> None:
    step = with_image("odd", {"Get": "Parameters.Image"})
    parameter = {"Name": "Image", "Type": "String", "DefaultValue": UNKNOWN}
    assert UNKNOWN in refused(bench, [step], Parameters=[parameter])


def test_an_image_inside_a_branch_is_refused_whatever_the_condition_will_say(bench: Bench) -> None:
    steps = [condition("check", [processing("fine")], [with_image("odd", UNKNOWN)])]
    assert "Step odd" in refused(bench, steps)


def test_a_mapped_image_runs(bench: Bench, world: World) -> None:
    map_image(world.home, "*/our-own:*", "echo")
    arn = bench.start([with_image("odd", UNKNOWN)])
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"


@pytest.mark.parametrize(
    ("kind", "service"), [("EMR", "Amazon EMR"), ("QualityCheck", "Model Monitor"), ("AutoML", "Autopilot")]
)
def test_a_step_that_needs_a_managed_service_is_refused_with_its_name(
    bench: Bench, kind: str, service: str
) -> None:
    reason = refused(bench, [processing("fine"), {"Name": "managed", "Type": kind, "Arguments": {}}])
    assert "Step managed" in reason
    assert service in reason


def test_a_type_that_nobody_knows_is_refused(bench: Bench) -> None:
    assert "type Quantum" in refused(bench, [{"Name": "q", "Type": "Quantum", "Arguments": {}}])


def test_only_selected_steps_have_to_run_here(bench: Bench) -> None:
    bench.create([processing("fine"), with_image("odd", UNKNOWN)])
    answer = bench.call(
        "StartPipelineExecution",
        **started("p"),
        SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "fine"}]},
    )
    assert bench.wait(answer["PipelineExecutionArn"])["PipelineExecutionStatus"] == "Succeeded"
