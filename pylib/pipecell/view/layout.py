"""Where everything goes: cards, edges, labels and the outlines of branches.

Graphviz places the nodes of each band and bends the edges around them; what crosses from one band
to another runs through gutters beside the bands and channels between them, where no card is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipecell.graph import Edge, Graph
from pipecell.view.bands import fold
from pipecell.view.cards import Card
from pipecell.view.flow import BranchKey, drawn_edges, groups_of, levels
from pipecell.view.metrics import clean, elide, text_width, wrap
from pipecell.view.placement import place

LABEL = 10.5
"""Font size of edge labels in pixels."""
LABEL_ROOM = 132.0
LABEL_LINE = 12.0
"""Height of a line of a label."""
MAX_WIDTH = 1120.0
"""Pixels that a row of cards may take before the drawing is folded."""
LANE = 9.0
"""Distance between two lines that run side by side between bands."""
CHANNEL = 26.0
"""Room between two bands, besides their lanes."""

NODE, ENTRY, EXIT = "n", "i", "o"
"""First letters of the names that a band gives to its cards and to its ways in and out."""

_FLAT = 0.25  # rise over run below which a label stands above its line, not on it

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle; ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Wire:
    """A drawn edge: a Bézier path (1 + 3n points), and the lines and the middle of its label."""

    edge: Edge
    points: tuple[Point, ...]
    label: tuple[str, ...] = ()
    label_at: Point | None = None


@dataclass(frozen=True)
class Trunk:
    """A line from a band's right end to another one's left end, for all edges of one source to that band."""

    edges: tuple[Edge, ...]
    corners: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """The whole drawing, from (0, 0) to (``width``, ``height``) in pixels."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    wires: tuple[Wire, ...]
    trunks: tuple[Trunk, ...]
    groups: tuple[tuple[BranchKey, Box], ...]


def lay_out(graph: Graph, cards: Mapping[str, Card], *, max_width: float = MAX_WIDTH) -> Layout:
    """Place the cards of a graph from left to right, in as many rows as ``max_width`` asks for.

    Raises:
        MissingDependencyError: there is no Graphviz.
    """
    edges = drawn_edges(graph)
    level_of = levels(graph.nodes, edges)
    cards = _columns(cards, level_of)
    labels: dict[str, float] = defaultdict(float)
    for edge in edges:
        labels[edge.target] = max(labels[edge.target], _label_size(_label(edge))[0])
    band_of = fold(level_of, {i: card.width for i, card in cards.items()}, edges, labels, max_width)
    bands = [
        _Band(number, graph, cards, edges, band_of) for number in range(max(band_of.values(), default=-1) + 1)
    ]
    drawings = place(tuple(band.source() for band in bands))
    return _stack(bands, drawings)


def _columns(cards: Mapping[str, Card], level_of: Mapping[str, int]) -> dict[str, Card]:
    """Return the cards, those of one level equally wide: columns are easier on the eye."""
    widest: dict[int, float] = defaultdict(float)
    for node_id, card in cards.items():
        if not card.diamond:
            widest[level_of[node_id]] = max(widest[level_of[node_id]], card.width)
    return {
        i: card if card.diamond else replace(card, width=widest[level_of[i]]) for i, card in cards.items()
    }


def _label(edge: Edge) -> tuple[str, ...]:
    """Return the one or two lines of an edge's label, parted at a comma where there are several outputs."""
    text = clean(edge.label)
    if not text:
        return ()
    parts = text.split(", ")
    if len(parts) > 1 and text_width(text, LABEL) > LABEL_ROOM / 2:
        cuts = [(", ".join(parts[:i]) + ",", ", ".join(parts[i:])) for i in range(1, len(parts))]
        lines = list(min(cuts, key=lambda cut: max(text_width(line, LABEL) for line in cut)))
    else:
        lines = wrap(text, LABEL_ROOM, LABEL)
    return tuple(elide(line, LABEL_ROOM, LABEL, middle=True) for line in lines)


def _label_size(label: tuple[str, ...]) -> tuple[float, float]:
    if not label:
        return 0.0, 0.0
    return max(text_width(line, LABEL) for line in label) + 6, LABEL_LINE * len(label) + 3


@dataclass(frozen=True)
class _Line:
    """An edge, or the part of one that is in a band, between two names of its DOT."""

    edge: Edge
    tail: str
    head: str
    label: tuple[str, ...]

    def to_dot(self) -> str:
        """Return the edge in DOT: from a card's right side to another one's left side."""
        tail = self.tail if self.tail[0] == ENTRY else f"{self.tail}:e"
        head = self.head if self.head[0] == EXIT else f"{self.head}:w"
        return f"{tail}->{head}[{_attributes(self)}]"


class _Band:
    """One row: its nodes and edges as DOT, and what comes in from and goes out to other rows."""

    def __init__(
        self,
        number: int,
        graph: Graph,
        cards: Mapping[str, Card],
        edges: Sequence[Edge],
        band_of: Mapping[str, int],
    ) -> None:
        self.number = number
        self.cards = cards
        self.ids = [node.id for node in graph.nodes if band_of[node.id] == number]
        self.inner = [e for e in edges if band_of[e.source] == number == band_of[e.target]]
        self.coming = [e for e in edges if band_of[e.source] != number == band_of[e.target]]
        self.going = [e for e in edges if band_of[e.source] == number != band_of[e.target]]
        self.band_of = band_of
        self.entries = {
            source: f"{ENTRY}{k}" for k, source in enumerate(dict.fromkeys(e.source for e in self.coming))
        }
        self.exits = {
            source: f"{EXIT}{k}" for k, source in enumerate(dict.fromkeys(e.source for e in self.going))
        }
        self.names = {node_id: f"{NODE}{k}" for k, node_id in enumerate(self.ids)}
        self.lines = self._lines()
        self.groups = groups_of(graph, set(self.ids))

    def _lines(self) -> list[_Line]:
        """Return every edge that Graphviz is to bend."""
        lines = [_Line(e, self.names[e.source], self.names[e.target], _label(e)) for e in self.inner]
        lines += [_Line(e, self.entries[e.source], self.names[e.target], _label(e)) for e in self.coming]
        leaving = {e.source: e for e in sorted(self.going, key=lambda e: e.kind != "control")}
        return lines + [_Line(e, self.names[s], self.exits[s], ()) for s, e in leaving.items()]

    def source(self) -> str:
        """Return the row as DOT; sizes in inches of 72 pixels, no names and no fonts in it."""
        rows = [
            "digraph{graph[rankdir=LR,nodesep=0.3,ranksep=0.28]",
            'node[shape=box,fixedsize=true,label=""]edge[dir=none]',
        ]
        for node_id in self.ids:
            card = self.cards[node_id]
            shape = ",shape=diamond" if card.diamond else ""
            rows.append(
                f"{self.names[node_id]}[width={card.width / 72:.4f},height={card.height / 72:.4f}{shape}]"
            )
        rows += self._clusters(None)
        for names, rank in ((self.entries, "min"), (self.exits, "max")):
            if names:
                listed = ";".join(f"{name}[width=0.02,height=0.02]" for name in names.values())
                rows.append(f"{{rank={rank};{listed}}}")
        rows += [line.to_dot() for line in self.lines]
        return "\n".join([*rows, "}"])

    def _clusters(self, outer: BranchKey | None) -> Iterator[str]:
        for index, (key, (holder, members)) in enumerate(self.groups.items()):
            if holder == outer:
                yield f"subgraph cluster_{index}{{graph[margin=10]"
                yield ";".join(self.names[member] for member in members)
                yield from self._clusters(key)
                yield "}"


def _attributes(line: _Line) -> str:
    """Return DOT's attributes of an edge: how straight it should be, and the room for its label."""
    weight = {"control": 1, "data": 2, "branch": 3}[line.edge.kind]
    if not line.label:
        return f"weight={weight}"
    width, height = _label_size(line.label)
    size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}" BORDER="0"'
    return f"weight={weight},label=<<TABLE {size}><TR><TD></TD></TR></TABLE>>"


def _stack(bands: Sequence[_Band], drawings: Sequence[Mapping[str, Any]]) -> Layout:
    """Put the rows below each other and join them."""
    rows = [_Row(band, drawing) for band, drawing in zip(bands, drawings, strict=True)]
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


def _right_lanes(rows: Sequence[_Row], channels: Sequence[float]) -> dict[str, int]:
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
    rows: Sequence[_Row], channels: Sequence[float], lanes: Mapping[str, int], sides: tuple[float, float]
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


class _Row:
    """A band that Graphviz has placed, in our coordinates: pixels, y downwards, upper left at (0, 0)."""

    def __init__(self, band: _Band, drawing: Mapping[str, Any]) -> None:
        self.band = band
        objects = {item["name"]: item for item in drawing.get("objects", ())}
        names = {item["_gvid"]: name for name, item in objects.items()}
        bent = {(names[e["tail"]], names[e["head"]]): e for e in drawing.get("edges", ())}
        x0, y0, x1, y1 = _numbers(drawing["bb"])
        self.width, self.height = x1 - x0, y1 - y0
        self._left, self._top = -x0, y1
        self.boxes = {i: self._box(objects[name], band.cards[i]) for i, name in band.names.items()}
        self.entries = {i: (0.0, self._point(objects[name]["pos"])[1]) for i, name in band.entries.items()}
        self.exits = {i: (self.width, self._point(objects[name]["pos"])[1]) for i, name in band.exits.items()}
        self.labels: list[Box] = []
        self.wires = [self._wire(line, bent[line.tail, line.head]) for line in band.lines]
        self.groups = [
            (key, self._cluster(objects[f"cluster_{index}"]["bb"]))
            for index, key in enumerate(band.groups)
            if f"cluster_{index}" in objects
        ]

    def _flip(self, point: Point) -> Point:
        return point[0] + self._left, self._top - point[1]

    def _point(self, text: str) -> Point:
        x, y = _numbers(text)
        return self._flip((x, y))

    def _box(self, item: Mapping[str, Any], card: Card) -> Box:
        x, y = self._point(item["pos"])
        return Box(x - card.width / 2, y - card.height / 2, card.width, card.height)

    def _cluster(self, text: str) -> Box:
        x0, y0, x1, y1 = _numbers(text)
        left, top = self._flip((x0, y1))
        return Box(left, top, x1 - x0, y1 - y0)

    def _wire(self, line: _Line, item: Mapping[str, Any]) -> Wire:
        points = [self._flip(point) for point in _spline(item["pos"])]
        at = self._point(item["lp"]) if line.label and "lp" in item else None
        if not self._between(points[0], points[-1]):
            points = _swing(points[0], points[-1])
            at = self._beside(points, at, line.label) if at is not None else None
        if line.tail in self.band.entries.values():
            points = _straight((0.0, points[0][1]), points[0]) + points[1:]
        if line.head in self.band.exits.values():
            points += _straight(points[-1], (self.width, points[-1][1]))[1:]
        return Wire(line.edge, tuple(points), line.label, at)

    def _beside(self, curve: Sequence[Point], at: Point, label: tuple[str, ...]) -> Point:
        """Return a place for a label on its curve, or Graphviz's own where that is taken."""
        width, height = _label_size(label)
        y = _height_at(curve, at[0])
        flat = abs(curve[0][1] - curve[-1][1]) < _FLAT * (curve[-1][0] - curve[0][0])
        middle = y - height / 2 - 2 if flat else y
        box = Box(at[0] - width / 2, middle - height / 2, width, height)
        if any(_overlap(box, other) for other in [*self.labels, *self.boxes.values()]):
            middle = at[1]
        self.labels.append(Box(at[0] - width / 2, middle - height / 2, width, height))
        return at[0], middle

    def _between(self, start: Point, end: Point) -> bool:
        """Tell whether any card stands in the columns between two points, or they lie backwards."""
        return start[0] >= end[0] or any(
            box.x < end[0] - 1 and box.x + box.width > start[0] + 1 for box in self.boxes.values()
        )

    def move(self, x: float, y: float) -> None:
        """Shift the row to its place in the whole drawing."""

        def shift(point: Point) -> Point:
            return point[0] + x, point[1] + y

        self.boxes = {i: Box(b.x + x, b.y + y, b.width, b.height) for i, b in self.boxes.items()}
        self.groups = [(key, Box(b.x + x, b.y + y, b.width, b.height)) for key, b in self.groups]
        self.entries = {i: shift(point) for i, point in self.entries.items()}
        self.exits = {i: shift(point) for i, point in self.exits.items()}
        self.wires = [
            Wire(w.edge, tuple(map(shift, w.points)), w.label, shift(w.label_at) if w.label_at else None)
            for w in self.wires
        ]


def _swing(start: Point, end: Point) -> list[Point]:
    """Return a curve that leaves and arrives horizontally."""
    middle = (start[0] + end[0]) / 2
    return [start, (middle, start[1]), (middle, end[1]), end]


def _height_at(curve: Sequence[Point], x: float) -> float:
    """Return y of such a curve at a given x."""
    (x0, y0), (x1, y1) = curve[0], curve[-1]
    low, high = 0.0, 1.0
    for _ in range(20):  # x grows with t
        t = (low + high) / 2
        here = x0 + (x1 - x0) * (1.5 * t * (1 - t) + t**3)
        low, high = (t, high) if here < x else (low, t)
    t = (low + high) / 2
    return y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def _straight(start: Point, end: Point) -> list[Point]:
    """Return a straight line as a Bézier piece."""
    third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    return [
        start,
        (start[0] + third[0], start[1] + third[1]),
        (end[0] - third[0], end[1] - third[1]),
        end,
    ]


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _spline(text: str) -> list[Point]:
    """Parse Graphviz's ``x,y x,y …``; without arrows there are no start and end marks."""
    return [(x, y) for x, y in (_numbers(part) for part in text.split() if part[0] not in "se")]
