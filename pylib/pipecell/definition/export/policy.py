"""The least IAM policies that a pipeline needs: one for its role, one for who deploys and runs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.document import Document
from pipecell.definition.export.grants import Grant, Surroundings, s3_write
from pipecell.definition.export.machine_grants import machine_grants
from pipecell.definition.export.step_grants import step_grants

_VERSION = "2012-10-17"
_EXECUTIONS = (
    "DescribePipelineExecution",
    "ListPipelineExecutionSteps",
    "ListPipelineParametersForExecution",
)
_JOB_LOGS = ("ProcessingJobs", "TrainingJobs", "TransformJobs")


@dataclass(frozen=True)
class Policy:
    """What somebody may do.

    Attributes:
        grants: every permission.
    """

    grants: tuple[Grant, ...]

    def passes(self, role: str) -> bool:
        """Tell whether a role has to be handed on to jobs."""
        return any(grant.action == "iam:PassRole" and grant.resource == role for grant in self.grants)

    def document(self, *, without_role: str = "") -> dict[str, Any]:
        """Return the policy as IAM takes it: permissions on the same resources are one statement.

        Args:
            without_role: a role that the policy becomes part of, and so cannot name; the permission to
                hand it on is left out.
        """
        kept = [g for g in self.grants if g.action != "iam:PassRole" or g.resource != without_role]
        return {"Version": _VERSION, "Statement": _statements(kept)}


def role_policy(document: Document, values: Mapping[str, Any], here: Surroundings) -> Policy:
    """Return what the role that a pipeline and its jobs run under must be allowed.

    Args:
        document: the pipeline or state machine.
        values: the parameters' values; what they decide is allowed for these values only.
        here: account, region and role.
    """
    if document.engine == "stepfunctions":
        return Policy(_unique(machine_grants(document, here)))
    return Policy(_unique(step_grants(document, values, here)))


def caller_policy(document: Document, here: Surroundings, uploads: Iterable[str]) -> Policy:
    """Return what somebody must be allowed who deploys, starts and watches the pipeline.

    Args:
        document: the pipeline or state machine.
        here: account, region and role.
        uploads: S3 URIs that deploying puts in place.
    """
    found: list[Grant] = []
    uris = list(uploads)
    for uri in uris:
        found += s3_write(uri)
        bucket = uri.removeprefix("s3://").partition("/")[0]
        found += [
            Grant(f"s3:{action}", f"arn:aws:s3:::{bucket}") for action in ("ListBucket", "CreateBucket")
        ]
        found.append(Grant("s3:GetObject", f"arn:aws:s3:::{uri.removeprefix('s3://')}"))
    if document.engine == "stepfunctions":
        found += _machine_caller(document, here)
    else:
        found += _pipeline_caller(document, here)
    return Policy(_unique(found))


def _pipeline_caller(document: Document, here: Surroundings) -> list[Grant]:
    pipeline = here.arn("sagemaker", f"pipeline/{document.name}")
    lower = here.arn("sagemaker", f"pipeline/{document.name.lower()}")
    found = [
        Grant(f"sagemaker:{action}", each)
        for each in dict.fromkeys((pipeline, lower))
        for action in (
            *("CreatePipeline", "UpdatePipeline", "DescribePipeline", "AddTags"),
            *("StartPipelineExecution", "ListPipelineExecutions"),
        )
    ]
    found += [
        Grant(f"sagemaker:{action}", f"{each}/execution/*")
        for each in dict.fromkeys((pipeline, lower))
        for action in (
            *_EXECUTIONS,
            *("DescribePipelineDefinitionForExecution", "StopPipelineExecution", "RetryPipelineExecution"),
        )
    ]
    found.append(Grant("sagemaker:ListPipelines", "*"))
    found.append(
        Grant(
            "iam:PassRole", here.role, (("StringEquals", "iam:PassedToService", "sagemaker.amazonaws.com"),)
        )
    )
    found.append(Grant("iam:GetRole", here.role))
    for group in _JOB_LOGS:
        arn = here.arn("logs", f"log-group:/aws/sagemaker/{group}:*")
        found += [
            Grant(f"logs:{action}", arn)
            for action in ("DescribeLogStreams", "GetLogEvents", "FilterLogEvents")
        ]
    for kind in ("processing-job", "training-job", "transform-job", "hyper-parameter-tuning-job"):
        word = {"hyper-parameter-tuning-job": "HyperParameterTuningJob"}.get(
            kind, "".join(part.title() for part in kind.split("-"))
        )
        found.append(Grant(f"sagemaker:Describe{word}", here.arn("sagemaker", f"{kind}/*")))
    tuning = here.arn("sagemaker", "hyper-parameter-tuning-job/*")
    found.append(Grant("sagemaker:ListTrainingJobsForHyperParameterTuningJob", tuning))
    return found


def _machine_caller(document: Document, here: Surroundings) -> list[Grant]:
    machine = here.arn("states", f"stateMachine:{document.name}")
    execution = here.arn("states", f"execution:{document.name}:*")
    found = [
        Grant(f"states:{action}", machine)
        for action in (
            *("CreateStateMachine", "UpdateStateMachine", "DescribeStateMachine", "TagResource"),
            *("StartExecution", "ListExecutions"),
        )
    ]
    found += [
        Grant(f"states:{action}", execution)
        for action in (
            *("DescribeExecution", "GetExecutionHistory", "StopExecution"),
            *("RedriveExecution", "DescribeStateMachineForExecution"),
        )
    ]
    found.append(Grant("states:ListStateMachines", "*"))
    passed = (("StringEquals", "iam:PassedToService", "states.amazonaws.com"),)
    found.append(Grant("iam:PassRole", here.role, passed))
    return found


def _unique(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(dict.fromkeys(grants))


def _statements(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """Return one statement for each set of resources and conditions, and the actions allowed on it."""
    resources: dict[tuple[str, Any], list[str]] = defaultdict(list)
    for grant in grants:
        resources[grant.action, grant.conditions].append(grant.resource)
    actions: dict[tuple[tuple[str, ...], Any], list[str]] = defaultdict(list)
    for (action, conditions), arns in resources.items():
        actions[tuple(sorted(set(arns))), conditions].append(action)
    return [
        _statement(sorted(words), list(arns), conditions) for (arns, conditions), words in actions.items()
    ]


def _statement(actions: list[str], resources: list[str], conditions: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else actions,
        "Resource": resources[0] if len(resources) == 1 else resources,
    }
    for operator, key, value in conditions:
        values = list(value) if isinstance(value, tuple) else value
        statement.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return statement
