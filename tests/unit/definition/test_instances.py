"""Instance types: the data, the choice of the cheapest, and where a pipeline names them."""

import pytest

from pipecell.definition import read_document
from pipecell.definition.data import load
from pipecell.definition.instances import JobKind, accelerated, architecture, cheapest, price, types_of, uses


def test_the_data_says_where_it_is_from() -> None:
    data = load("instances.json")
    assert data["source"].startswith("botocore ")


def test_the_types_are_botocores() -> None:
    botocore = pytest.importorskip("botocore.session")
    model = botocore.Session().get_service_model("sagemaker")
    known = set(model.shape_for("TrainingInstanceType").enum)
    assert {"ml.m5.large", "ml.p3.2xlarge"} <= set(types_of("training")) & known


@pytest.mark.parametrize(
    ("kinds", "like", "gpu", "expected"),
    [
        (["processing"], "ml.m5.large", False, "ml.t3.medium"),
        (["training"], "ml.p3.2xlarge", False, "ml.t3.medium"),
        (["training", "processing"], "ml.m5.xlarge", False, "ml.t3.medium"),
        (["transform"], "ml.m5.xlarge", False, "ml.m5.large"),
        (["training", "transform"], "ml.m5.xlarge", False, "ml.m5.large"),
        (["training"], "ml.p3.2xlarge", True, "ml.g4dn.xlarge"),
        (["endpoint"], "ml.m6g.large", False, "ml.m6g.large"),
        (["processing"], "ml.m6g.large", False, None),
        ([], "ml.m5.large", False, None),
    ],
)
def test_cheapest(kinds: list[JobKind], like: str, gpu: bool, expected: str | None) -> None:
    choice = cheapest(kinds, like=like, gpu=gpu)
    if expected is not None and price(expected) is None:
        assert choice is not None
        assert architecture(choice) == architecture(like)
    else:
        assert choice == expected


def test_cheapest_among() -> None:
    assert (
        cheapest(["training"], like="ml.m5.large", among={"ml.m5.xlarge", "ml.c5.xlarge"}) == "ml.c5.xlarge"
    )


def test_every_priced_cpu_type_is_dearer_than_the_choice() -> None:
    best = cheapest(["training"], like="ml.m5.large")
    assert best is not None
    for name in types_of("training"):
        usd = price(name)
        if usd is not None and not accelerated(name):
            assert (price(best) or 0) <= usd


@pytest.mark.parametrize(
    ("name", "arch", "gpu"),
    [
        ("ml.m5.large", "x86_64", False),
        ("ml.g4dn.xlarge", "x86_64", True),
        ("ml.g5.xlarge", "x86_64", True),
        ("ml.m6g.large", "arm64", False),
        ("ml.c6gn.large", "arm64", False),
        ("ml.r7gd.large", "arm64", False),
        ("ml.p6e-gb200.36xlarge", "arm64", True),
        ("ml.trn1.2xlarge", "x86_64", True),
        ("ml.inf2.xlarge", "x86_64", True),
        ("ml.m7i-flex.large", "x86_64", False),
    ],
)
def test_families(name: str, arch: str, gpu: bool) -> None:
    assert (architecture(name), accelerated(name)) == (arch, gpu)


def test_uses_of_every_shape() -> None:
    steps = [
        ("Training", {"ResourceConfig": {"InstanceGroups": [{"InstanceType": "a", "InstanceCount": 2}]}}),
        ("Training", {"DebugRuleConfigurations": [{"InstanceType": "b"}]}),
        ("Tuning", {"TrainingJobDefinitions": [{"StoppingCondition": {"MaxRuntimeInSeconds": 5}}]}),
        ("RegisterModel", {"InferenceSpecification": {"SupportedTransformInstanceTypes": ["c"]}}),
        ("EndpointConfig", {"ProductionVariants": [{"InitialInstanceCount": 1}]}),
        ("Unheard", {"InstanceType": "d"}),
    ]
    body = {
        "Version": "2020-12-01",
        "Steps": [{"Name": f"S{i}", "Type": t, "Arguments": a} for i, (t, a) in enumerate(steps)],
    }
    assert [
        (use.step.name, use.path, use.setting, use.kind, use.value) for use in uses(read_document(body))
    ] == [
        ("S0", "Arguments.ResourceConfig.InstanceGroups[0].InstanceType", "type", "training", "a"),
        ("S0", "Arguments.ResourceConfig.InstanceGroups[0].InstanceCount", "count", "training", 2),
        ("S1", "Arguments.DebugRuleConfigurations[0].InstanceType", "type", "processing", "b"),
        (
            "S2",
            "Arguments.TrainingJobDefinitions[0].StoppingCondition.MaxRuntimeInSeconds",
            "runtime",
            "training",
            5,
        ),
        (
            "S3",
            "Arguments.InferenceSpecification.SupportedTransformInstanceTypes[0]",
            "type",
            "transform",
            "c",
        ),
        ("S4", "Arguments.ProductionVariants[0].InitialInstanceCount", "count", "endpoint", 1),
        ("S5", "Arguments.InstanceType", "type", None, "d"),
    ]
