"""Requests against AWS's own shapes, in AWS's words."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from pipecell.local import service_model
from pipecell.local.service_model import ServiceModel, compile_pattern
from pipecell.local.wire import ServiceError


@pytest.fixture(scope="module")
def model() -> ServiceModel:
    return service_model.load(
        "sagemaker", ["CreatePipeline", "CreateTrainingJob", "AddTags", "ListTrainingJobs"]
    )


def problems(model: ServiceModel, operation: str, value: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        model.read_input(operation, value)
    assert caught.value.status == 400
    return f"{caught.value.code}: {caught.value.message}"


ONE = "ValidationException: 1 validation error detected: "
PIPELINE = {
    "PipelineName": "p",
    "ClientRequestToken": "t" * 32,
    "RoleArn": "arn:aws:iam::000000000000:role/service-role/r",
}


def test_what_aws_would_take_is_taken(model: ServiceModel) -> None:
    value = {**PIPELINE, "Tags": [{"Key": "ü b", "Value": ""}], "PipelineDescription": None}
    assert model.read_input("CreatePipeline", value) == {**PIPELINE, "Tags": [{"Key": "ü b", "Value": ""}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"PipelineName": "-no"},
            ONE + "Value '-no' at 'pipelineName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}",
        ),
        (
            {"RoleArn": None},
            "ValidationException: 1 validation error detected: Value null at 'roleArn' failed to satisfy "
            "constraint: Member must not be null",
        ),
        (
            {"ClientRequestToken": "short"},
            ONE + "Value 'short' at 'clientRequestToken' failed to satisfy constraint: "
            "Member must have length greater than or equal to 32",
        ),
        (
            {"ParallelismConfiguration": {"MaxParallelExecutionSteps": 0}},
            ONE + "Value '0' at 'parallelismConfiguration.maxParallelExecutionSteps' failed to satisfy "
            "constraint: Member must have value greater than or equal to 1",
        ),
        (
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "~", "Value": "2"}]},
            ONE + r"Value '~' at 'tags.2.member.key' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
        ),
        (
            {"PipelineName": 5},
            "SerializationException: NUMBER_VALUE can not be converted to a String (at 'pipelineName')",
        ),
        (
            {"Tags": {}},
            "SerializationException: Unexpected token found where a list was expected (at 'tags')",
        ),
        (
            {"Tags": ["x"]},
            "SerializationException: Unexpected token found where a structure was expected "
            "(at 'tags.1.member')",
        ),
    ],
)
def test_aws_words(model: ServiceModel, changes: dict[str, Any], expected: str) -> None:
    assert problems(model, "CreatePipeline", {**PIPELINE, **changes}) == expected


def test_unknown_keys_are_named_with_the_known_ones(model: ServiceModel) -> None:
    found = problems(model, "CreatePipeline", {**PIPELINE, "PipelineNmae": "p"})
    assert 'Unknown parameter in input: "PipelineNmae", must be one of: ClientRequestToken, ' in found


def test_several_errors_are_counted(model: ServiceModel) -> None:
    found = problems(model, "CreatePipeline", {**PIPELINE, "PipelineName": "", "RoleArn": "x"})
    assert found.startswith("ValidationException: 4 validation errors detected: ")


TRAINING = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::000000000000:role/r",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
}


def test_enums_name_their_values(model: ServiceModel) -> None:
    spec = {"TrainingImage": "image", "TrainingInputMode": "Files"}
    found = problems(model, "CreateTrainingJob", {**TRAINING, "AlgorithmSpecification": spec})
    assert "Value 'Files' at 'algorithmSpecification.trainingInputMode'" in found
    assert "Member must satisfy enum value set: [Pipe, File, FastFile]" in found


def test_maps_are_reported_as_a_whole(model: ServiceModel) -> None:
    found = problems(model, "CreateTrainingJob", {**TRAINING, "Environment": {"1bad": "x"}})
    assert (
        "Value '{1bad=x}' at 'environment' failed to satisfy constraint: Map keys must satisfy constraint: ["
        in found
    )
    found = problems(model, "CreateTrainingJob", {**TRAINING, "HyperParameters": {"a": "x" * 2501}})
    assert "Map value must satisfy constraint: [Member must have length less than or equal to 2500" in found


def test_lists_of_simple_values_are_reported_as_a_whole(model: ServiceModel) -> None:
    spec = {"TrainingImage": "image", "TrainingInputMode": "File", "ContainerArguments": ["x" * 257]}
    found = problems(model, "CreateTrainingJob", {**TRAINING, "AlgorithmSpecification": spec})
    assert f"Value '[{'x' * 257}]' at 'algorithmSpecification.containerArguments'" in found
    assert "Member must satisfy constraint: [Member must have length less than or equal to 256" in found


def test_times_become_datetimes(model: ServiceModel) -> None:
    for given in (
        1767225600,
        1767225600.0,
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00+01:00",
        "1767225600",
    ):
        read = model.read_input("ListTrainingJobs", {"CreationTimeAfter": given})
        assert read["CreationTimeAfter"] == datetime(2026, 1, 1, tzinfo=timezone.utc)
    nonsense: tuple[object, ...] = ("yesterday", True, [], 1e30)
    for wrong in nonsense:
        found = problems(model, "ListTrainingJobs", {"CreationTimeAfter": wrong})
        assert found.endswith("can not be converted to milliseconds since epoch (at 'creationTimeAfter')")


def test_numbers_are_numbers(model: ServiceModel) -> None:
    assert model.read_input("ListTrainingJobs", {"MaxResults": 5.0}) == {"MaxResults": 5}
    for wrong in ("5", True, 5.5):
        assert "can not be converted to an Integer" in problems(
            model, "ListTrainingJobs", {"MaxResults": wrong}
        )


def test_answers_can_be_checked_too(model: ServiceModel) -> None:
    assert (
        model.output_problems(
            "CreatePipeline", {"PipelineArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p"}
        )
        == []
    )
    assert model.output_problems("CreatePipeline", {"PipelineArn": 5}) != []
    assert model.output_problems("CreatePipeline", {"Nonsense": "x"}) != []


def test_only_what_is_needed_is_kept(model: ServiceModel) -> None:
    assert "CreatePipelineRequest" in model.shapes
    assert "CreateAutoMLJobRequest" not in model.shapes
    assert "CreateAutoMLJob" in model.known


@pytest.mark.parametrize("service", ["sagemaker", "stepfunctions", "logs"])
def test_every_pattern_of_our_services_compiles(service: str) -> None:
    patterns = {
        shape["pattern"] for shape in service_model.load(service).shapes.values() if "pattern" in shape
    }
    assert [pattern for pattern in patterns if compile_pattern(pattern, ascii_only=True) is None] == []


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"\w+", "é", False),
        (r"[\w-_]*", "a-_", True),
        (r"\p{L}+", "éß", True),
        (r"\p{L}+", "é1", False),
        (r"[\p{L}\p{N}-]+", "é-1", True),
        (r"[\p{Alnum}\-]+", "a-1", True),
        (r"\p{ASCII}*", "aé", False),
        (r"([a-z]*)${1,256}", "abc", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\U0001f600\t", True),
        (r"[\p{M}]*", "a", False),
    ],
)
def test_javas_patterns(pattern: str, text: str, matches: bool) -> None:
    for ascii_only in {text.isascii(), False}:
        compiled = compile_pattern(pattern, ascii_only=ascii_only)
        assert compiled is not None
        assert bool(compiled.fullmatch(text)) is matches


def test_a_pattern_that_python_cannot_express_is_let_through() -> None:
    assert compile_pattern(r"\p{Nonsense}") is None
    assert compile_pattern(r"(?>atomic[") is None


def test_deep_nesting_is_refused(model: ServiceModel) -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"Key": deep}
    assert "SerializationException" in problems(model, "AddTags", {"ResourceArn": "x", "Tags": [deep]})


def test_a_long_definition_is_read_quickly(model: ServiceModel) -> None:
    definition = '{"a": 1}\n' * 100_000
    assert model.read_input("CreatePipeline", {**PIPELINE, "PipelineDefinition": definition})
