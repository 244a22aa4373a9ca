"""For how long a step rents what it rents: as earlier runs did, else within the bounds it states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST = 60.0
"""Seconds: the lower bound of a job that has never run."""

_NEVER = "never run"
_MINUTE = 60
_DAY = 24
_HALF = 0.5  # seconds that would be rounded to none


@dataclass(frozen=True)
class Hours:
    """How long a step takes.

    Attributes:
        low, high: seconds; ``high`` is None where nothing bounds it.
        basis: how that is known, a phrase for people.
    """

    low: float
    high: float | None
    basis: str


def from_runs(seconds: Sequence[float]) -> Hours | None:
    """Return what earlier runs of a step took, None when there are none."""
    if not seconds:
        return None
    count = f"{len(seconds)} earlier runs" if len(seconds) > 1 else "1 earlier run"
    return Hours(min(seconds), max(seconds), f"as {count}")


def from_limit(limit: float | None) -> Hours:
    """Return the bounds of a job that has never run: a minute, and the limit that the job itself sets."""
    if limit is None:
        return Hours(SHORTEST, None, f"{_NEVER}, and it sets no limit")
    return Hours(min(SHORTEST, limit), limit, f"{_NEVER}; its own limit is {words(limit)}")


def never_ran(hours: Hours) -> bool:
    """Tell whether hours are bounds of a job that has never run."""
    return hours.basis.startswith(_NEVER)


def words(seconds: float) -> str:
    """Return a time for people: ``45 s``, ``6 min``, ``1 h``, ``1 h 30 min``."""
    if 0 < seconds < _HALF:
        return "< 1 s"
    if round(seconds) < _MINUTE:
        return f"{seconds:.0f} s"
    hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest and hours < _DAY else f"{hours} h"
