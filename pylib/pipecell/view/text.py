"""A pipeline as text: a tree for terminals, with what each step waits for, and how its run stands."""

from __future__ import annotations

import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pipecell.graph import Graph, Node, NodeState
from pipecell.view.durations import duration, elapsed
from pipecell.view.flow import branch_keys, drawn_edges, levels
from pipecell.view.header import Header
from pipecell.view.items import items
from pipecell.view.metrics import ELLIPSIS, clean
from pipecell.view.theme import Mark, mark_of, mark_of_status

_ANSI = {
    "ok": "32",
    "run": "34;1",
    "fail": "31;1",
    "wait": "2",
    "stop": "33",
    "cache": "35",
    "dim": "2",
    "b": "1",
}
_MIN_WIDTH = 40
Paint = Callable[[str, str], str]
"""Puts a text in the colour of a state, ``dim`` or ``b``."""
_NAME_SHARE = 0.5
_WAITS_ROOM = 14  # below this, what a step waits for is not worth saying
_REASON_LINES = 6


@dataclass(frozen=True)
class _Row:
    """One line of the tree before its columns are aligned."""

    branch: str
    mark: Mark | None
    name: str
    time: str
    summary: str
    waits: str
    reason: str = ""
    reason_indent: str = ""
    faded: bool = False


def to_text(
    graph: Graph,
    *,
    states: Mapping[str, NodeState] | None = None,
    header: Header | None = None,
    width: int = 100,
    color: bool = False,
    now: float | None = None,
) -> str:
    """Write a graph as a tree: steps in the order they can run, branches below their condition.

    Args:
        graph: the pipeline.
        states: state of each node by id during a run; None for a preview.
        header: what the first line says; by default the pipeline's name and size.
        width: characters in a line.
        color: whether to use ANSI colours.
        now: epoch seconds, for running steps; by default the clock's time.
    """
    if now is None and any(s.started is not None and s.ended is None for s in (states or {}).values()):
        now = time.time()
    width = max(width, _MIN_WIDTH)
    rows = list(_Tree(graph, states, now).rows())
    paint = _paint if color else _plain
    lines = [_first_line(graph, header, width, paint)]
    names = max((cells(row.branch + _signed(row) + row.name) for row in rows), default=0)
    names = min(names, int(width * _NAME_SHARE))
    times = max((cells(row.time) for row in rows), default=0)
    summaries = max((cells(row.summary) for row in rows), default=0)
    rest = width - names - (times + 2 if times else 0) - 2
    summaries = min(summaries, rest)
    for row in rows:
        lines.append(_line(row, (names, times, summaries, width), paint))
        lines += [paint(f"{row.reason_indent}{part}", "fail") for part in _reason(row, width)]
    return "\n".join(lines)


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
        for c in text
    )


def cut(text: str, room: int) -> str:
    """Return text shortened to a number of columns."""
    if cells(text) <= room:
        return text
    used = kept = 0
    while used + cells(text[kept]) < room:
        used += cells(text[kept])
        kept += 1
    return text[:kept].rstrip() + ELLIPSIS if room > 0 else ""


class _Tree:
    """The rows of a graph, from the top down."""

    def __init__(self, graph: Graph, states: Mapping[str, NodeState] | None, now: float | None) -> None:
        self.states = states
        self.now = now
        edges = drawn_edges(graph)
        level = levels(graph.nodes, edges)
        ids = {node.id for node in graph.nodes}
        self.keys = branch_keys(graph)
        self.children: dict[str | None, list[Node]] = defaultdict(list)
        for node in sorted(graph.nodes, key=lambda node: level[node.id]):
            self.children[node.parent if node.parent in ids else None].append(node)
        names = {node.id: clean(node.name) for node in graph.nodes}
        self.waits: dict[str, list[str]] = defaultdict(list)
        for edge in edges:
            if edge.source != self.keys.get(edge.target, ("", ""))[0]:
                label = f" ({clean(edge.label)})" if clean(edge.label) else ""
                self.waits[edge.target].append(f"{names[edge.source]}{label}")
        for edge in graph.references:
            if edge.source in ids and edge.target in ids:
                self.waits[edge.target].append(f"{clean(edge.label)} of {names[edge.source]}")

    def rows(self, parent: str | None = None, indent: str = "") -> Iterator[_Row]:
        """Yield the rows below a node."""
        siblings = self.children[parent]
        if parent is not None:  # the branch that is taken when true comes first
            siblings = sorted(siblings, key=lambda node: self.keys[node.id][1] != "true")
        for index, node in enumerate(siblings):
            last = index == len(siblings) - 1
            below = indent + ("   " if last else "│  ")
            state = (self.states or {}).get(node.id, NodeState())
            outcome = self.keys[node.id][1] if node.id in self.keys else ""
            taken = elapsed(state, self.now)
            yield _Row(
                branch=indent + ("└─ " if last else "├─ ") + (f"{outcome}: " if outcome else ""),
                mark=mark_of(state) if self.states is not None else None,
                name=clean(node.name),
                time="reused" if state.cached else "" if taken is None else duration(taken),
                summary=clean(items(state) or node.summary or node.type),
                waits=f"← {', '.join(self.waits[node.id])}" if self.waits[node.id] else "",
                reason=clean(state.failure_reason),
                reason_indent=below + "  ",
                faded=state.status == "NotTaken",
            )
            if node.id != parent:
                yield from self.rows(node.id, below)


def _first_line(graph: Graph, header: Header | None, width: int, paint: Paint) -> str:
    if header is None:
        header = Header(graph.pipeline, chips=(graph.size,))
    parts = [paint(cut(clean(header.title), width), "b")]
    if header.status:
        mark = mark_of_status(header.status)
        parts.append(paint(clean(f"{mark.sign} {header.status} {header.elapsed}"), mark.ink))
    return "  ".join([*parts, *(paint(clean(chip), "dim") for chip in header.chips)])


def _signed(row: _Row) -> str:
    return f"{row.mark.sign} " if row.mark is not None else ""


def _line(row: _Row, columns: tuple[int, int, int, int], paint: Paint) -> str:
    names, times, summaries, width = columns
    sign = _signed(row)
    name = cut(row.name, names - cells(row.branch + sign))
    used = cells(row.branch + sign + name)
    ink = row.mark.ink if row.mark is not None else ""
    text = paint(row.branch, "dim") + paint(sign, ink) + (paint(name, "wait") if row.faded else name)
    text += " " * (names - used)
    used = names
    if times:
        text += "  " + " " * (times - cells(row.time)) + paint(row.time, ink)
        used += times + 2
    summary = cut(row.summary, summaries)
    text += "  " + paint(summary, "dim")
    used += 2 + summaries
    if width - used - 2 >= _WAITS_ROOM:
        waits = cut(row.waits, width - used - 2)
        text += " " * (summaries - cells(summary)) + "  " + paint(waits, "dim")
    return text.rstrip()


def _reason(row: _Row, width: int) -> list[str]:
    """Return a failure reason in lines."""
    room = max(width - cells(row.reason_indent), 20)
    lines: list[str] = []
    words = row.reason.split(" ") if row.reason else []
    while words and len(lines) < _REASON_LINES:
        line = words.pop(0)
        while words and cells(f"{line} {words[0]}") <= room:
            line += f" {words.pop(0)}"
        lines.append(cut(line, room))
    if words:
        lines[-1] = cut(f"{lines[-1]} {ELLIPSIS}", room)
    return lines


def _plain(text: str, _: str) -> str:
    return text


def _paint(text: str, ink: str) -> str:
    return f"\x1b[{_ANSI[ink]}m{text}\x1b[0m" if text and ink in _ANSI else text
