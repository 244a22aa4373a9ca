"""A pipeline as SVG: cards, diamonds and edges in the tone of our look, light and dark in one file.

The drawing stands alone: no script, no font, no reference to anything outside, so that it shows
in notebooks, on web pages, in an <img> and on paper. Everything that a user or a service wrote is
cleaned and escaped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from pipecell.graph import Graph, Node, NodeState
from pipecell.view.cards import LEFT, RIGHT, Card, cards_of
from pipecell.view.collapse import collapse
from pipecell.view.durations import duration, elapsed
from pipecell.view.flow import dashed
from pipecell.view.frame import draw_header, draw_times, header_width
from pipecell.view.geometry import Box, Point
from pipecell.view.header import Header
from pipecell.view.items import items
from pipecell.view.layout import LANE, Layout, lay_out
from pipecell.view.markup import element, number, text_at, titled
from pipecell.view.metrics import ELLIPSIS, clean
from pipecell.view.paint import painted
from pipecell.view.problems import Problem, draw_problems
from pipecell.view.theme import FONT, Theme, kind_of, mark_of, stylesheet
from pipecell.view.wires import LABEL_LINE, Trunk, Wire

__all__ = ["Header", "to_svg"]

MARGIN = 26.0
_MIN_WIDTH = 420.0
_CORNER = 7.0


def to_svg(
    graph: Graph,
    *,
    states: Mapping[str, NodeState] | None = None,
    header: Header | None = None,
    diagnostics: Sequence[Problem] = (),
    now: float | None = None,
    theme: Theme = "auto",
) -> str:
    """Draw a graph, and how far its run is.

    Args:
        graph: the pipeline; above 300 nodes its parts are drawn as stacks.
        states: state of each node by id during a run; None for a preview.
        header: the strip above; by default the pipeline's name and what it consists of.
        diagnostics: what ``check`` found; listed below.
        now: epoch seconds, for the durations of running steps; by default the clock's time.
        theme: ``auto`` follows the reader's, ``light`` and ``dark`` are fixed.

    Returns:
        One SVG element, the same for the same input.

    Raises:
        MissingDependencyError: there is no Graphviz.
    """
    collapsed = collapse(graph)
    shown = collapsed.states(states) if states is not None else None
    if now is None and any(s.started is not None and s.ended is None for s in (states or {}).values()):
        now = time.time()
    cards = cards_of(collapsed.graph.nodes, with_state=states is not None)
    layout = lay_out(collapsed.graph, cards)
    strip = header or Header(graph.pipeline, chips=(graph.size,))
    width = max(layout.width + 2 * MARGIN, header_width(strip), _MIN_WIDTH)
    top, head = draw_header(strip, width, graph, states)
    drawing = _Drawing(collapsed.graph, cards, layout, shown, now)
    height = top + MARGIN + layout.height + MARGIN
    timed, times = draw_times(graph, states, width, height, now)
    below, problems = draw_problems(diagnostics, width, timed)
    body = [
        element("title", {}, clean(f"{strip.title} {strip.status}".strip())),
        f"<style>{stylesheet(theme)}</style>",
        '<defs><marker id="pc-tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path class="tip" d="M0 0.5L8 4L0 7.5z"/></marker></defs>',
        f'<rect class="bg rule" {_frame(Box(0.5, 0.5, width - 1, below - 1))} rx="8"/>',
        *head,
        f'<g transform="translate({number((width - layout.width) / 2)} {number(top + MARGIN)})">',
        *drawing.lines(),
        "</g>",
        *times,
        *problems,
    ]
    size = f'width="{number(width)}" height="{number(below)}" viewBox="0 0 {number(width)} {number(below)}"'
    fluid = 'style="max-width:100%;height:auto"'
    font = f'font-family="{escape(FONT)}" font-size="12"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" class="pc" {size} {font} {fluid} role="img">'
    return painted("\n".join([start, *body, "</svg>"]), "dark" if theme == "dark" else "light")


class _Drawing:
    """The middle of the picture: groups, edges and cards."""

    def __init__(
        self,
        graph: Graph,
        cards: Mapping[str, Card],
        layout: Layout,
        states: Mapping[str, NodeState] | None,
        now: float | None,
    ) -> None:
        self.graph = graph
        self.cards = cards
        self.layout = layout
        self.states = states
        self.now = now

    def lines(self) -> Iterator[str]:
        """Yield the elements from back to front."""
        for _, box in self.layout.groups:
            yield f'<rect class="group" {_frame(box)} rx="10"/>'
        for trunk in self.layout.trunks:
            yield self._trunk(trunk)
        for wire in self.layout.wires:
            yield self._wire(wire)
        for node in self.graph.nodes:
            yield from self._node(node, self.cards[node.id], self.layout.boxes[node.id])
        for wire in self.layout.wires:
            if wire.label_at is not None:
                yield from self._label(wire, wire.label_at)

    def _label(self, wire: Wire, middle: Point) -> Iterator[str]:
        x, y = middle
        first = y - LABEL_LINE * len(wire.label) / 2 + 9
        whole = wire.edge.label if any(ELLIPSIS in line for line in wire.label) else ""
        for index, line in enumerate(wire.label):
            style = f"label{self._faded(wire)}"
            yield text_at(x, first + index * LABEL_LINE, line, style, anchor="middle", full=whole)

    def _state(self, node_id: str) -> NodeState:
        return (self.states or {}).get(node_id, NodeState())

    def _off(self, node_id: str) -> bool:
        return self._state(node_id).status == "NotTaken"

    def _faded(self, wire: Wire) -> str:
        return " off" if self._off(wire.edge.source) or self._off(wire.edge.target) else ""

    def _wire(self, wire: Wire) -> str:
        control = " ctl" if dashed(self.graph, wire.edge) else ""
        arrow = ' marker-end="url(#pc-tip)"' if self._arrives(wire) else ""
        path = f'<path class="edge{control}{self._faded(wire)}" d="{_curve(wire.points)}"{arrow}/>'
        said = clean(wire.edge.label)
        return titled(path, said) if said and not wire.label and arrow else path

    def _arrives(self, wire: Wire) -> bool:
        """Tell whether the wire ends at its target, and not where its band ends."""
        box = self.layout.door(wire.edge.target)
        return abs(wire.points[-1][0] - box.x) < LANE / 2

    def _trunk(self, trunk: Trunk) -> str:
        targets = [edge.target for edge in trunk.edges]
        style = " off" if all(self._off(target) for target in targets) else ""
        style += " ctl" if all(dashed(self.graph, edge) for edge in trunk.edges) else ""
        words = clean(f"{trunk.edges[0].source} → {', '.join(targets)}")
        return titled(f'<path class="edge{style}" d="{_rounded(trunk.corners)}"/>', words)

    def _node(self, node: Node, card: Card, box: Box) -> Iterator[str]:
        state = self._state(node.id)
        faded = " off" if self._off(node.id) else ""
        yield f'<g class="n{faded}">'
        yield element("title", {}, self._tooltip(node, state))
        yield from self._diamond(card, box, state) if card.diamond else self._card(card, box, state)
        yield "</g>"

    def _tooltip(self, node: Node, state: NodeState) -> str:
        parts = [node.name, node.type, node.summary]
        if self.states is not None:
            parts.append(mark_of(state).word)
        if node.cell is not None:
            parts.append(f"cell {node.cell}")
        return clean(" · ".join(part for part in [*parts, items(state), state.failure_reason] if part))

    def _outline(self, state: NodeState) -> str:
        """Return the classes of an outline that says: runs, or failed."""
        ink = mark_of(state).ink
        return f" strong l-{ink}" if self.states is not None and ink in ("run", "fail") else ""

    def _card(self, card: Card, box: Box, state: NodeState) -> Iterator[str]:
        yield f'<rect class="card{self._outline(state)}" {_frame(box)} rx="{number(_CORNER)}"/>'
        yield (
            f'<rect class="f-{kind_of(card.node.type)}" x="{number(box.x)}" y="{number(box.y)}" width="5" '
            f'height="{number(box.height)}" rx="2.5"/>'
        )
        right = self._right(state) if self.states is not None else ""
        yield text_at(box.x + LEFT, box.y + 21, card.title_in(box.width, right), "b")
        yield text_at(box.x + LEFT, box.y + 39, items(state) or card.summary_in(box.width), "dim")
        if self.states is not None:
            ink = mark_of(state).ink
            yield text_at(box.x + box.width - RIGHT, box.y + 21, right, f"b tabular f-{ink}", anchor="end")

    def _right(self, state: NodeState) -> str:
        """Return what stands at the right of a card: ``0:21 ✓``, ``reused ↺``, ``○``."""
        mark = mark_of(state)
        if state.cached:
            return f"{mark.word} {mark.sign}"
        taken = elapsed(state, self.now)
        return mark.sign if taken is None else f"{duration(taken)} {mark.sign}"

    def _diamond(self, card: Card, box: Box, state: NodeState) -> Iterator[str]:
        x, y = box.x + box.width / 2, box.y + box.height / 2
        corners = [(box.x + box.width, y), (x, box.y + box.height), (box.x, y)]
        path = f"M{_at((x, box.y))} " + " ".join(f"L{_at(corner)}" for corner in corners) + " Z"
        outline = self._outline(state) or f" l-{kind_of(card.node.type)}"
        yield f'<path class="card{outline}" d="{path}" stroke-width="1.5" stroke-linejoin="round"/>'
        middle = y + 4 if not card.summary else y - 3
        yield text_at(x, middle, card.title, "b", anchor="middle")
        if card.summary:
            yield text_at(x, y + 14, card.summary, "dim", anchor="middle")
        if self.states is not None:
            mark = mark_of(state)
            yield text_at(x, y - 21, mark.sign, f"b f-{mark.ink}", anchor="middle")


def _at(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _frame(box: Box) -> str:
    return (
        f'x="{number(box.x)}" y="{number(box.y)}" width="{number(box.width)}" height="{number(box.height)}"'
    )


def _curve(points: tuple[Point, ...]) -> str:
    pieces = [
        f"C{_at(points[i])} {_at(points[i + 1])} {_at(points[i + 2])}" for i in range(1, len(points) - 2, 3)
    ]
    return f"M{_at(points[0])} {' '.join(pieces)}"


def _rounded(corners: tuple[Point, ...]) -> str:
    """Return a polyline whose corners are rounded."""
    parts = [f"M{_at(corners[0])}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        parts.append(f"L{_at(_toward(corner, before))} Q{_at(corner)} {_at(_toward(corner, after))}")
    return " ".join([*parts, f"L{_at(corners[-1])}"])


def _toward(corner: Point, other: Point) -> Point:
    """Return the point on the way from a corner to another one where its rounding ends."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)  # one of them is 0
    if length == 0:
        return corner
    part = min(_CORNER, length / 2) / length
    return corner[0] + dx * part, corner[1] + dy * part
