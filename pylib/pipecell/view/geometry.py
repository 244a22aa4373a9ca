"""Points, boxes and curves, in pixels, y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle; ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


def swing(start: Point, end: Point) -> list[Point]:
    """Return a curve that leaves and arrives horizontally."""
    middle = (start[0] + end[0]) / 2
    return [start, (middle, start[1]), (middle, end[1]), end]


def height_at(curve: Sequence[Point], x: float) -> float:
    """Return y of such a curve at a given x."""
    (x0, y0), (x1, y1) = curve[0], curve[-1]
    low, high = 0.0, 1.0
    for _ in range(20):  # x grows with t
        t = (low + high) / 2
        here = x0 + (x1 - x0) * (1.5 * t * (1 - t) + t**3)
        low, high = (t, high) if here < x else (low, t)
    t = (low + high) / 2
    return y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes share any place."""
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def straight(start: Point, end: Point) -> list[Point]:
    """Return a straight line as a Bézier piece."""
    third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    return [
        start,
        (start[0] + third[0], start[1] + third[1]),
        (end[0] - third[0], end[1] - third[1]),
        end,
    ]
