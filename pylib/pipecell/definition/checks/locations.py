"""Places on AWS: S3 URIs and ARNs that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.checks.shapes import walked
from pipecell.definition.document import CONTAINERS
from pipecell.definition.paths import format_path
from pipecell.definition.references import JOIN, function_of

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
_READ_BY_USERS = frozenset({"Lambda", "Callback", "Fail", "Condition"})


def s3_uris(subject: Subject) -> Iterator[Finding]:
    """Find S3 URIs that name no bucket that could exist."""
    for step, path, text, whole in _texts_of(subject):
        if not text.startswith("s3://"):
            continue
        bucket, slash, _ = text[len("s3://") :].partition("/")
        # Without a slash, the rest of a Std:Join may go on with the bucket's name.
        if (whole or slash) and bucket and not _BUCKET.fullmatch(bucket):
            yield Finding(f'"{bucket}" is not the name of a bucket.', _bucket_hint(bucket), step, path)
        elif whole and not bucket:
            yield Finding(f'"{text}" names no bucket.', "An S3 URI is s3://bucket/key.", step, path)


def arns(subject: Subject) -> Iterator[Finding]:
    """Find ARNs that AWS could not resolve: an account that is none, a role of another service."""
    for step, path, text, whole in _texts_of(subject):
        found = _ARN.fullmatch(text) if whole and text.startswith("arn:") else None
        fault = _arn_fault(found, path.rpartition(".")[2]) if found is not None else ""
        if fault:
            yield Finding(f"{fault}.", "", step, path)


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


def _texts_of(subject: Subject) -> Iterator[tuple[str, str, str, bool]]:
    """Yield (step, path, text, whether it is the whole value) of texts that AWS itself reads."""
    told = {(step.name, fault.path) for step, fault in walked(subject).faults}
    for step in subject.steps:
        places = [("FunctionArn", step.body.get("FunctionArn"))]
        if step.type not in _READ_BY_USERS:
            places.append(("Arguments", step.arguments))
        for start, value in places:
            for trail, text, whole in _texts(value, start):
                path = format_path(trail)
                if (step.name, path) not in told:
                    yield step.name, path, text, whole


def _texts(value: Any, start: str) -> Iterator[tuple[list[Any], str, bool]]:
    """Yield (path, text, whether it is the whole value) of texts, the first one of each Std:Join too."""
    ahead: list[tuple[list[Any], Any]] = [([start], value)]
    while ahead:
        trail, value = ahead.pop()
        if isinstance(value, str):
            yield trail, value, True
        elif isinstance(value, dict) and function_of(value) is not None:
            parts = value[JOIN].get("Values") if JOIN in value else None
            if isinstance(parts, list) and parts and isinstance(parts[0], str):
                # Joined by slashes, a part is complete; joined by nothing, the next may go on with it.
                glued = value[JOIN].get("On") != "/"
                yield trail, parts[0] if glued else f"{parts[0]}/", False
        elif isinstance(value, CONTAINERS):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            ahead += [([*trail, key], item) for key, item in items if key not in _LEFT]


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
