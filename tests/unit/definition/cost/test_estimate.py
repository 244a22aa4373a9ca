"""Instances × hours × price, and what is left out of the sum."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition import read_document
from pipecell.definition.cost import Hours, PriceTable, RegionPrices, estimate
from pipecell.definition.cost.estimate import NOT_COUNTED, money, money_in_words, money_range
from pipecell.definition.cost.hours import from_limit, from_runs, words

PRICES = PriceTable(
    {"here-1": RegionPrices("here-1", "2026-11-01", "a test", {"ml.a.large": 1.0, "ml.b.large": 10.0})}
)


def training(name: str, instance: Any = "ml.a.large", count: Any = 1, **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Training",
        "Arguments": {
            "ResourceConfig": {"InstanceType": instance, "InstanceCount": count},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            **more,
        },
    }


def cost_of(*steps: dict[str, Any], values: dict[str, Any] | None = None, **options: Any) -> Any:
    document = read_document({"Version": "2020-12-01", "Steps": list(steps)})
    return estimate(document, values or {}, prices=PRICES, region="here-1", **options)


def test_a_step_that_never_ran_costs_up_to_its_own_limit() -> None:
    cost = cost_of(training("Train", count=2))
    assert cost.high == pytest.approx(2.0)
    assert cost.low == pytest.approx(2 / 60)
    (step,) = cost.steps
    assert step.instances == "ml.a.large × 2"
    assert "1 h" in step.hours.basis
    assert cost.unknown == (NOT_COUNTED,)


def test_earlier_runs_say_how_long_a_step_takes() -> None:
    hours = {"Train": from_runs([360.0, 720.0])}
    cost = cost_of(training("Train", "ml.b.large"), hours=hours)
    assert (cost.low, cost.high) == (pytest.approx(1.0), pytest.approx(2.0))
    assert cost.steps[0].hours.basis == "as 2 earlier runs"


def test_a_step_that_will_not_run_costs_nothing() -> None:
    cost = cost_of(training("A"), training("B"), skipped={"A"})
    assert [step.step for step in cost.steps] == ["B"]
    assert cost_of(training("A"), skipped={"A"}).to_json() == {
        "currency": "USD",
        "low": 0.0,
        "high": 0.0,
        "steps": [],
        "unknown": [],
    }


def test_parameters_decide_instances() -> None:
    step = training("Train", {"Get": "Parameters.Type"}, {"Get": "Parameters.Count"})
    cost = cost_of(step, values={"Type": "ml.b.large", "Count": 3})
    assert cost.high == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (training("T", "ml.dear.large"), "the price of ml.dear.large in here-1 is not known"),
        (training("T", {"Get": "Steps.Other.X"}), "its instance type is known only in the run"),
        (training("T", count={"Get": "Steps.Other.X"}), "how many instances"),
        (
            {
                "Name": "T",
                "Type": "Transform",
                "Arguments": {"TransformResources": {"InstanceType": "ml.a.large", "InstanceCount": 1}},
            },
            "nothing limits how long it runs",
        ),
    ],
)
def test_what_cannot_be_known_is_listed(step: dict[str, Any], words: str) -> None:
    cost = cost_of(step)
    assert any(words in sentence for sentence in cost.unknown)
    assert cost.open
    assert cost.steps[0].high is None


def test_a_step_of_another_service_is_listed() -> None:
    cost = cost_of({"Name": "Cluster", "Type": "EMR", "Arguments": {}})
    assert cost.unknown == ("Cluster: the EMR cluster.",)
    assert not cost.open


def test_conditions_and_models_are_free() -> None:
    steps: list[dict[str, Any]] = [
        {"Name": kind, "Type": kind, "Arguments": {}} for kind in ("Model", "RegisterModel", "Fail")
    ]
    assert cost_of(*steps).unknown == ()


def test_tuning_pays_for_every_job() -> None:
    cost = cost_of(
        {
            "Name": "Tune",
            "Type": "Tuning",
            "Arguments": {
                "HyperParameterTuningJobConfig": {
                    "ResourceLimits": {"MaxNumberOfTrainingJobs": "10", "MaxParallelTrainingJobs": 2}
                },
                "TrainingJobDefinition": training("x")["Arguments"],
            },
        }
    )
    assert cost.high == pytest.approx(10.0)
    assert cost.low == pytest.approx(10 / 60)
    assert cost.steps[0].hours.high == 5 * 3600


def test_spot_instances_may_be_cheap_and_warm_pools_are_paid() -> None:
    cost = cost_of(
        training(
            "Train",
            EnableManagedSpotTraining=True,
            ResourceConfig={
                "InstanceType": "ml.a.large",
                "InstanceCount": 1,
                "KeepAlivePeriodInSeconds": 1800,
            },
        )
    )
    assert cost.low == pytest.approx(0.1 / 60)
    assert cost.high == pytest.approx(1.5)


def test_groups_of_instances_are_added() -> None:
    groups = [
        {"InstanceType": "ml.a.large", "InstanceCount": 2, "InstanceGroupName": "a"},
        {"InstanceType": "ml.b.large", "InstanceCount": 1, "InstanceGroupName": "b"},
    ]
    cost = cost_of(training("Train", ResourceConfig={"InstanceGroups": groups}))
    assert cost.high == pytest.approx(12.0)
    assert cost.steps[0].instances == "ml.a.large × 2 + ml.b.large"


def test_a_state_machines_tasks_cost_what_their_jobs_do() -> None:
    parameters = {
        "ResourceConfig": {"InstanceType": "ml.a.large", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
    }
    train = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": parameters,
        "End": True,
    }
    other = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Train"}
    document = read_document({"StartAt": "Ask", "States": {"Ask": other, "Train": train}})
    cost = estimate(document, {}, prices=PRICES, region="here-1")
    assert cost.high == pytest.approx(2.0)
    assert "Ask: what lambda:invoke costs." in cost.unknown


def test_a_path_in_a_state_is_not_known() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {"ProcessingResources": {"ClusterConfig": {"InstanceType.$": "$.type"}}},
        "End": True,
    }
    document = read_document({"StartAt": "P", "States": {"P": state}})
    cost = estimate(document, {}, prices=PRICES, region="here-1")
    assert cost.open
    assert cost.steps[0].low is None


@given(
    low=st.floats(1, 1e5),
    more=st.floats(0, 1e5),
    count=st.integers(1, 50),
    jobs=st.sampled_from(["ml.a.large", "ml.b.large"]),
)
def test_a_range_has_its_ends_in_order(low: float, more: float, count: int, jobs: str) -> None:
    cost = cost_of(training("Train", jobs, count), hours={"Train": Hours(low, low + more, "")})
    assert 0 <= cost.low <= cost.high


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.4, "< 1 s"), (45, "45 s"), (59.7, "1 min"), (3600, "1 h"), (5400, "1 h 30 min")],
)
def test_times_for_people(seconds: float, text: str) -> None:
    assert words(seconds) == text


@pytest.mark.parametrize(
    ("usd", "text"), [(0.0, "$0.00"), (0.0001, "< $0.01"), (0.384, "$0.38"), (1204.3, "$1,204")]
)
def test_money_for_people(usd: float, text: str) -> None:
    assert money(usd) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.38, 0.57, "$0.38–0.57"), (1.0, 1.0, "$1.00"), (None, None, "not known"), (0.5, None, "from $0.50")],
)
def test_ranges_for_people(low: float | None, high: float | None, text: str) -> None:
    assert money_range(low, high) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.0001, 0.0002, "less than $0.01"),
        (0.0001, None, "from less than $0.01"),
        (0.0001, 3.6, "up to $3.60"),
        (0.12, None, "from $0.12"),
        (0.38, 0.57, "$0.38–0.57"),
        (0.0, 0.0, "$0.00"),
        (None, None, "not known"),
    ],
)
def test_ranges_in_a_sentence(low: float | None, high: float | None, text: str) -> None:
    assert money_in_words(low, high) == text


def test_a_limit_shorter_than_a_minute_bounds_both_ends() -> None:
    assert (from_limit(30).low, from_limit(30).high) == (30, 30)


def test_a_translated_pipelines_parameters_have_their_defaults() -> None:
    given = '{% $exists($states.input.Type) ? $states.input.Type : "ml.b.large" %}'
    first = {"Type": "Pass", "Assign": {"parameters": {"Type": given}}, "Next": "T"}
    resources = {"InstanceType": "{% $parameters.Type %}", "InstanceCount": 1}
    stopping = {"MaxRuntimeInSeconds": 3600}
    train = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Arguments": {"ResourceConfig": resources, "StoppingCondition": stopping},
        "End": True,
    }
    document = read_document({"StartAt": "P", "States": {"P": first, "T": train}})
    assert estimate(document, {}, prices=PRICES, region="here-1").high == pytest.approx(10.0)
    cheaper = estimate(document, {"Type": "ml.a.large"}, prices=PRICES, region="here-1")
    assert cheaper.high == pytest.approx(1.0)
