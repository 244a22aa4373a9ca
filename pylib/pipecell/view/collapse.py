"""Drawing a thousand steps: what is alike becomes one stack, until the picture can be taken in.

First the inside of every branch goes into its condition's successors, then steps with the same
type, sources and targets become one card, then chains of single steps; whatever still is too
large is gathered level by level. A stack's state is that of its members together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipecell.graph import Edge, EdgeKind, Graph, Node, NodeState
from pipecell.view.flow import drawn_edges, levels

LIMIT = 300
"""Nodes that are drawn one by one."""

_STRENGTH: Mapping[EdgeKind, int] = {"control": 0, "data": 1, "branch": 2}
_URGENCY = ("Failed", "Stopping", "Executing", "Starting", "Stopped")


@dataclass(frozen=True)
class Collapsed:
    """A graph small enough to draw, and what each of its nodes stands for."""

    graph: Graph
    members: Mapping[str, tuple[str, ...]]

    def states(self, states: Mapping[str, NodeState]) -> dict[str, NodeState]:
        """Return the state of each drawn node from the states of what it stands for."""
        return {
            node_id: together([states.get(member, NodeState()) for member in members])
            for node_id, members in self.members.items()
        }


def together(states: Sequence[NodeState]) -> NodeState:
    """Return the state of several steps as one: the most urgent word, the first start, the last end."""
    if len(states) == 1:
        return states[0]
    statuses = {state.status for state in states}
    done = statuses <= {"Succeeded", "NotTaken"}
    word = next((status for status in _URGENCY if status in statuses), "")
    if not word:
        word = ("NotTaken" if statuses == {"NotTaken"} else "Succeeded") if done else ""
    if not word and "Succeeded" in statuses:
        word = "Executing"  # some have ended and others have not begun
    starts = [state.started for state in states if state.started is not None]
    ends = [state.ended for state in states if state.ended is not None]
    reasons = [state.failure_reason for state in states if state.failure_reason]
    return NodeState(
        status=word,
        started=min(starts, default=None),
        ended=max(ends, default=None) if word in ("Succeeded", "Failed", "Stopped") else None,
        cached=done and all(state.cached for state in states if state.status == "Succeeded"),
        failure_reason=reasons[0] if reasons else "",
    )


def collapse(graph: Graph, limit: int = LIMIT) -> Collapsed:
    """Return the graph as it is when it has at most ``limit`` nodes, else one with stacks."""
    current = Collapsed(graph, {node.id: (node.id,) for node in graph.nodes})
    if len(graph.nodes) <= limit:
        return current
    current = merge(current, _by_branch)
    for find in (_by_neighbours, _by_chain, _by_neighbours, _by_chain):
        if len(current.graph.nodes) > limit:
            current = merge(current, find)
    if len(current.graph.nodes) > limit:
        current = merge(current, lambda g: _by_level(g, limit))
    return current


Sets = dict[str, str]
"""Node id to the id of one node of the stack that it joins."""


def _by_branch(graph: Graph) -> Sets:
    """Join the steps of one branch that have the same type."""
    first: dict[tuple[str | None, str], str] = {}
    return {
        node.id: first.setdefault((node.parent, node.type), node.id) if node.parent is not None else node.id
        for node in graph.nodes
    }


def _by_neighbours(graph: Graph) -> Sets:
    """Join steps of one type that wait for the same steps and are waited for by the same."""
    before, after = _neighbours(graph)
    first: dict[tuple[str, frozenset[str], frozenset[str]], str] = {}
    return {
        node.id: first.setdefault((node.type, frozenset(before[node.id]), frozenset(after[node.id])), node.id)
        for node in graph.nodes
    }


def _by_chain(graph: Graph) -> Sets:
    """Join each step with its only predecessor, where it is that one's only successor."""
    before, after = _neighbours(graph)
    sets: Sets = {}
    for node in graph.nodes:
        start, seen = node.id, {node.id}
        while len(before[start]) == 1:
            (previous,) = before[start]
            if len(after[previous]) != 1 or previous in seen:
                break
            if previous in sets:
                start = sets[previous]
                break
            seen.add(previous)
            start = previous
        sets[node.id] = start
    return sets


def _by_level(graph: Graph, limit: int) -> Sets:
    """Join all steps of neighbouring levels: the last resort, which always suffices."""
    level_of = levels(graph.nodes, graph.edges)
    lowest = min(level_of.values())
    span = max(1, -(-(max(level_of.values()) - lowest + 1) // limit))
    first: dict[int, str] = {}
    return {node.id: first.setdefault((level_of[node.id] - lowest) // span, node.id) for node in graph.nodes}


def _neighbours(graph: Graph) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    before: dict[str, set[str]] = defaultdict(set)
    after: dict[str, set[str]] = defaultdict(set)
    for edge in drawn_edges(graph):
        if edge.source != edge.target:
            before[edge.target].add(edge.source)
            after[edge.source].add(edge.target)
    return before, after


def merge(collapsed: Collapsed, find: Callable[[Graph], Sets]) -> Collapsed:
    """Return the graph in which the nodes of each set are one, named after the set's first node."""
    graph = collapsed.graph
    found, first_of = find(graph), dict[str, str]()
    sets = {node.id: first_of.setdefault(found[node.id], node.id) for node in graph.nodes}
    inside: dict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        inside[sets[node.id]].append(node)
    members = {
        first: tuple(member for node in nodes for member in collapsed.members[node.id])
        for first, nodes in inside.items()
    }
    nodes = tuple(_stack(stacked, len(members[first])) for first, stacked in inside.items())
    nodes = tuple(
        replace(
            node, parent=sets[node.parent] if node.parent in sets and sets[node.parent] != node.id else None
        )
        for node in nodes
    )
    edges: dict[tuple[str, str], EdgeKind] = {}
    for edge in graph.edges:
        source, target = sets[edge.source], sets[edge.target]
        if source != target:
            kind = edges.get((source, target), edge.kind)
            edges[source, target] = max(kind, edge.kind, key=_STRENGTH.__getitem__)
    labels = {(edge.source, edge.target): edge.label for edge in graph.edges}
    drawn = tuple(Edge(s, t, kind, labels.get((s, t), "")) for (s, t), kind in edges.items())
    return Collapsed(Graph(graph.pipeline, graph.engine, nodes, drawn), members)


def _stack(nodes: Sequence[Node], count: int) -> Node:
    """Return one node that stands for several."""
    first, last = nodes[0], nodes[-1]
    if len(nodes) == 1:
        return first
    types = Counter(node.type for node in nodes)
    kind = types.most_common(1)[0][0]
    summary = f"{count} steps" if len(types) > 1 else f"{count} × {kind}"
    return replace(first, name=f"{first.name} … {last.name}", type=kind, summary=summary)
