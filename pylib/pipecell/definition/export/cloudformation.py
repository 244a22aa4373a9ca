"""A pipeline or state machine as a CloudFormation template, which creates its role, too, unless given one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.definition.document import Document
from pipecell.definition.export.policy import Policy

_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])(?<![0-9a-f]{4}-)%s(?![0-9A-Za-z])")
_ROLE_PARAMETER = "PipelineRoleArn"
_CREATES = "CreatesRole"
_ROLE: Mapping[str, Any] = {
    "Fn::If": [_CREATES, {"Fn::GetAtt": ["PipelineRole", "Arn"]}, {"Ref": _ROLE_PARAMETER}]
}


def to_template(
    document: Document,
    *,
    policy: Policy,
    account: str,
    role: str,
    tags: Sequence[Mapping[str, str]] = (),
    parallelism: Mapping[str, Any] | None = None,
    uploads: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the template as JSON.

    Args:
        document: the pipeline or state machine.
        policy: what its role may do.
        account: the account number in the definition, which becomes the stack's own.
        role: the role in the definition, which becomes the stack's own.
        tags: ``{"Key": …, "Value": …}``.
        parallelism: AWS's ``ParallelismConfiguration``.
        uploads: S3 URIs of what must be in S3 before a run.

    Source: AWS CloudFormation template reference, ``AWS::SageMaker::Pipeline`` and
    ``AWS::StepFunctions::StateMachine``.
    """
    kind = "pipeline" if document.engine == "sagemaker" else "state machine"
    resource = _pipeline if document.engine == "sagemaker" else _machine
    body = _substituted(json.dumps(document.body, separators=(",", ":"), ensure_ascii=False), account, role)
    principal = "sagemaker" if document.engine == "sagemaker" else "states"
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The {kind} {document.name}, written by pipecell export.",
        "Parameters": {
            _ROLE_PARAMETER: {
                "Type": "String",
                "Default": "",
                "Description": "The role to run under; empty to create one that may do no more than needed.",
            }
        },
        "Conditions": {_CREATES: {"Fn::Equals": [{"Ref": _ROLE_PARAMETER}, ""]}},
        "Resources": {
            "PipelineRole": {
                "Type": "AWS::IAM::Role",
                "Condition": _CREATES,
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": f"{principal}.amazonaws.com"},
                                "Action": "sts:AssumeRole",
                            }
                        ],
                    },
                    "Policies": [
                        {
                            "PolicyName": "pipeline",
                            "PolicyDocument": _with_account(policy.document(without_role=role), account),
                        }
                    ],
                },
            },
            "Pipeline": resource(document, body, tags, parallelism),
        },
        "Outputs": {"Name": {"Description": f"The {kind}.", "Value": {"Ref": "Pipeline"}}},
    }
    if policy.passes(role):
        template["Resources"]["PassRole"] = _pass_role()
    if uploads:
        template["Metadata"] = {"NeededInS3BeforeARun": sorted(set(uploads))}
    return template


def _pipeline(
    document: Document,
    body: Any,
    tags: Sequence[Mapping[str, str]],
    parallelism: Mapping[str, Any] | None,
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "PipelineName": document.name,
        "PipelineDefinition": {"PipelineDefinitionBody": body},
        "RoleArn": _ROLE,
    }
    if tags:
        properties["Tags"] = [dict(tag) for tag in tags]
    if parallelism:
        properties["ParallelismConfiguration"] = dict(parallelism)
    return {"Type": "AWS::SageMaker::Pipeline", "Properties": properties}


def _machine(
    document: Document,
    body: Any,
    tags: Sequence[Mapping[str, str]],
    parallelism: Mapping[str, Any] | None,
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "StateMachineName": document.name,
        "DefinitionString": body,
        "RoleArn": _ROLE,
    }
    if tags:
        properties["Tags"] = [dict(tag) for tag in tags]
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def _pass_role() -> dict[str, Any]:
    """Return the permission to hand the role on to its jobs: a policy of its own, for it names the role."""
    return {
        "Type": "AWS::IAM::Policy",
        "Condition": _CREATES,
        "Properties": {
            "PolicyName": "pass-role",
            "Roles": [{"Ref": "PipelineRole"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "iam:PassRole",
                        "Resource": {"Fn::GetAtt": ["PipelineRole", "Arn"]},
                        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                    }
                ],
            },
        },
    }


def _substituted(text: str, account: str, role: str) -> Any:
    """Return text in which the account and the role are those of the stack: ``Fn::Sub`` where they occur."""
    escaped = text.replace("${", "${!")
    names_role = bool(role) and role in escaped
    body = escaped.replace(role, "${Role}") if names_role else escaped
    body = _account(account).sub("${AWS::AccountId}", body)
    if body == text:
        return text
    return {"Fn::Sub": [body, {"Role": _ROLE}] if names_role else body}


def _with_account(value: Any, account: str) -> Any:
    """Return a policy in which the account is the stack's own."""
    if isinstance(value, Mapping):
        return {key: _with_account(item, account) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_account(item, account) for item in value]
    if isinstance(value, str) and _account(account).search(value):
        return {"Fn::Sub": _account(account).sub("${AWS::AccountId}", value)}
    return value


def _account(account: str) -> re.Pattern[str]:
    return re.compile(_ACCOUNT.pattern % re.escape(account))
