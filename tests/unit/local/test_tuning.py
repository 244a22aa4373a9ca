from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.local.records.jobs import JobRecord
from pipecell.local.work.jobs import JobStatus, Metric
from pipecell.local.work.lifecycle.sampling import grid_size, seed_of, values_of
from tests.unit.local.bench_top import IMAGE, ROLE, Bench, World, open_bench, status_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.decide = measured
    return world


def measured(job: JobRecord) -> JobStatus:
    """Complete with an objective of minus the distance from 0.3."""
    value = -abs(float(job.request["HyperParameters"]["eta"]) - 0.3)
    return status_of("Completed", metrics=(Metric("validation:auc", value, 1.0),))


def tuning_request(name: str = "tune", **configuration: Any) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "1"}]
            },
            **configuration,
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {"num_round": "10"},
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    }


def described(bench: Bench, name: str = "tune") -> dict[str, Any]:
    return bench.call("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)


def test_training_jobs_run_until_there_are_enough_and_the_best_is_named(bench: Bench, world: World) -> None:
    bench.call("CreateHyperParameterTuningJob", **tuning_request())
    found = described(bench)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 5
    listed = bench.call(
        "ListTrainingJobsForHyperParameterTuningJob",
        HyperParameterTuningJobName="tune",
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Descending",
    )["TrainingJobSummaries"]
    values = [each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for each in listed]
    assert values == sorted(values, reverse=True)
    assert found["BestTrainingJob"]["TrainingJobName"] == listed[0]["TrainingJobName"]
    assert set(listed[0]["TunedHyperParameters"]) == {"eta"}
    job = bench.call("DescribeTrainingJob", TrainingJobName=listed[0]["TrainingJobName"])
    assert job["TuningJobArn"] == found["HyperParameterTuningJobArn"]
    assert job["HyperParameters"]["num_round"] == "10"
    assert job["HyperParameters"]["_tuning_objective_metric"] == "validation:auc"
    assert len(set(world.launches)) == 5


def test_no_more_training_jobs_run_at_once_than_allowed(bench: Bench, world: World) -> None:
    world.decide = lambda job: None
    bench.call("CreateHyperParameterTuningJob", **tuning_request())
    assert len(world.launches) == 2
    bench.processes.end("training", world.launches[0], status_of("Completed"))
    assert len(world.launches) == 3
    assert described(bench)["TrainingJobStatusCounters"]["InProgress"] == 2


def test_a_grid_visits_every_point_once(bench: Bench, world: World) -> None:
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "eta", "Values": ["0.1", "0.3"]},
            {"Name": "depth", "Values": ["2", "3", "4"]},
        ]
    }
    request = tuning_request(
        Strategy="Grid", ParameterRanges=ranges, ResourceLimits={"MaxParallelTrainingJobs": 3}
    )
    bench.call("CreateHyperParameterTuningJob", **request)
    listed = bench.call("ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName="tune")
    points = [tuple(sorted(each["TunedHyperParameters"].items())) for each in listed["TrainingJobSummaries"]]
    assert len(points) == len(set(points)) == 6


def test_a_stop_stops_the_training_jobs(bench: Bench, world: World) -> None:
    world.decide = lambda job: None
    bench.call("CreateHyperParameterTuningJob", **tuning_request())
    bench.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="tune")
    found = described(bench)
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert found["TrainingJobStatusCounters"]["Stopped"] == 2


def test_it_fails_when_every_training_job_does(bench: Bench, world: World) -> None:
    world.decide = lambda job: status_of("Failed", "AlgorithmError: x")
    bench.call("CreateHyperParameterTuningJob", **tuning_request())
    found = described(bench)
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("All training jobs failed.")


def test_it_ends_early_when_the_objective_is_good_enough(bench: Bench, world: World) -> None:
    request = tuning_request(
        TuningJobCompletionCriteria={"TargetObjectiveMetricValue": -1.0},
        ResourceLimits={"MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 1},
    )
    bench.call("CreateHyperParameterTuningJob", **request)
    assert described(bench)["HyperParameterTuningJobStatus"] == "Completed"
    assert len(world.launches) == 1


def test_a_crash_repeats_no_training_job(bench: Bench, world: World) -> None:
    world.decide = lambda job: None
    bench.call("CreateHyperParameterTuningJob", **tuning_request())
    for name in world.launches:
        world.jobs["training", name] = status_of("Completed")
    with open_bench(world) as again:
        world.decide = measured
        again.service.resume()
        assert described(again)["HyperParameterTuningJobStatus"] == "Completed"
        assert len(world.launches) == len(set(world.launches)) == 5


def test_a_tuning_step_offers_its_best_training_jobs(bench: Bench, world: World) -> None:
    request = tuning_request()
    del request["HyperParameterTuningJobName"]
    best = {"Get": "Steps.tune.TrainingJobSummaries[0].TrainingJobName"}
    message = {
        "Std:Join": {"On": "/", "Values": [best, {"Get": "Steps.tune.BestTrainingJob.TrainingJobName"}]}
    }
    steps = [
        {"Name": "tune", "Type": "Tuning", "Arguments": request},
        {"Name": "say", "Type": "Fail", "Arguments": {"ErrorMessage": message}},
    ]
    arn = bench.start(steps)
    bench.wait(arn)
    found = bench.steps(arn)
    name = found["tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]
    assert len(name) <= 32
    best_name = described(bench, name)["BestTrainingJob"]["TrainingJobName"]
    assert found["say"]["FailureReason"] == f"{best_name}/{best_name}"


RANGES = {
    "ContinuousParameterRanges": [
        {"Name": "a", "MinValue": "0.001", "MaxValue": "10", "ScalingType": "Logarithmic"},
        {"Name": "b", "MinValue": "0", "MaxValue": "0.9", "ScalingType": "ReverseLogarithmic"},
    ],
    "IntegerParameterRanges": [{"Name": "c", "MinValue": "1", "MaxValue": "4"}],
    "CategoricalParameterRanges": [{"Name": "d", "Values": ["x", "y"]}],
}


@given(st.integers(), st.integers(0, 500))
def test_values_lie_inside_their_ranges_and_depend_on_seed_and_number_only(seed: int, number: int) -> None:
    values = values_of("Bayesian", RANGES, seed, number)
    assert values == values_of("Random", RANGES, seed, number)
    assert values is not None
    assert 0.001 <= float(values["a"]) <= 10
    assert 0 <= float(values["b"]) <= 0.9
    assert values["c"] in {"1", "2", "3", "4"}
    assert values["d"] in {"x", "y"}


def test_a_grid_ends() -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2"]}]}
    assert grid_size(ranges) == 2
    assert [values_of("Grid", ranges, 0, number) for number in range(3)] == [{"a": "1"}, {"a": "2"}, None]


def test_the_seed_is_the_users_or_made_of_the_name() -> None:
    assert seed_of("x", {"RandomSeed": 7}) == 7
    assert seed_of("x", {}) == seed_of("x", {}) != seed_of("y", {})
