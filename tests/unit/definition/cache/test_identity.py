"""What identifies a step's work, and what does not."""

from typing import Any

import pytest

from pipecell.definition.cache.identity import cacheable, identity, key_of, settings_of

PROCESSING = {
    "AppSpecification": {"ImageUri": "image"},
    "Environment": {"A": "1"},
    "ProcessingInputs": [],
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}},
    "RoleArn": "role",
}


@pytest.mark.parametrize("step_type", ["Condition", "Fail", "Model", "RegisterModel", "Unheard"])
def test_some_types_are_never_reused(step_type: str) -> None:
    assert not cacheable(step_type)
    assert identity(step_type, {}, {}) is None


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"RoleArn": "other"}, True),
        ({"ProcessingResources": {}}, True),
        ({"Environment": {"A": "2"}}, False),
        ({"AppSpecification": {"ImageUri": "other"}}, False),
    ],
)
def test_only_what_decides_the_result_counts(change: dict[str, Any], same: bool) -> None:
    before, after = (
        key_of("p", "S", "Processing", identity("Processing", arguments, {}) or {})
        for arguments in (PROCESSING, {**PROCESSING, **change})
    )
    assert (before == after) is same


def test_results_are_not_shared_between_pipelines_or_steps() -> None:
    found = identity("Processing", PROCESSING, {}) or {}
    keys = {key_of(p, s, t, found) for p in "ab" for s in "xy" for t in ("Processing", "Training")}
    assert len(keys) == 8


def test_a_function_is_part_of_what_a_lambda_step_does() -> None:
    body = {"FunctionArn": "arn", "OutputParameters": []}
    assert identity("Lambda", {"x": 1}, settings_of("Lambda", body)) == {"x": 1, "FunctionArn": "arn"}


def test_a_tuning_job_is_known_by_its_ranges_and_not_by_its_instances() -> None:
    definition = {"HyperParameterRanges": {"R": 1}, "ResourceConfig": {"InstanceType": "x"}}
    found = identity("Tuning", {"TrainingJobDefinition": definition}, {}) or {}
    assert found["TrainingJobDefinition"] == {"HyperParameterRanges": {"R": 1}}
