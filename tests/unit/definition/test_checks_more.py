"""Places on AWS, constant conditions, determinism, quotas and practice: what is accused, and what is not."""

import json
from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.checks import Diagnostic, check
from pipecell.definition.code.scripts import archive
from tests.unit.golden.compare import definition


def step(name: str, kind: str, /, arguments: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments or {}, **body}


def document(*steps: dict[str, Any], **more: Any) -> Document:
    return read_document({"Version": "2020-12-01", "Steps": list(steps), **more})


def found(doc: Document, *codes: str, files: dict[str, bytes] | None = None) -> list[Diagnostic]:
    return [diagnostic for diagnostic in check(doc, files) if diagnostic.code in codes]


def training(**arguments: Any) -> dict[str, Any]:
    return step("Train", "Training", arguments)


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        ("s3://My_Bucket/x", "no capitals"),
        ("s3://my_bucket/x", '"my-bucket"?'),
        ("s3://<bucket>/x", "your own bucket"),
        ("s3://a/x", "3 to 63"),
        ("s3:///x", "s3://bucket/key"),
        (
            {"Std:Join": {"On": "/", "Values": ["s3://My-Bucket", {"Get": "Execution.PipelineName"}]}},
            "capitals",
        ),
    ],
)
def test_buckets_that_cannot_exist(uri: Any, hint: str) -> None:
    doc = document(training(OutputDataConfig={"S3OutputPath": uri}))
    errors = found(doc, "PC230", "PC225")
    assert [each.step for each in errors] == ["Train"]
    assert hint in str(errors[0])


@pytest.mark.parametrize(
    "uri",
    [
        "s3://my-bucket.of.mine/Any_Key/<x>",
        {"Get": "Parameters.Bucket"},
        {"Std:Join": {"On": "", "Values": ["s3://", {"Get": "Parameters.Bucket"}, "/x"]}},
        {"Std:Join": {"On": "", "Values": ["s3://bucket-", {"Get": "Parameters.Bucket"}]}},
        {"Std:Join": {"On": "/", "Values": ["s3:/", "bucket", "x"]}},
    ],
)
def test_buckets_that_may_exist(uri: Any) -> None:
    parameters = [{"Name": "Bucket", "Type": "String"}]
    doc = document(training(OutputDataConfig={"S3OutputPath": uri}), Parameters=parameters)
    assert found(doc, "PC230") == []


def test_what_a_users_own_code_reads_is_the_users() -> None:
    read = {"uri": "s3://My_Bucket/x", "arn": "arn:aws:iam::12:role/x"}
    doc = document(step("L", "Lambda", read), training(HyperParameters={"uri": "s3://My_Bucket/x"}))
    assert found(doc, "PC230", "PC231") == []


def test_arns() -> None:
    wrong = step("L", "Lambda", FunctionArn="arn:aws:iam::111122223333:role/x")
    assert "of the service lambda, not iam" in found(document(wrong), "PC231")[0].message
    right = step("L", "Lambda", FunctionArn="arn:aws-cn:lambda:cn-north-1:111122223333:function:x:3")
    assert found(document(right), "PC231") == []


def deciding(*conditions: dict[str, Any]) -> Document:
    return document(step("If", "Condition", {"Conditions": list(conditions), "IfSteps": [], "ElseSteps": []}))


def comparing(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


METRIC = {"Std:JsonGet": {"S3Uri": "s3://bucket/e.json", "Path": "a"}}


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (comparing("GreaterThan", 1, 2), "false"),
        (comparing("Equals", "a", "a"), "true"),
        (comparing("GreaterThanOrEqualTo", METRIC, METRIC), "true"),
        (comparing("LessThan", METRIC, METRIC), "false"),
        ({"Type": "In", "QueryValue": "a", "Values": ["a", "b"]}, "true"),
        ({"Type": "Not", "Condition": comparing("Equals", 1, 1)}, "false"),
        ({"Type": "Or", "Conditions": [comparing("Equals", METRIC, 1), comparing("Equals", 1, 1)]}, "true"),
    ],
)
def test_conditions_that_are_always_the_same(condition: dict[str, Any], value: str) -> None:
    (only,) = found(deciding(condition), "PC122")
    assert f"always {value}" in only.message
    assert only.path == "Arguments.Conditions[0]"


@pytest.mark.parametrize(
    "condition",
    [
        comparing("GreaterThan", METRIC, 0.9),
        comparing("Equals", {"Get": "Parameters.A"}, "a"),
        {"Type": "Or", "Conditions": [comparing("Equals", METRIC, 1), comparing("Equals", 1, 2)]},
    ],
)
def test_conditions_that_depend_on_the_run(condition: dict[str, Any]) -> None:
    doc = document(*deciding(condition).body["Steps"], Parameters=[{"Name": "A", "Type": "String"}])
    assert found(doc, "PC121", "PC122") == []


def test_values_without_an_order() -> None:
    assert [each.code for each in found(deciding(comparing("GreaterThan", "high", 1)), "PC121", "PC122")] == [
        "PC121"
    ]


CACHE = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}}
STAMPED = "s3://bucket/sklearn-2026-11-25-19-50-43-933/input/code/a.py"


def coded(uri: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    source = {"InputName": "code", "S3Input": {"S3Uri": uri, "LocalPath": "/opt/ml/processing/input/code"}}
    return step("P", "Processing", {"ProcessingInputs": [source]}, **more)


def test_time_stamps_matter_where_results_are_reused() -> None:
    (only,) = found(document(coded(STAMPED, **CACHE)), "PC430")
    assert "2026-11-25-19-50-43-933" in only.message
    assert "step_args=processor.run" in only.hint
    assert found(document(coded(STAMPED)), "PC430") == []
    assert found(document(coded(f"s3://bucket/code/{'0123456789abcdef' * 4}/a.py", **CACHE)), "PC430") == []
    assert found(document(step("F", "Fail", {"ErrorMessage": STAMPED}, **CACHE)), "PC430") == []


def test_variables_that_are_new_in_every_run() -> None:
    value = {"Std:Join": {"On": "/", "Values": ["s3://bucket", {"Get": "Execution.PipelineExecutionId"}]}}
    (only,) = found(document(coded(value, **CACHE)), "PC431")
    assert only.path.startswith("Arguments.ProcessingInputs[0].S3Input.S3Uri")
    output = {"ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": value}}]}}
    assert found(document(step("P", "Processing", output, **CACHE)), "PC431") == []


@pytest.mark.parametrize("expiry", ["30 days", "P", "soon"])
def test_an_expiry_that_is_no_duration(expiry: str) -> None:
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": expiry}}
    assert [each.path for each in found(document(coded("s3://bucket/a.py", **cache)), "PC441")] == [
        "CacheConfig.ExpireAfter"
    ]


def test_quotas_can_be_raised() -> None:
    steps = [step(f"F{number}", "Fail", {"ErrorMessage": "x"}) for number in range(51)]
    (only,) = found(document(*steps), "PC320")
    assert "51; AWS takes 50" in only.message
    assert only.hint == "If it is: # pipecell: quota steps=51."
    assert not [each for each in check(document(*steps), quotas={"steps": 51}) if each.code == "PC320"]
    inside = {"Conditions": [], "IfSteps": steps[:21], "ElseSteps": []}
    assert "Steps in IfSteps: 21" in found(document(step("If", "Condition", inside)), "PC320")[0].message


def test_practice_is_never_more_than_info() -> None:
    jobs = [step(name, "Training", CacheConfig={"Enabled": False}) for name in "AB"]
    codes = {each.code: each.severity for each in check(document(*jobs)) if each.code.startswith("PC51")}
    assert codes == {"PC512": "info", "PC514": "info"}
    assert found(document(jobs[0]), "PC511", "PC512", "PC514") == []


def test_models_that_only_their_own_training_has_judged() -> None:
    body = json.loads(json.dumps(definition("census.json").body))
    steps = body["Steps"]
    train = next(each for each in steps if each["Type"] == "Training")
    train["Arguments"]["HyperParameters"] = {
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://bucket/sourcedir.tar.gz"',
    }
    files = {
        "s3://bucket/sourcedir.tar.gz": archive(
            {"train.py": b"from sklearn.metrics import f1_score\nf1_score\n"}
        )
    }
    assert found(read_document(body), "PC510", files=files) == []
    model = {"Containers": [{"ModelDataUrl": {"Get": "Steps.CensusTrain.ModelArtifacts.S3ModelArtifacts"}}]}
    body["Steps"] = [train, step("R", "RegisterModel", {"InferenceSpecification": model})]
    assert [each.step for each in found(read_document(body), "PC510", files=files)] == [train["Name"]]


@pytest.mark.parametrize(("status", "told"), [("Approved", True), ("PendingManualApproval", False)])
def test_approval_at_once(status: str, told: bool) -> None:
    parameters = [{"Name": "Status", "Type": "String", "DefaultValue": status}]
    literal = document(step("R", "RegisterModel", {"ModelApprovalStatus": status}))
    chosen = document(
        step("R", "RegisterModel", {"ModelApprovalStatus": {"Get": "Parameters.Status"}}),
        Parameters=parameters,
    )
    assert bool(found(literal, "PC515")) is told
    assert bool(found(chosen, "PC515")) is told


def test_a_fixed_instance_type_comes_with_its_mending() -> None:
    fixed = training(ResourceConfig={"InstanceType": "ml.m5.large"})
    (only,) = found(document(fixed), "PC501")
    assert only.hint == (
        'Paste training_instance_type = ParameterString("TrainingInstanceType", default_value="ml.m5.large") '
        "above, and write instance_type=training_instance_type "
        "(in a %%step line, --instance $training_instance_type)."
    )
    other = step("B", "Training", {"ResourceConfig": {"InstanceType": {"Get": "Parameters.GpuType"}}})
    parameters = [{"Name": "GpuType", "Type": "String", "DefaultValue": "ml.m5.large"}]
    (only,) = found(document(fixed, other, Parameters=parameters), "PC501")
    assert only.hint.startswith("The parameter GpuType decides it for others: instance_type=gpu_type ")
