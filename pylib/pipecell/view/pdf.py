"""A pipeline as one page of PDF, for notebooks that become LaTeX.

``nbconvert --to pdf`` cannot put an SVG on paper by itself: it calls Inkscape, and gives up where that
is not installed. A drawing that is a PDF already needs nobody. The page uses the fonts that every
reader of PDF has, whose letters are those of Western Europe; others become question marks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipecell.graph import Graph, NodeState
from pipecell.view.durations import duration
from pipecell.view.folding import Folding
from pipecell.view.header import Header
from pipecell.view.metrics import clean, elide, text_width
from pipecell.view.model import scene_of, step_states
from pipecell.view.pdf_page import BOLD, Page
from pipecell.view.theme import Mark, mark_of, mark_of_status

_MARGIN = 20.0
_STRIP = 36.0
_ROW = 17.0
_LEAST_WIDTH = 620.0
_COLUMNS = (0.0, 0.30, 0.46, 0.62, 0.70)
_STATUS = 2  # its column has signs before its words
_EXTRA = 4  # of a state's row


def to_pdf(
    graph: Graph,
    states: Mapping[str, NodeState] | None = None,
    header: Header | None = None,
    *,
    now: float | None = None,
) -> bytes:
    """Draw a graph, how far its run is, and a table of its steps.

    Args:
        graph: the pipeline; above 300 nodes its parts are drawn as stacks.
        states: state of each node by id during a run; None for a preview.
        header: what the strip above says; by default the pipeline's name.
        now: epoch seconds, for running steps; without, they have no time.

    Raises:
        MissingDependencyError: there is no Graphviz.
    """
    scene = scene_of(graph, Folding(), with_state=states is not None)
    body = scene.body
    rows = {row[0]: row for row in step_states(scene, states or {}, 0.0)}
    width = max(float(body["width"]) + 2 * _MARGIN, _LEAST_WIDTH)
    middle = _STRIP + 2 * _MARGIN + float(body["height"])
    height = middle + _ROW * (len(body["nodes"]) + 1) + _MARGIN
    page = Page()
    _head(page, header or Header(graph.pipeline))
    left = (width - float(body["width"])) / 2
    page.said.append(f"q 1 0 0 1 {left:.1f} {_STRIP + _MARGIN:.1f} cm")
    _drawing(page, body, rows, run=states is not None, now=now)
    page.said.append("Q")
    _table(page, body["nodes"], rows, (middle, width), run=states is not None, now=now)
    return page.to_file(width, height)


def _head(page: Page, header: Header) -> None:
    title = elide(clean(header.title), 300, 14, bold=True)
    page.colour("text")
    page.text(_MARGIN, 25, title, 14, BOLD)
    x = _MARGIN + text_width(title, 14, bold=True) + 14
    if header.status:
        mark = mark_of_status(header.status)
        page.colour(mark.ink)
        page.sign(x, 25, mark, 11)
        status = clean(f"{header.status} {header.elapsed}")
        page.text(x + 14, 25, status, 11, BOLD)
        x += 28 + text_width(status, 11, bold=True)
    page.colour("dim")
    page.text(x, 25, " · ".join(clean(chip) for chip in header.chips), 11)


def _drawing(
    page: Page, body: Mapping[str, Any], rows: Mapping[int, Sequence[Any]], *, run: bool, now: float | None
) -> None:
    for group in body["groups"]:
        page.colour("line")
        page.box(group["x"], group["y"], group["width"], group["height"], "S")
    for wire in body["wires"]:
        page.colour("dim")
        dash = "[4 3] 0 d" if wire["dashed"] else "[] 0 d"
        page.said.append(dash)
        page.path(wire["points"], "S", curved=not wire["straight"])
        page.said.append("[] 0 d")
        if wire["arrow"]:
            x, y = wire["points"][-1]
            page.path([(x - 7, y - 3.5), (x, y), (x - 7, y + 3.5)], "f", curved=False)
        if wire["labelAt"]:
            x, y = wire["labelAt"]
            words = " ".join(wire["label"])
            room = text_width(words, 9)
            page.colour("bg")
            page.box(x - room / 2.2, y - 5, room / 1.1, 11, "f")
            page.colour("dim")
            page.text(x - room / 2.3, y + 3, words, 9)
    for index, node in enumerate(body["nodes"]):
        _card(page, node, rows.get(index), run=run, now=now)


def _card(
    page: Page, node: Mapping[str, Any], row: Sequence[Any] | None, *, run: bool, now: float | None
) -> None:
    x, y, width, height = node["x"], node["y"], node["width"], node["height"]
    mark = _mark(row)
    diamond = node["shape"] == "diamond"
    corners = [
        (x + width / 2, y),
        (x + width, y + height / 2),
        (x + width / 2, y + height),
        (x, y + height / 2),
    ]
    outline = node["kind"] if diamond else mark.ink if run and mark.ink in ("ok", "run", "fail") else "line"
    for ink, how in (("bg", "f"), (outline, "s" if diamond else "S")):
        page.colour(ink)
        if diamond:
            page.path(corners, how, curved=False)
        else:
            page.box(x, y, width, height, how)
    if not diamond:
        page.colour(node["kind"])
        page.box(x, y, 5, height, "f")
    start = x + (width - text_width(node["title"], 11, bold=True) * 0.86) / 2 if diamond else x + 14
    page.colour("text")
    page.text(start, y + (height / 2 - 2 if diamond else 21), node["title"], 11, BOLD)
    page.colour("dim")
    below = x + (width - text_width(node["summary"], 9.5) * 0.86) / 2 if diamond else x + 14
    page.text(below, y + (height / 2 + 13 if diamond else 39), node["summary"], 9.5)
    if run:
        page.colour(mark.ink)
        page.sign(x + (width / 2 - 4 if diamond else width - 20), y + 21, mark, 10)
        took = "" if diamond else _took(row, now)
        page.text(x + width - 24 - text_width(took, 10) * 0.86, y + 21, took, 10, BOLD)


def _table(
    page: Page,
    nodes: Iterable[Mapping[str, Any]],
    rows: Mapping[int, Sequence[Any]],
    place: tuple[float, float],
    *,
    run: bool,
    now: float | None,
) -> None:
    top, width = place
    ends = [_MARGIN + share * (width - 2 * _MARGIN) for share in (*_COLUMNS, 1.0)]
    page.colour("dim")
    heads = ("Step", "Type", "Status", "Took", "Why") if run else ("Step", "Type", "What")
    for x, head in zip(ends, heads, strict=False):
        page.text(x, top + 12, head, 9.5, BOLD)
    for index, node in enumerate(nodes):
        y = top + _ROW * (index + 1) + 12
        row = rows.get(index)
        page.colour("text")
        cells = [node["name"], node["type"]]
        if run:
            mark = _mark(row)
            why = _extra(row).get("reason", "")
            cells += [mark.word or "waiting", _took(row, now), why]
            page.sign(ends[2], y, mark, 9)
        else:
            cells.append(node["summary"])
        for column, cell in enumerate(cells):
            shift = 14 if run and column == _STATUS else 0
            page.text(ends[column] + shift, y, elide(cell, ends[column + 1] - ends[column] - 16, 9.5), 9.5)


def _mark(row: Sequence[Any] | None) -> Mark:
    if row is None:
        return mark_of(NodeState())
    return mark_of(NodeState(row[1], cached=bool(_extra(row).get("cached"))))


def _extra(row: Sequence[Any] | None) -> Mapping[str, Any]:
    """Return what a state says besides its word and its times."""
    return {} if row is None else next(iter(row[_EXTRA : _EXTRA + 1]), {})


def _took(row: Sequence[Any] | None, now: float | None) -> str:
    if row is None or row[2] is None:
        return ""
    end = row[3] if row[3] is not None else now
    return "" if end is None else duration(end - row[2])
