"""Durations."""

import pytest

from pipecell.graph import NodeState
from pipecell.view.durations import duration, elapsed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (0.5, "0:01"),
        (59.6, "1:00"),
        (754, "12:34"),
        (3753, "1:02:33"),
        (-5, "0:00"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("state", "now", "seconds"),
    [
        (NodeState(), 10, None),
        (NodeState("Executing", started=4), 10, 6),
        (NodeState("Executing", started=4), None, None),
        (NodeState("Succeeded", started=4, ended=5), 10, 1),
        (NodeState("Succeeded", started=6, ended=5), 10, 0),
    ],
)
def test_elapsed(state: NodeState, now: float | None, seconds: float | None) -> None:
    assert elapsed(state, now) == seconds
