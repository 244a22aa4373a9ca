"""Retry policies: whether a step that failed is tried again, and when.

AWS retries by the kind of fault, not by the step: a script that exits with an error is the
user's (``AlgorithmError``) and is never retried; an instance that was lost is.
Source: SageMaker developer guide, "Retry Policy for Pipeline Steps".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
JOB_INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"

_WORDS = (
    ("InternalServerError", JOB_INTERNAL_ERROR),
    ("CapacityError", CAPACITY_ERROR),
    ("InsufficientCapacity", CAPACITY_ERROR),
    ("ResourceLimitExceeded", RESOURCE_LIMIT),
    ("ThrottlingException", THROTTLING),
)

DEFAULT_ATTEMPTS = 5
DEFAULT_INTERVAL = 1.0
DEFAULT_BACKOFF = 2.0
MAX_ATTEMPTS = 20
RETRIED_TYPES = frozenset(
    {"Processing", "Training", "Tuning", "AutoML", "Model", "RegisterModel", "Transform"}
)
"""Step types that retry policies apply to."""


@dataclass(frozen=True)
class Again:
    """Try again.

    Attributes:
        policy: index of the policy that says so; it has been used once more.
        delay: seconds to wait first.
    """

    policy: int
    delay: float


def fault_of(failure_reason: str) -> str | None:
    """Return the exception type, in the words of retry policies, that a job's failure reason shows."""
    start = failure_reason.removeprefix("ClientError: ")
    return next((fault for word, fault in _WORDS if start.startswith(word)), None)


def decide(
    policies: Sequence[Mapping[str, Any]],
    fault: str | None,
    *,
    used: Mapping[int, int],
    elapsed: float,
) -> Again | None:
    """Say whether to try a failed step again.

    Args:
        policies: the step's ``RetryPolicies``, in order; the first that names the fault decides.
        fault: what happened, for example ``SageMaker.JOB_INTERNAL_ERROR``; None when it is the user's.
        used: how often each policy, by index, has been used for this step.
        elapsed: seconds since the step first began, for ``ExpireAfterMin``.

    Returns:
        When to try again; None when the failure stands.
    """
    for index, policy in enumerate(policies):
        if fault is None or fault not in (policy.get("ExceptionType") or ()):
            continue
        count = used.get(index, 0)
        interval = float(_or(policy.get("IntervalSeconds"), DEFAULT_INTERVAL))
        delay = interval * float(_or(policy.get("BackoffRate"), DEFAULT_BACKOFF)) ** count
        expiry = policy.get("ExpireAfterMin")
        if expiry is not None:
            allowed = elapsed + delay <= float(expiry) * 60
        else:
            allowed = count < min(int(_or(policy.get("MaxAttempts"), DEFAULT_ATTEMPTS)), MAX_ATTEMPTS)
        return Again(index, delay) if allowed else None
    return None


def _or(value: Any, default: float) -> Any:
    return default if value is None else value
