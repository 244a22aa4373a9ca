"""The steps of a pipeline as a table, and the page of HTML that a saved notebook keeps.

Plain tags, no script, nothing that is fetched: it shows wherever a notebook is shown, also where
style sheets and inline drawings are taken out of outputs, as on GitHub.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping

from pipecell.graph import Graph, Node, NodeState
from pipecell.view.collapse import collapse
from pipecell.view.durations import duration, elapsed
from pipecell.view.flow import drawn_edges
from pipecell.view.header import Header
from pipecell.view.html import Raw, tag
from pipecell.view.items import items
from pipecell.view.metrics import clean
from pipecell.view.theme import mark_of, mark_of_status

_LEFT = "text-align:left"


def steps_table(
    graph: Graph, states: Mapping[str, NodeState] | None, title: str, now: float | None = None
) -> Raw:
    """Return the steps as an HTML table, those of a large pipeline as the stacks that its picture has.

    Args:
        graph: the pipeline.
        states: state of each node by id during a run; None for a preview, whose steps have none.
        title: what stands above.
        now: epoch seconds, for running steps; by default the clock's time.
    """
    collapsed = collapse(graph)
    shown = collapsed.states(states) if states is not None else None
    now = time.time() if now is None else now
    after = _after(collapsed.graph)
    heads = ["Step", "Type", "What", *(["Status", "Took", "Why"] if shown is not None else ["After"])]
    rows = []
    for node in collapsed.graph.nodes:
        known = [clean(node.name), clean(node.type), clean(node.summary)]
        more = (
            _run(shown.get(node.id, NodeState()), now) if shown is not None else [", ".join(after[node.id])]
        )
        cells = [*known, *more]
        rows.append(
            tag(
                "tr", *(tag("td", cell, style=_styles(head)) for head, cell in zip(heads, cells, strict=True))
            )
        )
    head = tag("tr", *(tag("th", name, style=_LEFT, scope="col") for name in heads))
    return tag("table", tag("caption", title, style=_LEFT), tag("thead", head), tag("tbody", *rows))


def _styles(head: str) -> str:
    """Return the style of a column's cells: a sign and its word stay together."""
    return f"{_LEFT};white-space:nowrap" if head in ("Status", "Step") else _LEFT


def stored_page(
    svg: str,
    graph: Graph,
    states: Mapping[str, NodeState] | None = None,
    header: Header | None = None,
    *,
    again: str = "",
    now: float | None = None,
) -> str:
    """Return what a saved notebook shows without pipecell: the picture as an image, and its steps as a table.

    Args:
        svg: the picture.
        graph: the pipeline.
        states: state of each node by id during a run; None for a preview.
        header: what the strip above the picture says.
        again: the line of a cell that shows it live again; empty for none.
        now: epoch seconds, for running steps; by default the clock's time.
    """
    title = _title(graph, header)
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    image = tag("img", src=source, alt=title, style="max-width:100%;height:auto")
    parts = [tag("p", image), steps_table(graph, states, title, now)]
    if again:
        parts.append(
            tag(
                "p",
                "To see it live again: ",
                tag("code", "%load_ext pipecell"),
                ", then ",
                tag("code", again),
            )
        )
    return tag("div", *parts)


def _title(graph: Graph, header: Header | None) -> str:
    if header is None:
        return clean(graph.pipeline)
    sign = mark_of_status(header.status).sign if header.status else ""
    status = f"{sign} {header.status} {header.elapsed}".strip()
    return clean(" · ".join(part for part in [header.title, status, *header.chips] if part))


def _run(state: NodeState, now: float) -> list[str]:
    """Return how a step stands: its sign and word, how long it took, and what is to be said of it."""
    mark = mark_of(state)
    taken = elapsed(state, now)
    word = mark.word or "waiting"
    why = " · ".join(part for part in [items(state), clean(state.failure_reason)] if part)
    return [f"{mark.sign} {word}", "" if taken is None else duration(taken), why]


def _after(graph: Graph) -> dict[str, list[str]]:
    """Return the names of what each node waits for, by the node's id."""
    names: dict[str, Node] = {node.id: node for node in graph.nodes}
    after: dict[str, list[str]] = defaultdict(list)
    for edge in drawn_edges(graph):
        after[edge.target].append(clean(names[edge.source].name))
    return after
