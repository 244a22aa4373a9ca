"""SageMaker definitions as steps, dependencies and graphs."""

from typing import Any

import pytest

from pipecell.definition import Document, read_document, read_graph
from pipecell.definition.sagemaker import dependencies, iterate_steps
from pipecell.graph import Edge
from tests.unit.golden.compare import as_text, assert_golden, definition


def step(name: str, type_: str = "Training", **body: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "Arguments": {}, **body}


def document(*steps: dict[str, Any], **body: Any) -> Document:
    return read_document({"Version": "2020-12-01", "Steps": list(steps), **body}, name="P")


def output(step_name: str, name: str) -> dict[str, str]:
    return {"Get": f"Steps.{step_name}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}


def condition(
    name: str, if_steps: list[dict[str, Any]], else_steps: list[dict[str, Any]], left: Any = 1
) -> dict[str, Any]:
    test = {"Type": "Equals", "LeftValue": left, "RightValue": 1}
    return step(
        name, "Condition", Arguments={"Conditions": [test], "IfSteps": if_steps, "ElseSteps": else_steps}
    )


def test_census_graph_as_approved() -> None:
    graph = read_graph(definition("census.json"))
    rows = [f"{n.type} | {n.name} | {n.summary}" for n in graph.nodes]
    assert_golden("census.graph.json", as_text({**graph.to_json(), "summaries": rows}))


def test_nested_steps_follow_their_condition() -> None:
    inner = condition("Inner", [step("C")], [])
    steps = iterate_steps(document(step("A"), condition("Outer", [step("B"), inner], [step("D")]), step("E")))
    assert [(s.name, s.parent, s.branch) for s in steps] == [
        ("A", None, None),
        ("Outer", None, None),
        ("B", "Outer", "true"),
        ("Inner", "Outer", "true"),
        ("C", "Inner", "true"),
        ("D", "Outer", "false"),
        ("E", None, None),
    ]
    assert steps[4].path == "Steps[1].Arguments.IfSteps[1].Arguments.IfSteps[0]"


def test_a_condition_does_not_make_its_childrens_references() -> None:
    child = step("B", Arguments={"x": output("A", "train")})
    steps = iterate_steps(document(step("A"), condition("If", [child], [], left=output("A", "test"))))
    assert [r.path for r in steps[1].references] == ["Arguments.Conditions[0].LeftValue"]
    assert [r.path for r in steps[2].references] == ["Arguments.x"]


def test_dependencies_are_data_control_and_branch() -> None:
    late = step("Late", Arguments={"x": output("Child", "out")}, DependsOn=["If"])
    child = step("Child", Arguments={"x": output("Early", "train")}, DependsOn=["Other", "Gone"])
    waits = dependencies(document(late, condition("If", [child], []), step("Other"), step("Early")))
    assert waits == {
        "Late": {"Child", "If"},
        "If": set(),
        "Child": {"If", "Early", "Other"},
        "Other": set(),
        "Early": set(),
    }


def test_one_edge_for_each_pair_and_kind() -> None:
    train = step(
        "Train",
        Arguments={
            "a": output("Prep", "train"),
            "b": output("Prep", "validation"),
            "c": output("Prep", "train"),
        },
        DependsOn=["Prep"],
    )
    assert read_graph(document(step("Prep", "Processing"), train)).edges == (
        Edge("Prep", "Train", "data", "train, validation"),
        Edge("Prep", "Train", "control", ""),
    )


@pytest.mark.parametrize(
    ("property_path", "label"),
    [
        ("ModelArtifacts.S3ModelArtifacts", "model"),
        ("OutputParameters['code']", "code"),
        ("TrainingJobSummaries[0].TrainingJobName", "best model"),
        (
            "ProcessingOutputConfig.Outputs['99ae1ec3-dd5f-453c-bfae-721dac423cd7.default'].S3Output.S3Uri",
            "default",
        ),
        ("CreationTime", "creation time"),
        ("Broken['", "Broken['"),
        ("", ""),
    ],
)
def test_labels_name_the_output(property_path: str, label: str) -> None:
    reference = {"Get": f"Steps.A.{property_path}" if property_path else "Steps.A"}
    (edge,) = read_graph(document(step("A"), step("B", Arguments={"x": reference}))).edges
    assert edge.label == label


def test_unknown_types_and_nulls_are_nodes() -> None:
    body = {"Name": "New", "Type": "Teleport", "Arguments": None, "DependsOn": None, "PropertyFiles": None}
    (node,) = read_graph(document(body)).nodes
    assert (node.id, node.type, node.summary) == ("New", "Teleport", "")


def test_duplicate_names_are_still_distinct_nodes() -> None:
    graph = read_graph(document(step("A"), step("A"), step("B", DependsOn=["A"])))
    assert [node.id for node in graph.nodes] == ["A", "A#2", "B"]
    assert [node.name for node in graph.nodes] == ["A", "A", "B"]
    assert graph.edges == (Edge("A", "B", "control"),)


def test_cells_are_carried_to_nodes() -> None:
    body = {"Version": "2020-12-01", "Steps": [step("A"), step("B")]}
    nodes = read_graph(read_document(body, cells={"B": 7})).nodes
    assert [node.cell for node in nodes] == [None, 7]


@pytest.mark.parametrize(
    ("type_", "body", "summary"),
    [
        (
            "Training",
            {
                "Arguments": {
                    "AlgorithmSpecification": {
                        "TrainingImage": "6.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
                    },
                    "ResourceConfig": {"InstanceType": {"Get": "Parameters.Instance"}, "InstanceCount": 2},
                }
            },
            "xgboost 1.7-1 · ml.m5.large × 2",
        ),
        (
            "Training",
            {
                "Arguments": {
                    "AlgorithmSpecification": {"AlgorithmName": "mine"},
                    "ResourceConfig": {
                        "InstanceGroups": [{"InstanceType": "ml.c5.xlarge", "InstanceCount": 1}]
                    },
                }
            },
            "mine · ml.c5.xlarge",
        ),
        (
            "Processing",
            {"Arguments": {"AppSpecification": {"ImageUri": "a/tensorflow-training:2.4.1-cpu-py37"}}},
            "tensorflow 2.4.1",
        ),
        ("QualityCheck", {"CheckType": "DATA_QUALITY"}, "data quality"),
        (
            "Fail",
            {"Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["too", "weak"]}}}},
            "too weak",
        ),
        ("Lambda", {"FunctionArn": "arn:aws:lambda:us-east-1:1:function:deploy"}, "deploy"),
        ("Callback", {"SqsQueueUrl": "https://sqs.us-east-1.amazonaws.com/1/approvals"}, "approvals"),
        ("Transform", {"Arguments": {"TransformResources": {"InstanceType": "ml.m5.large"}}}, "ml.m5.large"),
        ("EMR", {"Arguments": {"StepConfig": {"HadoopJarStep": {"Jar": "s3://b/x/job.jar"}}}}, "job.jar"),
        ("RegisterModel", {"Arguments": {"ModelPackageGroupName": {"Get": "Parameters.Free"}}}, "Free"),
        (
            "Model",
            {"Arguments": {"PrimaryContainer": {"Image": {"Get": "Steps.T.AlgorithmSpecification"}}}},
            "",
        ),
        ("Training", {"Arguments": {"ResourceConfig": "nonsense", "AlgorithmSpecification": []}}, ""),
    ],
)
def test_summaries(type_: str, body: dict[str, Any], summary: str) -> None:
    parameters = [
        {"Name": "Instance", "Type": "String", "DefaultValue": "ml.m5.large"},
        {"Name": "Free", "Type": "String"},
    ]
    (node,) = read_graph(document({"Name": "S", "Type": type_, **body}, Parameters=parameters)).nodes
    assert node.summary == summary
