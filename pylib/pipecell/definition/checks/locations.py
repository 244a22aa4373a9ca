"""Places on AWS: S3 URIs and ARNs that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.checks.shapes import walked
from pipecell.definition.document import CONTAINERS
from pipecell.definition.paths import Segment, format_path
from pipecell.definition.references import JOIN, function_of
from pipecell.definition.sagemaker import StepView

_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ARN = re.compile(
    r"arn:aws[\w-]*:(?P<service>[\w-]*):(?P<region>[\w-]*):(?P<account>[^:]*):(?P<rest>.+)", re.DOTALL
)
_ACCOUNT = re.compile(r"\d{12}|aws|")
_LEFT = frozenset(
    {
        *("HyperParameters", "StaticHyperParameters", "Environment", "ContainerArguments"),
        *("IfSteps", "ElseSteps"),
    }
)
"""What a script may read as it likes; a branch's steps are steps of their own."""
_STARTS = ("s3://", "arn:")
_READ_BY_USERS = frozenset({"Lambda", "Callback", "Fail", "Condition"})


def s3_uris(subject: Subject) -> Iterator[Finding]:
    """Find S3 URIs that name no bucket that could exist."""
    for place in _places(subject):
        if not place.text.startswith("s3://"):
            continue
        bucket, slash, _ = place.text[len("s3://") :].partition("/")
        # Without a slash, the rest of a Std:Join may go on with the bucket's name.
        if (place.whole or slash) and bucket and not _BUCKET.fullmatch(bucket):
            message = f'"{bucket}" is not the name of a bucket.'
            yield Finding(message, _bucket_hint(bucket), place.step, place.path)
        elif place.whole and not bucket:
            message = f'"{place.text}" names no bucket.'
            yield Finding(message, "An S3 URI is s3://bucket/key.", place.step, place.path)


def arns(subject: Subject) -> Iterator[Finding]:
    """Find ARNs that AWS could not resolve: an account that is none, a role of another service."""
    for place in _places(subject):
        found = _ARN.fullmatch(place.text) if place.whole and place.text.startswith("arn:") else None
        fault = _arn_fault(found, place.path.rpartition(".")[2]) if found is not None else ""
        if fault:
            yield Finding(f"{fault}.", "", place.step, place.path)


def _arn_fault(found: re.Match[str], key: str) -> str:
    if not _ACCOUNT.fullmatch(found["account"]):
        return f'"{found["account"]}" in this ARN is not an account: those are 12 digits'
    if key == "RoleArn" and found["service"] != "iam":
        return f"A role's ARN is of the service iam, not {found['service']}"
    if key == "FunctionArn" and found["service"] != "lambda":
        return f"A function's ARN is of the service lambda, not {found['service']}"
    return ""


def _bucket_hint(bucket: str) -> str:
    if re.search(r"[<>{}\[\]]", bucket):
        return "Put the name of your own bucket there."
    if bucket != bucket.lower():
        return f'Bucket names have no capitals: "{bucket.lower()}"?'
    if "_" in bucket:
        return f'Bucket names have no underscores: "{bucket.replace("_", "-")}"?'
    return "Bucket names have 3 to 63 lower-case letters, digits, dots and hyphens."


@dataclass(frozen=True)
class _Place:
    """One text of a definition that names a place on AWS.

    Attributes:
        step: name of the step.
        path: where it stands.
        text: the text; the first one of a Std:Join, closed by a slash where the next cannot go on with it.
        whole: whether it is the whole value.
    """

    step: str
    path: str
    text: str
    whole: bool


def _places(subject: Subject) -> tuple[_Place, ...]:
    """Return the S3 URIs and ARNs that AWS itself reads and that are not accused already."""
    memo = subject.document.memo
    if "places" not in memo:
        told = {(step.name, fault.path) for step, fault in walked(subject).faults}
        found = [place for step in subject.steps for place in _of_step(step)]
        memo["places"] = tuple(place for place in found if (place.step, place.path) not in told)
    known: tuple[_Place, ...] = memo["places"]
    return known


def _of_step(step: StepView) -> Iterator[_Place]:
    ahead: list[tuple[tuple[Segment, ...], Any]] = [(("FunctionArn",), step.body.get("FunctionArn"))]
    if step.type not in _READ_BY_USERS:
        ahead.append((("Arguments",), step.arguments))
    while ahead:
        trail, value = ahead.pop()
        if isinstance(value, str):
            if value.startswith(_STARTS):
                yield _Place(step.name, format_path(trail), value, True)
        elif isinstance(value, dict) and len(value) == 1 and function_of(value) is not None:
            parts = value[JOIN].get("Values") if JOIN in value else None
            first = parts[0] if isinstance(parts, list) and parts else None
            if isinstance(first, str) and first.startswith(_STARTS):
                closed = first if value[JOIN].get("On") != "/" else f"{first}/"
                yield _Place(step.name, format_path(trail), closed, False)
        elif isinstance(value, CONTAINERS):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            ahead += [
                ((*trail, key), item)
                for key, item in items
                if (isinstance(item, CONTAINERS) or (isinstance(item, str) and item.startswith(_STARTS)))
                and key not in _LEFT
            ]


RULES = (
    Rule(
        "PC230",
        "error",
        "The job cannot find its data, minutes after its step has started.",
        pipeline(a_step("Train", "Training", OutputDataConfig={"S3OutputPath": "s3://My_Bucket/models"})),
        s3_uris,
    ),
    Rule(
        "PC231",
        "error",
        "AWS refuses the job when its step starts.",
        pipeline({**a_step("Tell", "Lambda"), "FunctionArn": "arn:aws:lambda:us-east-1:12345:function:tell"}),
        arns,
    ),
)
