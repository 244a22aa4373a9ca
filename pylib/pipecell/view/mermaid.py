"""A pipeline as Mermaid, for README files and wikis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipecell.graph import Graph, Node
from pipecell.view.flow import BranchKey, dashed, drawn_edges, groups_of
from pipecell.view.metrics import clean
from pipecell.view.theme import DECISIONS, ink_of, kind_of

# Mermaid reads markup and Markdown inside quotes; its own entities are the only safe way to write these.
_ENTITIES = {character: f"#{ord(character)};" for character in "#&<>\"'`*_\\|[]{}()%;"}
_TABLE = str.maketrans(_ENTITIES)


def to_mermaid(graph: Graph) -> str:
    """Return a flowchart from left to right: diamonds for conditions, dotted lines for control."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    groups = groups_of(graph, names)
    grouped = {member for _, members in groups.values() for member in members}
    nodes = {node.id: node for node in graph.nodes}
    lines = ["flowchart LR"]
    lines += [f"  {_node(node, names)}" for node in graph.nodes if node.id not in grouped]
    lines += _frames(groups, nodes, names, None, "  ")
    for edge in drawn_edges(graph):
        arrow = "-.->" if dashed(graph, edge) else "-->"
        label = f'|"{_text(edge.label)}"|' if clean(edge.label) else ""
        lines.append(f"  {names[edge.source]} {arrow}{label} {names[edge.target]}")
    kinds = dict.fromkeys(kind_of(node.type) for node in graph.nodes)
    lines += [f"  classDef {kind} stroke:{ink_of(kind, 'light')},stroke-width:2px" for kind in kinds]
    for kind in kinds:
        members = ",".join(names[node.id] for node in graph.nodes if kind_of(node.type) == kind)
        lines.append(f"  class {members} {kind}")
    return "\n".join(lines) + "\n"


def _frames(
    groups: Mapping[BranchKey, tuple[BranchKey | None, list[str]]],
    nodes: Mapping[str, Node],
    names: Mapping[str, str],
    outer: BranchKey | None,
    indent: str,
) -> Iterator[str]:
    for number, (key, (around, members)) in enumerate(groups.items()):
        if around != outer:
            continue
        title = _text(f"{nodes[key[0]].name} {key[1]}".strip())
        yield f'{indent}subgraph g{number} ["{title}"]'
        yield from (f"{indent}  {_node(nodes[member], names)}" for member in members)
        yield from _frames(groups, nodes, names, key, indent + "  ")
        yield f"{indent}end"


def _node(node: Node, names: Mapping[str, str]) -> str:
    summary = clean(node.summary) or clean(node.type)
    text = f'"{_text(node.name)}<br>{_text(summary)}"'
    return f"{names[node.id]}{{{text}}}" if node.type in DECISIONS else f"{names[node.id]}[{text}]"


def _text(text: str) -> str:
    return clean(text).translate(_TABLE)
