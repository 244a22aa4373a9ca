"""A pipeline as DOT: readable by people, drawable by any Graphviz, nothing of ours needed."""

from __future__ import annotations

import re
from collections.abc import Mapping

import graphviz

from pipecell.graph import Edge, Graph, Node
from pipecell.view.flow import BranchKey, dashed, drawn_edges, groups_of
from pipecell.view.metrics import clean
from pipecell.view.theme import DECISIONS, ink_of, kind_of

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_RESERVED = frozenset({"node", "edge", "graph", "digraph", "subgraph", "strict"})
_FONT = "Helvetica"


def to_dot(graph: Graph) -> str:
    """Return DOT source: left to right, a colour for each kind of step, diamonds for conditions."""
    drawing = graphviz.Digraph(
        name=graphviz.escape(clean(graph.pipeline) or "pipeline"),
        graph_attr={
            "rankdir": "LR",
            "fontname": _FONT,
            "bgcolor": "white",
            "nodesep": "0.3",
            "ranksep": "0.5",
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fillcolor": "white",
            "fontname": _FONT,
            "fontsize": "11",
            "margin": "0.15,0.08",
            "penwidth": "1.5",
        },
        edge_attr={"fontname": _FONT, "fontsize": "9", "color": "#667085", "fontcolor": "#667085"},
    )
    names = _names(graph)
    for node in graph.nodes:
        drawing.node(names[node.id], **_node_attributes(node))
    for edge in drawn_edges(graph):
        drawing.edge(names[edge.source], names[edge.target], **_edge_attributes(graph, edge))
    _add_groups(drawing, groups_of(graph, names), names, None)
    return str(drawing.source)


def _names(graph: Graph) -> dict[str, str]:
    """Return a name for each node: its own where DOT can hold it bare, else a number."""
    names: dict[str, str] = {}
    taken = {node.id for node in graph.nodes}
    for number, node in enumerate(graph.nodes):
        name = node.id
        if not _SAFE.fullmatch(name) or name.lower() in _RESERVED:
            name = f"node_{number}"
            while name in taken:
                name += "_"
            taken.add(name)
        names[node.id] = name
    return names


def _node_attributes(node: Node) -> dict[str, str]:
    lines = [clean(node.name), clean(node.summary) or clean(node.type)]
    attributes = {
        "label": graphviz.nohtml("\\n".join(str(graphviz.escape(line)) for line in lines)),
        "color": ink_of(kind_of(node.type), "light"),
        "tooltip": graphviz.escape(clean(f"{node.name} · {node.type}")),
    }
    return attributes | ({"shape": "diamond", "style": "filled"} if node.type in DECISIONS else {})


def _edge_attributes(graph: Graph, edge: Edge) -> dict[str, str]:
    attributes = {"label": graphviz.escape(clean(edge.label))} if clean(edge.label) else {}
    return attributes | ({"style": "dashed"} if dashed(graph, edge) else {})


def _add_groups(
    drawing: graphviz.Digraph,
    groups: Mapping[BranchKey, tuple[BranchKey | None, list[str]]],
    names: Mapping[str, str],
    outer: BranchKey | None,
) -> None:
    """Add a dotted frame around each branch of more than one step, frames inside frames."""
    for number, (key, (around, members)) in enumerate(groups.items()):
        if around != outer:
            continue
        with drawing.subgraph(name=f"cluster_{number}") as frame:
            frame.attr(style="rounded,dotted", color="#98a2b3")
            for member in members:
                frame.node(names[member])
            _add_groups(frame, groups, names, key)
