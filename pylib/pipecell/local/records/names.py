"""Names and ARNs, as SageMaker makes them."""

from __future__ import annotations

import re
import secrets
import string

from pipecell.local.home import ACCOUNT_ID, DEFAULT_REGION

LONGEST_NAME = 63
"""Characters in the name of a job or a model."""

_LOWER = string.ascii_lowercase + string.digits
_MIXED = string.ascii_letters + string.digits


def arn(region: str, resource: str) -> str:
    """Return the ARN of a SageMaker resource, for example of ``training-job/my-job``."""
    return f"arn:aws:sagemaker:{region}:{ACCOUNT_ID}:{resource}"


def region_of(resource_arn: str) -> str:
    """Return the region in an ARN."""
    region = resource_arn.removeprefix("arn:").split(":")[2:3]
    return (region[0] if region else "") or DEFAULT_REGION


def last_part(name_or_arn: str) -> str:
    """Return the name in an ARN that ends with it; a bare name is itself."""
    return name_or_arn.rpartition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn


def pipeline_name(name_or_arn: str) -> str:
    """Return the pipeline's name in its ARN or in that of an execution of it; a bare name is itself."""
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    return name_or_arn.split(":", 5)[-1].partition("/")[2].partition("/")[0]


def execution_id() -> str:
    """Return a fresh id of a pipeline execution: 12 lower-case characters."""
    return "".join(secrets.choice(_LOWER) for _ in range(12))


def random_suffix() -> str:
    """Return the 10 random characters at the end of names that Pipelines gives, and callback tokens."""
    return "".join(secrets.choice(_MIXED) for _ in range(10))


def job_name(execution: str, step: str, *, prefix: str = "", longest: int = LONGEST_NAME) -> str:
    """Return a name for what a step creates, in the form that SageMaker Pipelines uses.

    Args:
        execution: the execution's id.
        step: the step's name; shortened where the whole would be too long.
        prefix: the user's own prefix, which stands in place of ``pipelines`` and the step's name.
        longest: characters allowed: 63 for jobs and models, 32 for tuning jobs.
    """
    suffix = random_suffix()
    if prefix:
        room = longest - len(execution) - len(suffix) - 2
        return f"{_legal(prefix, room)}-{execution}-{suffix}"
    head = "" if longest < LONGEST_NAME else "pipelines-"
    room = longest - len(head) - len(execution) - len(suffix) - 2
    return f"{head}{execution}-{_legal(step, room)}-{suffix}"


def _legal(text: str, room: int) -> str:
    """Return as much of a text as a name may hold: letters, digits and single hyphens inside."""
    plain = re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")
    return plain[:room].strip("-") or "x"
