"""One row of a drawing: written as DOT for Graphviz, and read back with a place for everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipecell.graph import Edge, Graph
from pipecell.view.cards import Card
from pipecell.view.flow import BranchKey, groups_of
from pipecell.view.geometry import Box, Point, height_at, overlap, straight, swing
from pipecell.view.wires import CROWDED, Wire, label_of, label_size

NODE, ENTRY, EXIT, PIN = "n", "i", "o", "p"
"""First letters of the names that a band gives to its cards, its ways in and out, and its pins."""

_FLAT = 0.25  # rise over run below which a label stands above its line, not on it

_STEPS = 12  # halves of its height that a label may be moved up or down


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


class Band:
    """One row: its nodes and edges as DOT, and what comes in from and goes out to other rows."""

    def __init__(
        self,
        number: int,
        graph: Graph,
        cards: Mapping[str, Card],
        edges: Sequence[Edge],
        band_of: Mapping[str, int],
        *,
        level_of: Mapping[str, int],
    ) -> None:
        self.number = number
        self.cards = cards
        self.ids = [node.id for node in graph.nodes if band_of[node.id] == number]
        self.inner = [e for e in edges if band_of[e.source] == number == band_of[e.target]]
        self.coming = [e for e in edges if band_of[e.source] != number == band_of[e.target]]
        self.going = [e for e in edges if band_of[e.source] == number != band_of[e.target]]
        self.band_of = band_of
        self.level_of = level_of
        self.entries = {
            source: f"{ENTRY}{k}" for k, source in enumerate(dict.fromkeys(e.source for e in self.coming))
        }
        self.exits = {
            source: f"{EXIT}{k}" for k, source in enumerate(dict.fromkeys(e.source for e in self.going))
        }
        self.names = {node_id: f"{NODE}{k}" for k, node_id in enumerate(self.ids)}
        self.lines = self._lines()
        self.chains = self._chains()
        self.groups = groups_of(graph, set(self.ids))

    def _lines(self) -> list[_Line]:
        """Return every edge that Graphviz is to bend."""
        tails = [
            *((self.names[e.source], e) for e in self.inner),
            *((self.entries[e.source], e) for e in self.coming),
        ]
        crowded = len(self.cards) > CROWDED
        lines = [_Line(e, tail, self.names[e.target], label_of(e, crowded=crowded)) for tail, e in tails]
        leaving = {e.source: e for e in sorted(self.going, key=lambda e: e.kind != "control")}
        return lines + [_Line(e, self.names[s], self.exits[s], ()) for s, e in leaving.items()]

    def source(self) -> str:
        """Return the row as DOT; sizes in inches of 72 pixels, no names and no fonts in it."""
        rows = [
            "digraph{graph[rankdir=LR,nodesep=0.3,ranksep=0.28]",
            'node[shape=box,fixedsize=true,label=""]edge[dir=none]',
        ]
        for node_id in self._emitted():
            card = self.cards[node_id]
            shape = ",shape=diamond" if card.diamond else ""
            rows.append(
                f"{self.names[node_id]}[width={card.width / 72:.4f},height={card.height / 72:.4f}{shape}]"
            )
        rows += self._clusters(None)
        pins = self._pins()
        for names, rank in ((self.entries, "min"), (self.exits, "max")):
            held = [*names.values(), *(pins if rank == self._pinned else ())]
            if held:
                listed = ";".join(f"{name}[width=0.02,height=0.02]" for name in held)
                rows.append(f"{{rank={rank};{listed}}}")
        rows += [line.to_dot() for line in self.lines]
        rows += [line for lines in pins.values() for line in lines]
        return "\n".join([*rows, "}"])

    @property
    def _pinned(self) -> Literal["min", "max"]:
        """The side at which lines from or to other rows hold the columns in their places."""
        return "min" if self.entries else "max"

    def _pins(self) -> dict[str, list[str]]:
        """Return, for each pin, the unseen lines that hold a chain in the columns of its levels.

        Lines from and to other rows hold theirs; to Graphviz, what has none may stand in any column.
        """
        ways = self.entries if self.entries else self.exits
        if not ways:
            return {}
        levels = [self.level_of[node_id] for node_id in self.ids]
        held = {edge.target for edge in self.coming} if self.entries else {edge.source for edge in self.going}
        pins: dict[str, list[str]] = {}
        for chain in self.chains:
            if held.isdisjoint(chain):
                pin = f"{PIN}{len(pins)}"
                pins[pin] = [*self._pin(pin, chain, min(levels), max(levels))]
        return pins

    def _pin(self, pin: str, chain: Sequence[str], first: int, last: int) -> Iterator[str]:
        """Yield the lines between a pin and the nodes of a chain that are nearest to it."""
        nearest = min if self._pinned == "min" else max
        level = nearest(self.level_of[node_id] for node_id in chain)
        for name in (self.names[node_id] for node_id in chain if self.level_of[node_id] == level):
            ends = f"{pin}->{name}" if nearest is min else f"{name}->{pin}"
            yield f"{ends}[style=invis,minlen={1 + (level - first if nearest is min else last - level)}]"

    def _emitted(self) -> list[str]:
        """Return the nodes in the order in which Graphviz gets them: what no line joins, the last first.

        Graphviz puts the first ones lowest, and people look for what was declared first above.
        """
        return [node_id for chain in reversed(self.chains) for node_id in chain]

    def _chains(self) -> list[list[str]]:
        """Return the nodes that lines join, directly or by way of others, in the order of their first."""
        joined = {name: [name] for name in self.names.values()}
        for line in self.lines:
            small, large = sorted(
                (joined.setdefault(name, [name]) for name in (line.tail, line.head)), key=len
            )
            if small is not large:
                large += small
                joined.update(dict.fromkeys(small, large))
        chains: dict[int, list[str]] = {}
        for node_id, name in self.names.items():
            chains.setdefault(id(joined[name]), []).append(node_id)
        return list(chains.values())

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
    width, height = label_size(line.label)
    size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}" BORDER="0"'
    return f"weight={weight},label=<<TABLE {size}><TR><TD></TD></TR></TABLE>>"


class Row:
    """A band that Graphviz has placed, in our coordinates: pixels, y downwards, upper left at (0, 0)."""

    def __init__(self, band: Band, drawing: Mapping[str, Any]) -> None:
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
        items = [bent[line.tail, line.head] for line in band.lines]
        self._labels = {
            index: self._label_box(self._point(item["lp"]), line.label)
            for index, (line, item) in enumerate(zip(band.lines, items, strict=True))
            if line.label and "lp" in item
        }
        for index in self._labels:
            self._part_label(index)
        self.wires = [
            self._wire(index, line, item)
            for index, (line, item) in enumerate(zip(band.lines, items, strict=True))
        ]
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

    def _wire(self, index: int, line: _Line, item: Mapping[str, Any]) -> Wire:
        points = [self._flip(point) for point in _spline(item["pos"])]
        if not self._between(points[0], points[-1]):
            points = swing(points[0], points[-1])
            self._move_label(index, points)
        if line.tail in self.band.entries.values():
            points = straight((0.0, points[0][1]), points[0]) + points[1:]
        if line.head in self.band.exits.values():
            points += straight(points[-1], (self.width, points[-1][1]))[1:]
        box = self._labels.get(index)
        at = (box.x + box.width / 2, box.y + box.height / 2) if box is not None else None
        return Wire(line.edge, tuple(points), line.label, at)

    def _label_box(self, middle: Point, label: tuple[str, ...]) -> Box:
        width, height = label_size(label)
        return Box(middle[0] - width / 2, middle[1] - height / 2, width, height)

    def _part_label(self, index: int) -> None:
        """Move a label off another one that it lies on: Graphviz gives both of some loops one place."""
        box = self._labels[index]
        others = [other for number, other in self._labels.items() if number != index]
        if not any(overlap(_core(box), _core(other)) for other in others):
            return
        taken = [*others, *self.boxes.values()]
        for step in range(1, _STEPS):
            for y in (box.y - step * box.height / 2, box.y + step * box.height / 2):
                moved = replace(box, y=y)
                inside = 0 <= y <= self.height - box.height
                if inside and not any(overlap(moved, other) for other in taken):
                    self._labels[index] = moved
                    return

    def _move_label(self, index: int, curve: Sequence[Point]) -> None:
        """Put a label on its curve, or above where that is flat; where that is taken, it stays as it is."""
        box = self._labels.get(index)
        if box is None:
            return
        y = height_at(curve, box.x + box.width / 2) - box.height / 2
        flat = abs(curve[0][1] - curve[-1][1]) < _FLAT * (curve[-1][0] - curve[0][0])
        moved = replace(box, y=y - box.height / 2 - 2 if flat else y)
        others = [other for number, other in self._labels.items() if number != index]
        if not any(overlap(moved, other) for other in [*others, *self.boxes.values()]):
            self._labels[index] = moved

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


def _core(box: Box) -> Box:
    """Return a label's box without its rim, on which neighbours may touch."""
    return Box(box.x + 1, box.y + 1, box.width - 2, box.height - 2)


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _spline(text: str) -> list[Point]:
    """Parse Graphviz's ``x,y x,y …``; without arrows there are no start and end marks."""
    return [(x, y) for x, y in (_numbers(part) for part in text.split() if part[0] not in "se")]
