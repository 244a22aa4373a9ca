"""Policies that allow what a pipeline needs and nothing beside it."""

from typing import Any

import pytest

from pipecell.definition import read_document
from pipecell.definition.export.grants import Surroundings, fixed_prefix
from pipecell.definition.export.policy import caller_policy, role_policy
from pipecell.definition.parameters import defaults
from tests.unit.definition.export.everything import ACCOUNT, IMAGE, ROLE, everything, get, join, machine
from tests.unit.definition.export.iam import allows

HERE = Surroundings(ACCOUNT, "eu-west-1", ROLE)
SAGEMAKER = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
LOGS = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/sagemaker"
PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}


@pytest.fixture(scope="module")
def role() -> Any:
    return role_policy(everything(), defaults(everything()), HERE).document()


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("sagemaker:CreateProcessingJob", f"{SAGEMAKER}:processing-job/pipelines-abc-Prepare-Data-x1", {}),
        ("sagemaker:CreateProcessingJob", f"{SAGEMAKER}:processing-job/pipelines-abc-prepare-data-x1", {}),
        ("sagemaker:StopTrainingJob", f"{SAGEMAKER}:training-job/pipelines-abc-Train-x1", {}),
        ("sagemaker:CreateModelPackage", f"{SAGEMAKER}:model-package/Group/1", {}),
        ("s3:GetObject", "arn:aws:s3:::in/raw/x.csv", {}),
        ("s3:ListBucket", "arn:aws:s3:::in", {"s3:prefix": "raw/"}),
        ("s3:GetObject", "arn:aws:s3:::code/a.py", {}),
        ("s3:PutObject", "arn:aws:s3:::out/runs/abc/x/part", {}),
        ("s3:GetObject", "arn:aws:s3:::out/runs/abc/x/r.json", {}),
        ("s3:PutObject", "arn:aws:s3:::models/here/job/output/model.tar.gz", {}),
        ("iam:PassRole", ROLE, PASSED),
        ("ecr:BatchGetImage", f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/my-image", {}),
        ("kms:GenerateDataKey", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/abc-1", {}),
        ("ec2:CreateNetworkInterface", "*", {}),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:tell", {}),
        ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:questions", {}),
        (
            "logs:PutLogEvents",
            f"{LOGS}/TrainingJobs:x",
            {},
        ),
    ],
)
def test_the_role_may_do_what_the_steps_do(
    role: Any, action: str, resource: str, context: dict[str, str]
) -> None:
    assert allows(role, action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("sagemaker:CreateProcessingJob", f"{SAGEMAKER}:processing-job/another", {}),
        ("sagemaker:CreateTransformJob", f"{SAGEMAKER}:transform-job/pipelines-abc-Train-x1", {}),
        ("s3:GetObject", "arn:aws:s3:::in/else/x.csv", {}),
        ("s3:ListBucket", "arn:aws:s3:::in", {"s3:prefix": "else/"}),
        ("s3:PutObject", "arn:aws:s3:::in/raw/x.csv", {}),
        ("s3:PutObject", "arn:aws:s3:::out/other", {}),
        ("s3:DeleteObject", "arn:aws:s3:::out/runs/abc/x/part", {}),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admin", PASSED),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:other", {}),
        ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint/x", {}),
    ],
)
def test_the_role_may_do_no_more(role: Any, action: str, resource: str, context: dict[str, str]) -> None:
    assert not allows(role, action, resource, context)


def test_no_statement_allows_everything(role: Any) -> None:
    caller = caller_policy(everything(), HERE, ["s3://code/a.py"]).document()
    for statement in [*role["Statement"], *caller["Statement"]]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not any("*" in action for action in actions)


def test_the_caller_may_deploy_and_run_this_pipeline_only() -> None:
    caller = caller_policy(everything(), HERE, ["s3://code/a.py"]).document()
    assert allows(caller, "sagemaker:UpdatePipeline", f"{SAGEMAKER}:pipeline/Everything")
    assert allows(caller, "sagemaker:StopPipelineExecution", f"{SAGEMAKER}:pipeline/everything/execution/abc")
    assert allows(caller, "s3:PutObject", "arn:aws:s3:::code/a.py")
    assert not allows(caller, "sagemaker:UpdatePipeline", f"{SAGEMAKER}:pipeline/Another")
    assert not allows(caller, "s3:PutObject", "arn:aws:s3:::data/x")
    assert not allows(caller, "sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/x")


def test_a_state_machines_role_may_do_what_its_tasks_do() -> None:
    policy = role_policy(machine(), {}, HERE).document()
    assert allows(policy, "sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/x")
    assert allows(policy, "sagemaker:StopTrainingJob", f"{SAGEMAKER}:training-job/x")
    assert allows(
        policy,
        "events:PutRule",
        f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    )
    assert allows(policy, "lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:tell")
    assert allows(policy, "sagemaker:DescribePipelineExecution", "*")
    assert allows(policy, "iam:PassRole", ROLE, PASSED)
    assert not allows(policy, "sagemaker:CreateTransformJob", f"{SAGEMAKER}:transform-job/x")


@pytest.mark.parametrize(
    ("value", "prefix"),
    [
        ("s3://a/b", "s3://a/b"),
        (get("Parameters.P"), "s3://p"),
        (get("Parameters.Missing"), ""),
        (join("s3://a", get("Execution.PipelineExecutionId"), "c"), "s3://a/"),
        (join(get("Parameters.P"), "b"), "s3://p/b"),
        (join(join("s3:/", "x", get("Steps.A.B")), "c"), "s3://x/"),
        (get("Steps.A.B"), ""),
        ("{% 's3://a/runs/' & $states.context.Execution.Name %}", "s3://a/runs/"),
        ("{% ($id := 1; $id) %}", ""),
        ('{% $join([$string("s3://a"), $string("b"), $string($x), $string("c")], "/") %}', "s3://a/b/"),
        ('{% $join([$string("s3://a"), $string("b")], "/") %}', "s3://a/b"),
        ('{% $join([$string($x)], "/") %}', ""),
        (None, ""),
    ],
)
def test_how_a_text_begins_that_is_known_in_part(value: Any, prefix: str) -> None:
    assert fixed_prefix(value, {"P": "s3://p"}) == prefix


def test_jobs_under_the_machines_own_role_may_read_and_write() -> None:
    parameters = {
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE},
        "OutputDataConfig": {"S3OutputPath": "{% 's3://models/' & $id %}"},
        "InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": "s3://in/raw"}}}],
    }
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Arguments": parameters,
        "End": True,
    }
    document = read_document({"StartAt": "T", "States": {"T": state}})
    policy = role_policy(document, {}, HERE).document()
    assert allows(policy, "s3:GetObject", "arn:aws:s3:::in/raw/x")
    assert allows(policy, "s3:PutObject", "arn:aws:s3:::models/abc/model.tar.gz")
    assert allows(policy, "logs:PutLogEvents", f"{LOGS}/TrainingJobs:x")
    others = role_policy(document, {}, Surroundings(ACCOUNT, "eu-west-1", f"{ROLE}2")).document()
    assert not allows(others, "s3:GetObject", "arn:aws:s3:::in/raw/x")
