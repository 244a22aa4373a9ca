"""What each node looks like before it has a place: its shape, its size and the words that fit on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from pipecell.graph import Node
from pipecell.view.metrics import clean, elide, text_width
from pipecell.view.theme import DECISIONS

CARD_HEIGHT = 52.0
DIAMOND_HEIGHT = 92.0
TITLE, SUMMARY = 12.0, 11.0
LEFT, RIGHT = 14.0, 10.0
"""Room between a card's edges and its words, in pixels."""
_CARD = (124.0, 238.0)
_DIAMOND = (152.0, 276.0)
STATE_ROOM = 70.0
"""Room beside the title that ``12:34 ✓`` or ``reused ↺`` needs."""
_REACHED = "★ 0.0000 · "  # what a trial shows before its hyperparameters once it has ended
_TITLE_AT, _SUMMARY_AT = 12.0, 15.0  # farthest reach of the two lines from a diamond's middle


@dataclass(frozen=True)
class Card:
    """A node with its size in pixels and its cleaned texts, not yet shortened."""

    node: Node
    width: float
    height: float
    title: str
    summary: str

    def title_in(self, width: float, beside: str = "") -> str:
        """Return the title as it fits into a card of some width, with a text at its right."""
        taken = text_width(beside, TITLE, bold=True) + 8 if beside else 0.0
        return elide(self.title, width - LEFT - RIGHT - taken, TITLE, bold=True, middle=True)

    def summary_in(self, width: float) -> str:
        """Return the summary as it fits into a card of some width."""
        return elide(self.summary, width - LEFT - RIGHT, SUMMARY)

    @property
    def diamond(self) -> bool:
        """Whether it is a decision."""
        return self.node.type in DECISIONS


def cards_of(nodes: Iterable[Node], *, with_state: bool) -> dict[str, Card]:
    """Return a card for each node, by id.

    Args:
        nodes: the nodes to draw.
        with_state: leave room for a duration and a sign, so that a run's picture never moves.
    """
    return {node.id: _card(node, with_state=with_state) for node in nodes}


def _card(node: Node, *, with_state: bool) -> Card:
    title = clean(node.name) or "?"
    summary = clean(node.summary) or clean(node.type)
    if node.type in DECISIONS:
        return _diamond(node, title, "" if summary == node.type else summary)
    room = LEFT + RIGHT
    beside = STATE_ROOM if with_state else 0.0
    words = text_width(_REACHED + summary, SUMMARY, bold=True) if node.type == "Trial" else 0.0
    wanted = max(text_width(title, TITLE, bold=True) + beside, text_width(summary, SUMMARY), words) + room
    width = min(max(wanted, _CARD[0]), _CARD[1])
    return Card(
        node,
        ceil(width),
        CARD_HEIGHT,
        title,
        summary,
    )


def _diamond(node: Node, title: str, summary: str) -> Card:
    half = DIAMOND_HEIGHT / 2
    title_share = 1 - _TITLE_AT / half
    summary_share = 1 - _SUMMARY_AT / half
    wanted = max(
        text_width(title, TITLE, bold=True) / title_share, text_width(summary, SUMMARY) / summary_share
    )
    width = ceil(min(max(wanted + LEFT, _DIAMOND[0]), _DIAMOND[1]))
    return Card(
        node,
        width,
        DIAMOND_HEIGHT,
        elide(title, (width - LEFT) * title_share, TITLE, bold=True, middle=True),
        elide(summary, (width - LEFT) * summary_share, SUMMARY),
    )
