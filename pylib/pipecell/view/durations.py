"""How long something took, as people read it."""

from __future__ import annotations

from pipecell.graph import NodeState

_MINUTE, _HOUR = 60, 3600


def duration(seconds: float) -> str:
    """Return ``0:21``, ``12:34`` or ``1:02:33``; never negative."""
    whole = max(0, int(seconds + 0.5))
    hours, rest = divmod(whole, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def elapsed(state: NodeState, now: float | None) -> float | None:
    """Return the seconds that a step has taken so far; None when it has not started, or nobody knows.

    Args:
        state: the step's state.
        now: epoch seconds, for steps that still run.
    """
    end = state.ended if state.ended is not None else now
    if state.started is None or end is None:
        return None
    return max(0.0, end - state.started)
