"""One permission, and those that several kinds of step need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.foreknown import BeforeTheRun, known
from pipecell.definition.references import JOIN, function_of, to_text

_KEY_ARN = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:(?:key|alias)/[\w/-]+")

_LITERAL = re.compile(r"""\s*\{%\s*\(*\s*(?:'([^']*)'|"([^"]*)")""")
_JOINED = re.compile(r"""\s*\{%\s*\$join\(\[(?P<parts>.*)\],\s*"(?P<on>[^"]*)"\)\s*%\}""", re.DOTALL)
_PART = re.compile(r"""\s*(?:\$string\()?"(?P<text>[^"]*)"\)?\s*(?:,|$)""")

Condition = tuple[str, str, str | tuple[str, ...]]
"""Operator, key and value or values, for example ``("StringEquals", "iam:PassedToService", "…")``."""


@dataclass(frozen=True)
class Grant:
    """One permission.

    Attributes:
        action: for example ``s3:GetObject``.
        resource: an ARN, with ``*`` for what is not known.
        conditions: what must hold besides.
    """

    action: str
    resource: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """Where a pipeline is at home.

    Attributes:
        account: the account's number.
        region: AWS's name of the region.
        role: ARN of the role that the pipeline runs under.
    """

    account: str
    region: str
    role: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def fixed_prefix(value: Any, values: Mapping[str, Any]) -> str:
    """Return how a text begins that is known only in part; the whole text where it is known.

    Of an expression of a state machine that is the literal that it begins with, if it does.

    Args:
        value: a literal or a function of a definition.
        values: the parameters' values.
    """
    whole = known(value, BeforeTheRun(values))
    if isinstance(whole, str):
        return _expression_prefix(whole) if whole.lstrip().startswith("{%") else whole
    if function_of(value) != JOIN:
        return ""
    call = value[JOIN]
    begun: list[str] = []
    for part in call.get("Values") or []:
        text = known(part, BeforeTheRun(values))
        if text is None:
            begun.append(fixed_prefix(part, values))
            break
        begun.append(to_text(text))
    return str(call.get("On") or "").join(begun)


def _expression_prefix(text: str) -> str:
    """Return the literal that an expression of a state machine begins with; empty where it has none."""
    joined = _JOINED.fullmatch(text)
    if joined is None:
        literal = _LITERAL.match(text)
        return (literal[1] or literal[2] or "") if literal else ""
    parts: list[str] = []
    position, rest = 0, joined["parts"]
    while found := _PART.match(rest, position):
        parts.append(found["text"])
        position = found.end()
        if position >= len(rest):
            return joined["on"].join(parts)
    return joined["on"].join([*parts, ""])


def s3_read(prefix: str) -> Iterator[Grant]:
    """Yield what reading all below an S3 URI needs; nothing for what is no S3 URI."""
    place = _place(prefix)
    if place is None:
        return
    bucket, key = place
    yield Grant("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}*")
    listed: tuple[Condition, ...] = (("StringLike", "s3:prefix", f"{key}*"),) if key else ()
    yield Grant("s3:ListBucket", f"arn:aws:s3:::{bucket}", listed)


def s3_write(prefix: str) -> Iterator[Grant]:
    """Yield what writing below an S3 URI needs."""
    place = _place(prefix)
    if place is None:
        return
    bucket, key = place
    for action in ("PutObject", "AbortMultipartUpload"):
        yield Grant(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}*")


def ecr_pull(image: str) -> Iterator[Grant]:
    """Yield what pulling a container image from ECR needs; nothing for an image of another registry."""
    registry, _, path = image.partition("/")
    parts = registry.split(".")
    if len(parts) < 4 or parts[1:3] != ["dkr", "ecr"] or not path:  # noqa: PLR2004 - ACCOUNT.dkr.ecr.REGION…
        return
    repository = path.partition("@")[0].partition(":")[0]
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
        yield Grant(f"ecr:{action}", f"arn:aws:ecr:{parts[3]}:{parts[0]}:repository/{repository}")
    yield Grant("ecr:GetAuthorizationToken", "*")


def job_logs(here: Surroundings, group: str) -> Iterator[Grant]:
    """Yield what a job's log and metrics need."""
    arn = here.arn("logs", f"log-group:/aws/sagemaker/{group}")
    yield Grant("logs:CreateLogGroup", f"{arn}:*")
    for action in ("CreateLogStream", "DescribeLogStreams", "PutLogEvents"):
        yield Grant(f"logs:{action}", f"{arn}:*")
    spaces = ("/aws/sagemaker/*", "aws/sagemaker/*")
    yield Grant("cloudwatch:PutMetricData", "*", (("StringLike", "cloudwatch:namespace", spaces),))


def kms(key: Any, here: Surroundings) -> Iterator[Grant]:
    """Yield what encrypting with a KMS key needs."""
    if isinstance(key, str) and key:
        arn = key if _KEY_ARN.fullmatch(key) else here.arn("kms", f"key/{key}")
        if not re.fullmatch(r"arn:[\w:/-]+", arn):
            arn = here.arn("kms", "key/*")  # an example's own placeholder, such as <your-key>
        for action in ("CreateGrant", "Decrypt", "GenerateDataKey"):
            yield Grant(f"kms:{action}", arn)


def network(vpc: Any) -> Iterator[Grant]:
    """Yield what a job in a VPC needs; EC2 knows no resources for these actions."""
    if vpc:
        for action in (
            *("CreateNetworkInterface", "CreateNetworkInterfacePermission", "DeleteNetworkInterface"),
            *("DeleteNetworkInterfacePermission", "DescribeNetworkInterfaces", "DescribeVpcs"),
            *("DescribeDhcpOptions", "DescribeSubnets", "DescribeSecurityGroups"),
        ):
            yield Grant(f"ec2:{action}", "*")


def pass_role(role: Any, here: Surroundings, service: str = "sagemaker.amazonaws.com") -> Grant:
    """Return the permission to hand a role on to a service; the pipeline's own where it is not known."""
    arn = role if isinstance(role, str) and role else here.role
    return Grant("iam:PassRole", arn, (("StringEquals", "iam:PassedToService", service),))


def _place(uri: str) -> tuple[str, str] | None:
    if not uri.startswith("s3://"):
        return None
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return (bucket or "*", key)
