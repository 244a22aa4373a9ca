"""Edges as they are drawn, and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass

from pipecell.graph import Edge
from pipecell.view.geometry import Point
from pipecell.view.metrics import clean, elide, text_width, wrap

CROWDED = 150
"""Nodes above which only a condition's outcomes are labelled: more is unreadable, and takes twice as long."""
LABEL = 10.5
"""Font size of edge labels in pixels."""
LABEL_ROOM = 132.0
"""Width of a line of a label, at most."""
LABEL_LINE = 12.0
"""Height of a line of a label."""


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


def label_of(edge: Edge, *, crowded: bool = False) -> tuple[str, ...]:
    """Return the one or two lines of an edge's label, parted at a comma where there are several outputs.

    In a ``crowded`` drawing only a condition's outcomes are said; the rest is in tooltips.
    """
    text = clean(edge.label)
    if not text or (crowded and edge.kind != "branch"):
        return ()
    parts = text.split(", ")
    if len(parts) > 1 and text_width(text, LABEL) > LABEL_ROOM / 2:
        cuts = [(", ".join(parts[:i]) + ",", ", ".join(parts[i:])) for i in range(1, len(parts))]
        lines = list(min(cuts, key=lambda cut: max(text_width(line, LABEL) for line in cut)))
    else:
        lines = wrap(text, LABEL_ROOM, LABEL)
    return tuple(elide(line, LABEL_ROOM, LABEL, middle=True) for line in lines)


def label_size(label: tuple[str, ...]) -> tuple[float, float]:
    """Return the width and height in pixels that a label takes."""
    if not label:
        return 0.0, 0.0
    return max(text_width(line, LABEL) for line in label) + 6, LABEL_LINE * len(label) + 3
