"""Templates that cfn-lint accepts and that hold the same definition."""

import json
from typing import Any

import pytest

from pipecell.definition import Document
from pipecell.definition.export.cloudformation import to_template
from pipecell.definition.export.grants import Surroundings
from pipecell.definition.export.policy import role_policy
from pipecell.definition.parameters import defaults
from tests.unit.definition.export.everything import ACCOUNT, ROLE, everything, machine

HERE = Surroundings(ACCOUNT, "eu-west-1", ROLE)


def template_of(document: Document, **more: Any) -> dict[str, Any]:
    policy = role_policy(document, defaults(document), HERE)
    return to_template(document, policy=policy, account=ACCOUNT, role=ROLE, **more)


def rebuilt(value: Any, account: str, role: str) -> str:
    """What CloudFormation makes of a property that may be an ``Fn::Sub``."""
    if isinstance(value, str):
        return value
    argument = value["Fn::Sub"]
    text = argument if isinstance(argument, str) else argument[0]
    text = text.replace("${AWS::AccountId}", account).replace("${Role}", role)
    return text.replace("${!", "${")


@pytest.mark.parametrize("document", [everything(), machine()], ids=["pipeline", "machine"])
def test_the_template_holds_the_definition(document: Document) -> None:
    properties = template_of(document)["Resources"]["Pipeline"]["Properties"]
    body = properties.get("DefinitionString") or properties["PipelineDefinition"]["PipelineDefinitionBody"]
    assert json.loads(rebuilt(body, ACCOUNT, ROLE)) == document.body
    elsewhere = json.loads(rebuilt(body, "444455556666", "arn:aws:iam::444455556666:role/Other"))
    assert ACCOUNT not in json.dumps(elsewhere)
    assert ROLE not in json.dumps(elsewhere)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("document", [everything(), machine()], ids=["pipeline", "machine"])
def test_cfn_lint_accepts_it(document: Document) -> None:
    from cfnlint.api import lint

    template = template_of(
        document,
        tags=[{"Key": "team", "Value": "census"}],
        parallelism={"MaxParallelExecutionSteps": 3} if document.engine == "sagemaker" else None,
        uploads=["s3://code/a.py"],
    )
    assert [str(found) for found in lint(json.dumps(template), regions=["eu-west-1"])] == []


def test_the_role_may_hand_itself_on() -> None:
    resources = template_of(everything())["Resources"]
    assert resources["PassRole"]["Properties"]["Roles"] == [{"Ref": "PipelineRole"}]
    policies = json.dumps(resources["PipelineRole"]["Properties"]["Policies"])
    assert "iam:PassRole" not in policies
    assert ACCOUNT not in policies
