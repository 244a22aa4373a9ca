"""Which retrier or catcher takes an error, and how long the back-off is."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.local.work.states.failure import ALL, HEARTBEAT_TIMEOUT, TASK_FAILED, TERMINAL, TIMEOUT

_MAX_ATTEMPTS, _INTERVAL, _BACKOFF = 3, 1, 2.0
#: Seconds; AWS's own upper bound of one back-off.
_LONGEST_DELAY = 31_622_400


def matches(names: Sequence[str], error: str | None) -> bool:
    """Tell whether ``ErrorEquals`` takes an error.

    ``States.TaskFailed`` takes every task error but a time-out, ``States.ALL`` everything; nothing takes
    ``States.Runtime``.
    """
    if error in TERMINAL:
        return False
    for name in names:
        if name == (error or ""):
            return True
        if name == ALL:
            return True
        if name == TIMEOUT and error == HEARTBEAT_TIMEOUT:
            return True
        if name == TASK_FAILED and error not in (TIMEOUT, HEARTBEAT_TIMEOUT):
            return True
    return False


def catcher(catchers: Sequence[Mapping[str, Any]], error: str | None) -> tuple[int, Mapping[str, Any]] | None:
    """Return the first catcher that takes the error, with its number."""
    return next(
        ((i, found) for i, found in enumerate(catchers) if matches(found["ErrorEquals"], error)), None
    )


def retrier(
    retriers: Sequence[Mapping[str, Any]], error: str | None, used: Sequence[int]
) -> tuple[int, float] | None:
    """Return the retrier that takes the error and the seconds to wait; None where attempts are used up.

    Args:
        retriers: the state's ``Retry``.
        error: error name.
        used: attempts that each retrier has used for this state.
    """
    for index, found in enumerate(retriers):
        if not matches(found["ErrorEquals"], error):
            continue
        attempts = used[index] if index < len(used) else 0
        if attempts >= found.get("MaxAttempts", _MAX_ATTEMPTS):
            return None
        return index, delay(found, attempts)
    return None


def delay(found: Mapping[str, Any], attempts: int) -> float:
    """Return the seconds before the next attempt of a retrier that made ``attempts``."""
    seconds = found.get("IntervalSeconds", _INTERVAL) * found.get("BackoffRate", _BACKOFF) ** attempts
    seconds = min(seconds, found.get("MaxDelaySeconds", _LONGEST_DELAY))
    if found.get("JitterStrategy") == "FULL":
        seconds = random.uniform(0, seconds)  # noqa: S311 - spreading load, not keeping a secret
    return float(seconds)
