"""What a run will do with each step, over earlier runs that are written down by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.cache.foresee import Foresight, Target, foresee
from pipecell.definition.cache.identity import key_of
from pipecell.errors import DefinitionError

NOW = 1_000_000.0
CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}


@dataclass
class Run:
    """One earlier run of a step."""

    identity: Mapping[str, Any]
    name: str = "A"
    type: str = "Processing"
    ended: float = NOW - 60
    intact: bool = True
    properties: Mapping[str, Any] = field(default_factory=dict)
    execution_arn: str = "arn:earlier"
    changed_inputs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return key_of("p", self.name, self.type, self.identity)


@dataclass
class Runs:
    """The earlier runs of a pipeline."""

    runs: list[Run]
    files: dict[str, Any] = field(default_factory=dict)

    def steps(self, name: str, step_type: str) -> Iterator[Run]:
        return (run for run in self.runs if run.name == name)

    def json(self, uri: str) -> Any:
        if uri not in self.files:
            raise DefinitionError("not there")
        return self.files[uri]


def step(name: str, kind: str = "Processing", *, cached: bool = True, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, **(CACHED if cached else {})}


def pipeline(*steps: dict[str, Any]) -> Document:
    parameters = [{"Name": "P", "Type": "String", "DefaultValue": "1"}]
    return read_document({"Version": "2020-12-01", "Parameters": parameters, "Steps": list(steps)}, name="p")


def foreseen(document: Document, *runs: Run, values: Any = None, **files: Any) -> dict[str, Foresight]:
    target = Target(
        past=Runs(list(runs), files),
        content=lambda identity: identity,
        code_words=lambda before, after: "" if before == after else "code changed",
        day=lambda moment: "20 Nov",
        now=NOW,
    )
    return {each.step: each for each in foresee(document, values or {"P": "1"}, target)}


def outcome(found: Foresight) -> tuple[str, str, str]:
    return found.will, found.verdict, found.reason


def test_the_same_work_is_reused() -> None:
    found = foreseen(pipeline(step("A", Environment={"X": "1"})), Run({"Environment": {"X": "1"}}))["A"]
    assert outcome(found) == ("reuse", "hit", "same code, inputs and arguments as run of 20 Nov")
    assert found.source == "arn:earlier"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"Environment": {"X": "1"}}, {"Environment": {"X": "2"}}, "environment X 1 → 2"),
        ({}, {"Environment": {"X": "2"}}, 'Environment none → {"X": "2"}'),
        (
            {"AppSpecification": {"ImageUri": "1.dkr.ecr.x.amazonaws.com/sagemaker-xgboost:1.5-1"}},
            {"AppSpecification": {"ImageUri": "1.dkr.ecr.x.amazonaws.com/sagemaker-xgboost:1.7-1"}},
            "image xgboost 1.5-1 → xgboost 1.7-1",
        ),
        (
            {"ProcessingInputs": [{"InputName": "raw", "S3Input": {"S3Uri": "s3://a"}}]},
            {"ProcessingInputs": [{"InputName": "raw", "S3Input": {"S3Uri": "s3://b"}}]},
            "input raw s3://a → s3://b",
        ),
        (
            {"ProcessingInputs": [{"InputName": "code", "S3Input": {"S3Uri": "s3://a"}}]},
            {"ProcessingInputs": [{"InputName": "code", "S3Input": {"S3Uri": "s3://b"}}]},
            "code changed",
        ),
        ({"Environment": {"SM_HP_ROWS": "1"}}, {"Environment": {"SM_HP_ROWS": "2"}}, "parameter rows 1 → 2"),
    ],
)
def test_what_differs_is_the_reason(before: Any, after: Any, reason: str) -> None:
    assert outcome(foreseen(pipeline(step("A", **after)), Run(before))["A"]) == ("run", "miss", reason)


def test_many_differences_are_counted() -> None:
    before: dict[str, Any] = {"Environment": {f"K{number}": "1" for number in range(9)}}
    after: dict[str, Any] = {"Environment": {f"K{number}": "2" for number in range(9)}}
    assert foreseen(pipeline(step("A", **after)), Run(before))["A"].reason.endswith("; and 5 more")


def test_a_hyperparameter_without_the_quotes_of_the_sdk() -> None:
    run = Run({"HyperParameters": {"eta": '"0.2"'}}, type="Training")
    found = foreseen(pipeline(step("A", "Training", HyperParameters={"eta": '"0.3"'})), run)["A"]
    assert found.reason == "hyperparameter eta 0.2 → 0.3"


def test_the_values_of_parameters_count() -> None:
    document = pipeline(step("A", Environment={"X": {"Get": "Parameters.P"}}))
    run = Run({"Environment": {"X": "1"}})
    assert foreseen(document, run)["A"].verdict == "hit"
    assert foreseen(document, run, values={"P": "2"})["A"].reason == "environment X 1 → 2"


def test_a_result_expires() -> None:
    old = Run({}, ended=NOW - 3 * 86400)
    assert outcome(foreseen(pipeline(step("A")), old)["A"]) == ("run", "miss", "expired 2 days ago")


def test_what_a_run_left_must_still_be_there() -> None:
    broken, whole = Run({}, intact=False), Run({}, ended=NOW - 120, execution_arn="arn:older")
    found = foreseen(pipeline(step("A")), broken)["A"]
    assert outcome(found) == ("run", "miss", "what the run of 20 Nov left in S3 is gone or was changed since")
    assert foreseen(pipeline(step("A")), broken, whole)["A"].source == "arn:older"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (step("A", cached=False), "caching off"),
        (step("A", "Model"), "a Model step is never reused"),
        (step("A", "Fail"), "ends the run as Failed"),
        (
            step("A", "RegisterModel", ModelPackageGroupName="G"),
            "registers a new version in G, pending approval",
        ),
    ],
)
def test_the_cache_is_not_asked(made: Any, reason: str) -> None:
    assert outcome(foreseen(pipeline(made), Run({}))["A"]) == ("run", "off", reason)


def test_a_name_that_is_new_in_each_run_is_said_with_its_place() -> None:
    document = pipeline(step("A", Environment={"X": {"Get": "Execution.PipelineExecutionId"}}))
    assert foreseen(document)["A"].reason == "Environment.X: PipelineExecutionId is new in each run"


def test_a_model_of_a_step_that_runs_is_new() -> None:
    reads = step("B", Environment={"X": {"Get": "Steps.A.ModelArtifacts.S3ModelArtifacts"}})
    found = foreseen(pipeline(step("A", "Training", cached=False), reads), Run({}, name="B"))
    assert outcome(found["B"]) == ("run", "miss", "A will run")


def test_an_output_at_a_fixed_address_keeps_the_steps_behind_it_as_they_were() -> None:
    out = {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://fixed"}}]}
    makes = step("A", cached=False, ProcessingOutputConfig=out)
    reads = step(
        "B", Environment={"X": {"Get": "Steps.A.ProcessingOutputConfig.Outputs['o'].S3Output.S3Uri"}}
    )
    run = Run({"Environment": {"X": "s3://fixed"}}, name="B")
    found = foreseen(pipeline(makes, reads), run)["B"]
    assert found.verdict == "hit"
    assert found.reason.endswith("A will run, but what it hands on has the same address")
    moved = foreseen(pipeline(makes, reads), Run({"Environment": {"X": "s3://old"}}, name="B"))["B"]
    assert outcome(moved) == ("run", "miss", "A will run")


def condition(*inner: Any) -> dict[str, Any]:
    value = {"PropertyFile": {"Get": "Steps.A.PropertyFiles.F"}, "Path": "x"}
    comparison = {"Type": "GreaterThan", "LeftValue": {"Std:JsonGet": value}, "RightValue": 5}
    arguments = {"Conditions": [comparison], "IfSteps": list(inner), "ElseSteps": [step("No", "Fail")]}
    return {"Name": "C", "Type": "Condition", "Arguments": arguments}


FILES = {"PropertyFiles": [{"PropertyFileName": "F", "OutputName": "o", "FilePath": "f.json"}]}
PROPERTIES = {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://o"}}]}}


@pytest.mark.parametrize(("x", "word", "skipped"), [(9, "true", "No"), (1, "false", "Yes")])
def test_a_condition_is_decided_where_all_it_reads_is_known(x: int, word: str, skipped: str) -> None:
    after = {**step("After"), "DependsOn": ["Yes"]}
    document = pipeline({**step("A"), **FILES}, condition(step("Yes")), after)
    found = foreseen(document, Run({}, properties=PROPERTIES), **{"s3://o/f.json": {"x": x}})
    assert outcome(found["C"]) == ("decide", "off", f"x > 5: {word}")
    assert outcome(found[skipped]) == ("skip", "off", f"C is {word}")
    assert found["After"].will == ("skip" if skipped == "Yes" else "run")


def test_a_condition_on_what_will_run_is_open() -> None:
    found = foreseen(pipeline({**step("A"), **FILES}, condition(step("Yes"))))
    assert outcome(found["C"]) == ("decide", "off", "x > 5")
    assert (found["Yes"].branch, found["No"].branch) == ("if true", "if false")


def test_steps_in_any_order_and_cycles_are_walked() -> None:
    one = {**step("A"), "DependsOn": ["B"]}
    two = {**step("B"), "DependsOn": ["A"]}
    assert set(foreseen(pipeline(one, two))) == {"A", "B"}
