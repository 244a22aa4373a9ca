"""An execution of SageMaker Pipelines is read from AWS's own answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.engines.connection import Connection
from pipecell.engines.sagemaker import SageMaker
from tests.unit.engines.fakes import DEFINITION, FakeClient

ARN = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/e1"


@pytest.mark.parametrize(("count", "told"), [(None, {}), (1, {}), (3, {"Attempts": 3})])
def test_a_step_tells_its_attempts_where_there_was_more_than_one(
    monkeypatch: pytest.MonkeyPatch, count: int | None, told: dict[str, int]
) -> None:
    entry: dict[str, Any] = {"StepName": "Train", "StepStatus": "Executing"}
    client = FakeClient(
        describe_pipeline=lambda **_: {"PipelineName": "p"},
        describe_pipeline_definition_for_execution=lambda **_: {"PipelineDefinition": json.dumps(DEFINITION)},
        describe_pipeline_execution=lambda **_: {"PipelineExecutionStatus": "Executing"},
        list_pipeline_parameters_for_execution=lambda **_: {"PipelineParameters": []},
        list_pipeline_execution_steps=lambda **_: {
            "PipelineExecutionSteps": [entry if count is None else {**entry, "AttemptCount": count}]
        },
    )
    monkeypatch.setattr(FakeClient.exceptions, "ResourceNotFound", KeyError, raising=False)
    monkeypatch.setattr(SageMaker, "client", lambda *_: client)
    (step,) = SageMaker(lambda: Connection("http://127.0.0.1")).describe(ARN).steps
    assert step.metadata == told
