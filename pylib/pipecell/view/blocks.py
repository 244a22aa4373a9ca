"""Many steps that wait for the same and are waited for by the same: rows in a frame, not one endless column.

Graphviz is given one card as large as the frame, with one line in and one line out, and the cards
are put into the frame when it has its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, sqrt

from pipecell.graph import Edge, Graph, Node
from pipecell.view.cards import Card
from pipecell.view.geometry import Box

LEAST = 8
"""Steps that are put into a frame together; fewer stand well below each other."""

_GAP = 12.0
_MARGIN = 10.0
_ASPECT = 2.0  # width over height that a frame should have


@dataclass(frozen=True)
class Blocks:
    """A graph with one node for each frame, named as the first step in it.

    Attributes:
        graph: what is left to place.
        cards: its cards, those of frames as large as the frame.
        members: the steps in each frame, by the first one's id.
    """

    graph: Graph
    cards: Mapping[str, Card]
    members: Mapping[str, tuple[Card, ...]]

    def boxes(self, node_id: str, frame: Box) -> Iterator[tuple[str, Box]]:
        """Yield the place of each step in a frame: from left to right, row by row."""
        cards = self.members[node_id]
        width, columns = _widest(cards), _columns(cards, frame.width)
        for index, card in enumerate(cards):
            row, column = divmod(index, columns)
            x = frame.x + _MARGIN + column * (width + _GAP)
            y = frame.y + _MARGIN + row * (card.height + _GAP)
            yield card.node.id, Box(x, y, width, card.height)


def gather(graph: Graph, cards: Mapping[str, Card], limit: float) -> Blocks:
    """Return a graph in which steps that are alike are one node.

    Args:
        graph: what is to be placed.
        cards: the card of each node.
        limit: width in pixels that a frame should not exceed.
    """
    alike: dict[Hashable, list[Node]] = defaultdict(list)
    before, after = _neighbours(graph)
    holders = {node.parent for node in graph.nodes}
    for node in graph.nodes:
        if node.id not in holders and not cards[node.id].diamond:
            key = (node.parent, frozenset(before[node.id]), frozenset(after[node.id]))
            alike[key].append(node)
    found = [nodes for nodes in alike.values() if len(nodes) >= LEAST]
    if not found:
        return Blocks(graph, cards, {})
    first = {node.id: nodes[0].id for nodes in found for node in nodes}
    members = {nodes[0].id: tuple(cards[node.id] for node in nodes) for nodes in found}
    left = tuple(node for node in graph.nodes if first.get(node.id, node.id) == node.id)
    edges = dict.fromkeys(
        replace(edge, source=first.get(edge.source, edge.source), target=first.get(edge.target, edge.target))
        for edge in graph.edges
    )
    kept = {node.id: cards[node.id] for node in left}
    frames = {node_id: _frame(cards[node_id], inside, limit) for node_id, inside in members.items()}
    return Blocks(replace(graph, nodes=left, edges=tuple(edges)), {**kept, **frames}, members)


def _neighbours(graph: Graph) -> tuple[Mapping[str, set[Hashable]], Mapping[str, set[Hashable]]]:
    """Return what leads to each node and what it leads to, as what tells one edge from another."""
    before: dict[str, set[Hashable]] = defaultdict(set)
    after: dict[str, set[Hashable]] = defaultdict(set)
    for edge in graph.edges:
        before[edge.target].add(_told(edge, edge.source))
        after[edge.source].add(_told(edge, edge.target))
    return before, after


def _told(edge: Edge, end: str) -> Hashable:
    return end, edge.kind, edge.label


def _frame(card: Card, inside: tuple[Card, ...], limit: float) -> Card:
    width, height = _widest(inside), inside[0].height
    fit = max(1, int((limit - 2 * _MARGIN + _GAP) // (width + _GAP)))
    wanted = ceil(sqrt(_ASPECT * len(inside) * (height + _GAP) / (width + _GAP)))
    columns = min(fit, wanted)
    rows = ceil(len(inside) / columns)
    return replace(
        card,
        width=columns * (width + _GAP) - _GAP + 2 * _MARGIN,
        height=rows * (height + _GAP) - _GAP + 2 * _MARGIN,
    )


def _widest(cards: tuple[Card, ...]) -> float:
    return max(card.width for card in cards)


def _columns(cards: tuple[Card, ...], width: float) -> int:
    """Return how many cards stand beside each other in a frame of some width."""
    return max(1, int((width - 2 * _MARGIN + _GAP + 0.5) // (_widest(cards) + _GAP)))
