"""Folding a long pipeline into rows, as text is folded into lines.

A pipeline of twenty steps from left to right is too wide for any screen. Its levels are cut into
bands that are drawn one below the other, each from left to right; what crosses a cut leaves its
band at the right, and enters the other one at the left. Where to cut is found as TeX finds its
line breaks: over all ways to cut, the least sum of ragged room and of lines that are cut through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pipecell.graph import Edge

GAP = 40.0
"""Room between two levels besides labels, in pixels."""
_ROW_COST = 50.0
_CUT_COST = 1.0
_RAGGED_COST = 4.0


def fold(
    level_of: Mapping[str, int],
    width_of: Mapping[str, float],
    edges: Iterable[Edge],
    label_of: Mapping[str, float],
    limit: float,
) -> dict[str, int]:
    """Return the band of each node, 0 for the first row.

    Args:
        level_of: level of each node.
        width_of: width of each node in pixels.
        edges: what is drawn between them.
        label_of: for a node, the width of the widest label on an edge that enters it.
        limit: width that a band should not exceed; a single level may.
    """
    if not level_of:
        return {}
    ordered = sorted(set(level_of.values()))
    place = {level: index for index, level in enumerate(ordered)}
    widest = [0.0] * len(ordered)
    label = [0.0] * len(ordered)
    for node_id, level in level_of.items():
        index = place[level]
        widest[index] = max(widest[index], width_of[node_id])
        label[index] = max(label[index], label_of.get(node_id, 0.0))
    crossing = _crossing(
        ((place[level_of[e.source]], place[level_of[e.target]], e.source) for e in edges), len(ordered)
    )
    starts = _best_cuts(widest, label, crossing, limit)
    band_of_level: dict[int, int] = {}
    for band, (start, end) in enumerate(zip(starts, [*starts[1:], len(ordered)], strict=True)):
        band_of_level |= {ordered[index]: band for index in range(start, end)}
    return {node_id: band_of_level[level] for node_id, level in level_of.items()}


def _crossing(spans: Iterable[tuple[int, int, str]], count: int) -> list[int]:
    """Return, for each level, how many sources have lines that a cut just before it would cross."""
    sources: dict[int, set[str]] = defaultdict(set)
    for one, other, source in spans:
        for cut in range(min(one, other) + 1, max(one, other) + 1):
            sources[cut].add(source)
    return [len(sources[cut]) for cut in range(count)]


def _best_cuts(
    widest: Sequence[float], label: Sequence[float], crossing: Sequence[int], limit: float
) -> list[int]:
    """Return the first level of each band."""
    count = len(widest)
    cost = [0.0] + [float("inf")] * count  # of the best way to draw the levels before this one
    came_from = [0] * (count + 1)
    for start in range(count):
        used = -GAP
        for end in range(start + 1, count + 1):
            used += widest[end - 1] + GAP + label[end - 1]
            if used > limit and end > start + 1:
                break
            ragged = max(0.0, 1 - used / limit) if end < count or start else 0.0
            through = crossing[start] if start else 0
            total = cost[start] + _ROW_COST + _RAGGED_COST * ragged**2 + _CUT_COST * through
            if total < cost[end]:
                cost[end], came_from[end] = total, start
    starts: list[int] = []
    end = count
    while end > 0:
        end = came_from[end]
        starts.insert(0, end)
    return starts
