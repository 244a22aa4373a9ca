"""What steps start, seen through the monitor: trials of a tuning job, machines within machines, pipelines."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.definition.document import read_document
from pipecell.engines.engine import ExecutionSnapshot, Inside, StepSnapshot
from pipecell.engines.events import Event, InsideChanged, StepsChanged
from pipecell.execution import Execution
from pipecell.local.daemon import EndpointInfo
from pipecell.workspace import Workspace
from tests.local.test_execution import step
from tests.local.waiting import wait_until
from tests.nested import ROLE, judge, put_source, starter, tuning_pipeline, tuning_request

DEADLINE = 120.0


@pytest.fixture
def workspace(endpoint: EndpointInfo) -> Iterator[Workspace]:
    made = Workspace(home=endpoint.home)
    yield made
    made.monitor.close()


@pytest.fixture
def prefix(workspace: Workspace) -> str:
    """A name of this test alone, under which its script is."""
    name = f"in{uuid.uuid4().hex[:8]}"
    put_source(workspace.connect("local", "us-east-1").client("s3"), name)
    return name


def deploy(workspace: Workspace, engine: str, name: str, body: dict[str, Any]) -> Any:
    place, document = workspace.engine(engine, "local"), read_document(body, name=name)
    place.deploy(document, role=ROLE)
    return place, document


def start(workspace: Workspace, engine: str, name: str, body: dict[str, Any]) -> Execution:
    place, document = deploy(workspace, engine, name, body)
    return workspace.remember(place, place.start(document, parameters={}))


def watched(execution: Execution) -> ExecutionSnapshot:
    """Follow an execution to its end; return its last look."""
    return execution.wait(DEADLINE).last_seen


def trials_of(told: list[Event]) -> list[StepSnapshot]:
    changed = [event for event in told if isinstance(event, StepsChanged) and event.path == ("Tune",)]
    return [trial for event in changed for trial in event.steps]


def inside(seen: ExecutionSnapshot, *path: str) -> Inside:
    return next(each for each in seen.inside if each.path == path)


def test_the_trials_of_a_tuning_step_are_told_as_they_run(
    workspace: Workspace, prefix: str, tmp_path: Path
) -> None:
    door = tmp_path / "door"
    put_source(workspace.connect("local", "us-east-1").client("s3"), prefix, str(door))
    execution = start(workspace, "sagemaker", prefix, tuning_pipeline(prefix, 3))
    told: list[Event] = []
    execution.listen(lambda: told.extend(execution.watch().news))
    wait_until(
        lambda: any(trial.status == "Executing" for trial in trials_of(told)), "a trial runs", DEADLINE
    )
    assert any(isinstance(event, InsideChanged) and event.inside.running for event in told)
    door.touch()
    seen = execution.wait(DEADLINE).last_seen
    trials = inside(seen, "Tune")
    assert [trial.status for trial in trials.steps] == ["Succeeded"] * 3
    assert (trials.kind, trials.total, trials.objective) == ("trials", 3, "auc")
    reached = {trial.name: trial.metadata["Objective"] for trial in trials.steps}
    assert trials.best == max(reached, key=lambda name: reached[name])
    assert "auc=" in str(execution.logs(f"Tune/{trials.best}"))


def test_a_machine_shows_the_machine_the_pipeline_and_the_trials_that_it_starts(
    workspace: Workspace, prefix: str
) -> None:
    deploy(workspace, "stepfunctions", f"{prefix}-inner", judge())
    pipeline = {"Version": "2020-12-01", "Steps": [step("Hello", "print('hello')")]}
    deploy(workspace, "sagemaker", f"{prefix}-pipe", pipeline)
    body = starter(f"{prefix}-inner", f"{prefix}-pipe", tuning_request(prefix, 2))
    execution = start(workspace, "stepfunctions", f"{prefix}-outer", body)
    seen = watched(execution)
    assert {each.path for each in seen.inside} == {("Machine",), ("Pipeline",), ("Tune",)}
    assert [state.name for state in inside(seen, "Machine").steps] == ["Look", "Large?", "Yes"]
    assert inside(seen, "Pipeline").engine == "sagemaker"
    assert [each.status for each in inside(seen, "Pipeline").steps] == ["Succeeded"]
    assert len(inside(seen, "Tune").steps) == 2
    started = execution.started_inside(inside(seen, "Pipeline").arn)
    assert str(started.logs("Hello")) == "hello"


def test_a_machine_within_a_machine_within_a_machine_is_seen(workspace: Workspace, prefix: str) -> None:
    deploy(workspace, "stepfunctions", f"{prefix}-c", judge())
    for outer, inner in (("b", "c"), ("a", "b")):
        body = starter(f"{prefix}-{inner}", "none")
        body["States"] = {"Machine": {**body["States"]["Machine"], "Next": "End"}, "End": {"Type": "Succeed"}}
        deploy(workspace, "stepfunctions", f"{prefix}-{outer}", body)
    seen = watched(start(workspace, "stepfunctions", f"{prefix}-a", body))
    assert [each.path for each in seen.inside] == [("Machine",), ("Machine", "Machine")]
    assert [state.name for state in inside(seen, "Machine", "Machine").steps] == ["Look", "Large?", "Yes"]
