from __future__ import annotations

import pytest

from pipecell.local.work.pipelines.retry import (
    CAPACITY_ERROR,
    JOB_INTERNAL_ERROR,
    RESOURCE_LIMIT,
    THROTTLING,
    Again,
    decide,
    fault_of,
)

POLICY = {"ExceptionType": [JOB_INTERNAL_ERROR], "IntervalSeconds": 3, "BackoffRate": 2.0, "MaxAttempts": 3}


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("InternalServerError: We encountered an internal error. Please try again.", JOB_INTERNAL_ERROR),
        ("ClientError: InternalServerError: again", JOB_INTERNAL_ERROR),
        ("CapacityError: Unable to provision requested ML compute capacity.", CAPACITY_ERROR),
        ("ResourceLimitExceeded: The account-level service limit …", RESOURCE_LIMIT),
        ("ThrottlingException: Rate exceeded", THROTTLING),
        ("AlgorithmError: InternalServerError is what the script printed, exit code: 1", None),
        ("", None),
    ],
)
def test_the_kind_of_fault_is_read_from_the_start_of_the_reason(reason: str, fault: str | None) -> None:
    assert fault_of(reason) == fault


def test_the_interval_grows_by_the_back_off_rate_until_the_attempts_are_used() -> None:
    waits = [decide([POLICY], JOB_INTERNAL_ERROR, used={0: count}, elapsed=0) for count in range(4)]
    assert waits == [Again(0, 3.0), Again(0, 6.0), Again(0, 12.0), None]


def test_a_fault_of_the_user_is_never_retried() -> None:
    assert decide([POLICY], None, used={}, elapsed=0) is None
    assert decide([POLICY], CAPACITY_ERROR, used={}, elapsed=0) is None
    assert decide([], JOB_INTERNAL_ERROR, used={}, elapsed=0) is None


def test_the_first_policy_that_names_the_fault_decides() -> None:
    policies = [
        {"ExceptionType": [CAPACITY_ERROR], "MaxAttempts": 5},
        {"ExceptionType": [JOB_INTERNAL_ERROR], "MaxAttempts": 1, "IntervalSeconds": 7},
        {"ExceptionType": [JOB_INTERNAL_ERROR], "MaxAttempts": 9},
    ]
    assert decide(policies, JOB_INTERNAL_ERROR, used={0: 4}, elapsed=0) == Again(1, 7.0)
    assert decide(policies, JOB_INTERNAL_ERROR, used={1: 1}, elapsed=0) is None


def test_a_policy_that_expires_counts_time_not_attempts() -> None:
    policy = {"ExceptionType": [THROTTLING], "IntervalSeconds": 30, "BackoffRate": 1.0, "ExpireAfterMin": 2}
    assert decide([policy], THROTTLING, used={0: 50}, elapsed=80) == Again(0, 30.0)
    assert decide([policy], THROTTLING, used={0: 50}, elapsed=100) is None


def test_defaults_are_those_of_the_documentation() -> None:
    policy = {"ExceptionType": [THROTTLING]}
    assert decide([policy], THROTTLING, used={}, elapsed=0) == Again(0, 1.0)
    assert decide([policy], THROTTLING, used={0: 2}, elapsed=0) == Again(0, 4.0)
    assert decide([policy], THROTTLING, used={0: 5}, elapsed=0) is None


def test_zero_attempts_mean_never_and_twenty_are_the_most() -> None:
    assert decide([{**POLICY, "MaxAttempts": 0}], JOB_INTERNAL_ERROR, used={}, elapsed=0) is None
    assert decide([{**POLICY, "MaxAttempts": 99}], JOB_INTERNAL_ERROR, used={0: 20}, elapsed=0) is None
