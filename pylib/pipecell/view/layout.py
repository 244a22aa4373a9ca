"""Where everything goes: cards, edges, labels and the outlines of branches.

Graphviz places the nodes of each band and bends the edges around them; what crosses from one band
to another runs through gutters beside the bands and channels between them, where no card is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipecell.graph import Graph
from pipecell.view.bands import fold
from pipecell.view.blocks import Blocks, gather
from pipecell.view.cards import Card
from pipecell.view.flow import BranchKey, drawn_edges, levels
from pipecell.view.geometry import Box
from pipecell.view.placement import place
from pipecell.view.rows import Band, Row
from pipecell.view.wires import CROWDED, Trunk, Wire, label_of, label_size

MAX_WIDTH = 1120.0
"""Pixels that a row of cards may take before the drawing is folded."""
LANE = 9.0
"""Distance between two lines that run side by side between bands."""
CHANNEL = 26.0
"""Room between two bands, besides their lanes."""


@dataclass(frozen=True)
class Layout:
    """The whole drawing, from (0, 0) to (``width``, ``height``) in pixels.

    Lines that lead to a frame of many steps are edges of the first one in it.

    Attributes:
        frames: the frames, by their first step.
        inside: the steps in each frame, by the first one.
    """

    width: float
    height: float
    boxes: Mapping[str, Box]
    wires: tuple[Wire, ...]
    trunks: tuple[Trunk, ...]
    groups: tuple[tuple[BranchKey, Box], ...]
    frames: Mapping[str, Box] = field(default_factory=dict)
    inside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def door(self, node_id: str) -> Box:
        """Return what a line to a node ends at: its card, or the frame around it."""
        return self.frames.get(node_id) or self.boxes[node_id]

    def behind(self, node_id: str) -> tuple[str, ...]:
        """Return the nodes that a line to a node stands for."""
        return self.inside.get(node_id, (node_id,))


def lay_out(graph: Graph, cards: Mapping[str, Card], *, max_width: float = MAX_WIDTH) -> Layout:
    """Place the cards of a graph from left to right, in as many rows as ``max_width`` asks for.

    Raises:
        MissingDependencyError: there is no Graphviz.
    """
    blocks = gather(graph, cards, max_width)
    graph = blocks.graph
    edges = drawn_edges(graph)
    level_of = levels(graph.nodes, edges)
    cards = _columns(blocks, level_of)
    labels: dict[str, float] = defaultdict(float)
    for edge in edges:
        labels[edge.target] = max(
            labels[edge.target], label_size(label_of(edge, crowded=len(cards) > CROWDED))[0]
        )
    band_of = fold(level_of, {i: card.width for i, card in cards.items()}, edges, labels, max_width)
    bands = [
        Band(number, graph, cards, edges, band_of, level_of=level_of)
        for number in range(max(band_of.values(), default=-1) + 1)
    ]
    drawings = place(tuple(band.source() for band in bands))
    return _filled(_stack(bands, drawings), blocks)


def _columns(blocks: Blocks, level_of: Mapping[str, int]) -> dict[str, Card]:
    """Return the cards, those of one level equally wide: columns are easier on the eye."""
    widest: dict[int, float] = defaultdict(float)
    plain = {i for i, card in blocks.cards.items() if not card.diamond and i not in blocks.members}
    for node_id in plain:
        widest[level_of[node_id]] = max(widest[level_of[node_id]], blocks.cards[node_id].width)
    return {
        i: replace(card, width=widest[level_of[i]]) if i in plain else card
        for i, card in blocks.cards.items()
    }


def _filled(layout: Layout, blocks: Blocks) -> Layout:
    """Put the cards into their frames."""
    frames = {node_id: layout.boxes[node_id] for node_id in blocks.members}
    inside = {node_id: dict(blocks.boxes(node_id, frame)) for node_id, frame in frames.items()}
    boxes = {**layout.boxes, **{i: box for placed in inside.values() for i, box in placed.items()}}
    return replace(
        layout,
        boxes=boxes,
        groups=(*layout.groups, *(((node_id, ""), frame) for node_id, frame in frames.items())),
        frames=frames,
        inside={node_id: tuple(placed) for node_id, placed in inside.items()},
    )


def _stack(bands: Sequence[Band], drawings: Sequence[Mapping[str, Any]]) -> Layout:
    """Put the rows below each other and join them."""
    rows = [Row(band, drawing) for band, drawing in zip(bands, drawings, strict=True)]
    left = max((len(row.entries) for row in rows), default=0)
    gutter = (left + 1) * LANE if left else 0.0
    inner = gutter + max((row.width for row in rows), default=0.0)
    top = 0.0
    channels: list[float] = []
    for row in rows:
        channels.append(top)
        lanes = len(row.entries)
        top += (CHANNEL + lanes * LANE) if row.band.number or lanes else 0.0
        row.move(gutter, top)
        top += row.height
    lanes_of = _right_lanes(rows, channels)
    right = max(lanes_of.values(), default=-1) + 1
    trunks = tuple(_trunks(rows, channels, lanes_of, (gutter, inner)))
    return Layout(
        width=inner + ((right + 1) * LANE if right else 0.0),
        height=top,
        boxes={i: box for row in rows for i, box in row.boxes.items()},
        wires=tuple(wire for row in rows for wire in row.wires),
        trunks=trunks,
        groups=tuple(group for row in rows for group in row.groups),
    )


def _right_lanes(rows: Sequence[Row], channels: Sequence[float]) -> dict[str, int]:
    """Return the lane in the right gutter of each source that leads to another row, 0 for the innermost.

    Lines that pass each other take different lanes. In one row the lowest exit takes the innermost
    lane, so that its line does not cross those of the exits above it.
    """
    taken: dict[int, list[tuple[float, float]]] = defaultdict(list)
    lanes: dict[str, int] = {}
    for row in rows:
        for source, (_, y) in sorted(row.exits.items(), key=lambda item: -item[1][1]):
            ends = [channels[other.band.number] for other in rows if source in other.entries]
            span = min(y, *ends) - CHANNEL, max(y, *ends) + CHANNEL + len(rows) * LANE
            lane = 0
            while any(low < span[1] and span[0] < high for low, high in taken[lane]):
                lane += 1
            taken[lane].append(span)
            lanes[source] = lane
    return lanes


def _trunks(
    rows: Sequence[Row], channels: Sequence[float], lanes: Mapping[str, int], sides: tuple[float, float]
) -> Iterator[Trunk]:
    """Yield one line for each source and row that it leads to, each in lanes of its own."""
    exits = {source: point for row in rows for source, point in row.exits.items()}
    for row in rows:
        # The lowest entry takes the outermost lane at the left: then lines do not cross there.
        arriving = sorted(row.entries, key=lambda source: row.entries[source][1])
        for index, source in enumerate(arriving):
            start, end = exits[source], row.entries[source]
            right = sides[1] + (lanes[source] + 1) * LANE
            level = channels[row.band.number] + CHANNEL / 2 + (len(arriving) - index - 1) * LANE
            left = sides[0] - (index + 1) * LANE
            edges = tuple(e for e in row.band.coming if e.source == source)
            corners = (start, (right, start[1]), (right, level), (left, level), (left, end[1]), end)
            yield Trunk(edges, corners)
