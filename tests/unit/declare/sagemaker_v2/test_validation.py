"""The SDK's configuration file costs one validation, however many settings the SDK looks up in it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.sagemaker_v2 import compile as compile_declaration

CELL = """
import sagemaker
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep

session = PipelineSession()
role = sagemaker.get_execution_role(session)
for number in range(3):
    processor = SKLearnProcessor(
        "1.2-1", role, instance_type="ml.m5.large", instance_count=1, sagemaker_session=session
    )
    ProcessingStep(f"Step{number}", step_args=processor.run(code="s3://bucket/code.py"))
"""


def test_a_configuration_is_validated_once(
    cell: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jsonschema

    bucket = f"bucket-{uuid.uuid4().hex}"  # no configuration that another test has used
    modules = {"Session": {"DefaultS3Bucket": bucket}}
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": modules}}}))
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(config))
    validated: list[Any] = []
    validate = jsonschema.validate

    def count(instance: Any, schema: Any, *args: Any, **kwargs: Any) -> None:
        if bucket in json.dumps(instance, default=str):
            validated.append(instance)
        validate(instance, schema, *args, **kwargs)

    monkeypatch.setattr(jsonschema, "validate", count)
    declaration = cell(CELL)
    for _ in range(2):
        compile_declaration(declaration)
    assert len(validated) == 1
