from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.definition.cache.content import split_uri
from pipecell.definition.document import read_document
from pipecell.errors import DefinitionError
from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from pipecell.local.records.executions import ExecutionRecord, StepRecord
from pipecell.local.work.pipelines.plan import read_steps
from pipecell.local.work.pipelines.scope import RunScope

ARN = "arn:aws:sagemaker:eu-west-1:000000000000:pipeline/census/execution/abc123def456"


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    store = ObjectStore(Home(tmp_path / "home").create())
    store.create_bucket("data")
    yield store
    store.close()


@pytest.fixture
def scope(objects: ObjectStore) -> RunScope:
    execution = ExecutionRecord(
        id="abc123def456",
        arn=ARN,
        pipeline="census",
        version=1,
        status="Executing",
        failure_reason=None,
        display_name=None,
        description=None,
        role_arn=None,
        parameters={"Count": 3},
        parallelism=None,
        selection={},
        experiment={},
        tags=[],
        stopping=False,
        created=1_795_000_000.125,
        modified=0,
    )
    files = [{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "metrics.json"}]
    body = {"Name": "Evaluate", "Type": "Processing", "PropertyFiles": files}
    views = read_steps(read_document({"Version": "1", "Steps": [body]})).views
    outputs = [{"OutputName": "report", "S3Output": {"S3Uri": "s3://data/out/"}}]
    step = StepRecord(
        execution="abc123def456",
        name="Evaluate",
        type="Processing",
        status="Succeeded",
        place=0,
        begun=0,
        started=0,
        properties={"ProcessingOutputConfig": {"Outputs": outputs}, "ProcessingJobName": "job"},
    )
    return RunScope(execution, views, {"Evaluate": step}, objects)


def put(objects: ObjectStore, value: Any, key: str = "out/metrics.json") -> None:
    objects.put("data", key, value if isinstance(value, bytes) else json.dumps(value).encode())


def test_parameters_and_properties(scope: RunScope) -> None:
    assert scope.parameter("Count") == 3
    assert scope.step_property("Evaluate", "ProcessingJobName") == "job"
    with pytest.raises(DefinitionError, match='declares no parameter "X"'):
        scope.parameter("X")
    with pytest.raises(DefinitionError, match="did not run"):
        scope.step_property("Other", "X")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PipelineExecutionId", "abc123def456"),
        ("PipelineExecutionArn", ARN),
        ("PipelineName", "census"),
        ("PipelineArn", "arn:aws:sagemaker:eu-west-1:000000000000:pipeline/census"),
        ("StartDateTime", "2026-11-18T11:06:40.125Z"),
    ],
)
def test_execution_variables(scope: RunScope, variable: str, value: str) -> None:
    assert scope.execution(variable) == value


def test_the_job_name_is_known_to_the_step_that_creates_it(scope: RunScope) -> None:
    assert scope.for_job("pipelines-x").execution("TrainingJobName") == "pipelines-x"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", scope.execution("CurrentDateTime"))
    with pytest.raises(DefinitionError, match="not an execution variable"):
        scope.execution("Weather")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scores.auc.value", 0.91),
        ("Result['rmse']", 4),
        ("list[1]", "b"),
        ("$.scores.auc.value", 0.91),
        ("flag", False),
    ],
)
def test_values_of_a_property_file(scope: RunScope, objects: ObjectStore, path: str, value: Any) -> None:
    put(
        objects,
        {"scores": {"auc": {"value": 0.91}}, "Result": {"rmse": 4}, "list": ["a", "b"], "flag": False},
    )
    assert scope.property_file("Evaluate", "Report", path) == value


def test_what_is_wrong_with_a_property_file_is_said(scope: RunScope, objects: ObjectStore) -> None:
    with pytest.raises(DefinitionError, match=r"s3://data/out/metrics\.json cannot be read"):
        scope.property_file("Evaluate", "Report", "a")
    put(objects, b"not json")
    with pytest.raises(DefinitionError, match="is not JSON"):
        scope.property_file("Evaluate", "Report", "a")
    put(objects, {"b": 1})
    with pytest.raises(DefinitionError, match="has no value at a") as caught:
        scope.property_file("Evaluate", "Report", "a")
    assert caught.value.hint == "It has b."
    with pytest.raises(DefinitionError, match='no property file "Other"'):
        scope.property_file("Evaluate", "Other", "a")


def test_json_at_any_place_in_s3(scope: RunScope, objects: ObjectStore) -> None:
    put(objects, {"Result": [1, 2]}, "results/r.json")
    assert scope.s3_json("s3://data/results/r.json", "Result[1]") == 2


def test_s3_uris() -> None:
    assert split_uri("s3://b/a/b c?d#e") == ("b", "a/b c?d#e")
    assert split_uri("s3://b") == ("b", "")
    for wrong in ("b/a", "http://b/a", "s3:///a"):
        with pytest.raises(DefinitionError, match="not an S3 URI"):
            split_uri(wrong)
