"""What is folded: groups closed by a person, and stacks that a large graph begins with.

A group is a node that holds others: a condition, a Parallel or Map state. Folded, it stands for
all that is inside of it, branches within branches included. What a step started itself, such as the
trials of a tuning job, begins folded. A stack is what `collapse` makes of steps that are alike; opened,
its steps are drawn one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pipecell.graph import Graph, Node, NodeState
from pipecell.view.collapse import LIMIT, Collapsed, collapse, merge

MOST_OPEN = 1_200
"""Nodes that are drawn at all, however much a person opens."""


@dataclass(frozen=True)
class Folding:
    """What a person folded and opened.

    Attributes:
        folded: ids of the groups that are closed.
        opened: ids of the stacks that are taken apart, and of the groups that began folded and are open.
    """

    folded: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Folded:
    """A graph as it is to be drawn.

    Attributes:
        collapsed: the drawn graph, and what each of its nodes stands for.
        groups: ids of the drawn nodes that hold others, and whether they are folded.
        speaking: ids of the folded steps whose own state says how what they hold is. A condition has
            ended before its branches begin, so it is none of them.
        stacks: ids of the drawn nodes that stand for several steps, and are none themselves.
    """

    collapsed: Collapsed
    groups: Mapping[str, bool]
    speaking: frozenset[str] = frozenset()
    stacks: frozenset[str] = frozenset()

    def states(self, states: Mapping[str, NodeState]) -> dict[str, NodeState]:
        """Return the state of each drawn node from the states of what it stands for."""
        own = {node_id: states[node_id] for node_id in self.speaking if node_id in states}
        return {**self.collapsed.states(states), **own}

    def hidden(self, node_id: str) -> int:
        """Return how many nodes a drawn one stands for besides itself."""
        return len(self.collapsed.members[node_id]) - 1

    def hiding(self, node_id: str) -> str | None:
        """Return the drawn node that hides another one; None where that is drawn, or is not there at all."""
        keepers = (one for one, inside in self.collapsed.members.items() if node_id in inside)
        keeper = next(keepers, node_id)
        return keeper if keeper != node_id or keeper in self.stacks else None


def fold(graph: Graph, folding: Folding, limit: int = LIMIT) -> Folded:
    """Return the graph with its groups folded, and as stacks where it is still too large.

    Args:
        graph: the whole pipeline.
        folding: what a person chose.
        limit: nodes that are drawn one by one.
    """
    holders = {node.parent for node in graph.nodes if node.parent is not None}
    current = Collapsed(graph, {node.id: (node.id,) for node in graph.nodes})
    shut = {node.id for node in graph.nodes if node.shut} - folding.opened
    closed = frozenset((folding.folded | shut) & holders)
    if closed:
        around = _closed_around(graph, closed)
        current = merge(current, lambda _: around)
        current = replace(current, graph=_as_groups(current.graph, graph, closed))
    groups = {node.id: node.id in closed for node in current.graph.nodes if node.id in holders}
    types = {node.id: node.type for node in graph.nodes}
    speaking = frozenset(node_id for node_id in closed if types[node_id] != "Condition")
    if len(current.graph.nodes) <= limit:
        return Folded(current, groups, speaking & groups.keys())
    stacked = collapse(current.graph, limit)
    stacks = {node_id: inside for node_id, inside in stacked.members.items() if len(inside) > 1}
    apart = {node_id for node_id in stacks if node_id in folding.opened}
    if apart and len(stacked.graph.nodes) + sum(len(stacks[one]) for one in apart) <= MOST_OPEN:
        own = {
            member: member if first in apart else first
            for first, inside in stacked.members.items()
            for member in inside
        }
        stacked = merge(Collapsed(current.graph, {n.id: (n.id,) for n in current.graph.nodes}), lambda _: own)
    members = {
        node_id: tuple(all_ for one in inside for all_ in current.members[one])
        for node_id, inside in stacked.members.items()
    }
    shown = {node.id for node in stacked.graph.nodes}
    together = frozenset(node_id for node_id in stacks if node_id in shown and node_id not in apart)
    left = {node_id: is_folded for node_id, is_folded in groups.items() if node_id in shown}
    left |= dict.fromkeys(together, True)
    left |= {node_id: False for node_id in apart if node_id in shown and node_id not in groups}
    return Folded(Collapsed(stacked.graph, members), left, speaking & (shown - together), together)


def toggle(folding: Folding, folded: Folded, node_id: str) -> Folding:
    """Return what is folded after a person folded or opened one drawn node."""
    state = folded.groups.get(node_id)
    if state is None:
        return folding
    if node_id in folding.folded:
        return replace(folding, folded=folding.folded - {node_id})
    if node_id in folding.opened:
        return replace(folding, opened=folding.opened - {node_id})
    if state:
        return replace(folding, opened=folding.opened | {node_id})
    return replace(folding, folded=folding.folded | {node_id})


def unfold(graph: Graph, folding: Folding, node_id: str) -> Folding:
    """Return what is folded after all that hides a node was opened.

    Args:
        graph: the whole pipeline.
        folding: what was folded and opened before.
        node_id: the node that is to be drawn. Where too much would be drawn with it, other stacks close.
    """
    begun_shut = frozenset(node.id for node in graph.nodes if node.shut)
    for begun in (folding, replace(folding, opened=folding.opened & begun_shut)):
        found = _opened_around(graph, begun, node_id)
        if found is not None:
            return found
    return folding


def _opened_around(graph: Graph, folding: Folding, node_id: str) -> Folding | None:
    """Return what is folded after opening all that hides a node; None where that draws too much."""
    while (keeper := fold(graph, folding).hiding(node_id)) is not None:
        if keeper in folding.folded:
            folding = replace(folding, folded=folding.folded - {keeper})
        elif keeper not in folding.opened:
            folding = replace(folding, opened=folding.opened | {keeper})
        else:
            return None
    return folding


def toggle_all(graph: Graph, folding: Folding, folded: Folded, *, shut: bool) -> Folding:
    """Return what is folded after a person folded, or opened, all at once.

    Args:
        graph: the whole pipeline.
        folding: what was folded and opened before.
        folded: the graph as it is drawn by that.
        shut: fold every group; else open every group and stack that is drawn.
    """
    holders = frozenset(node.parent for node in graph.nodes if node.parent is not None)
    if shut:
        return Folding(folded=holders)
    begun_shut = frozenset(node.id for node in graph.nodes if node.shut)
    closed = frozenset(node for node, is_closed in folded.groups.items() if is_closed)
    return Folding(opened=folding.opened | (closed - (holders - begun_shut)))


def _closed_around(graph: Graph, closed: frozenset[str]) -> dict[str, str]:
    """Return, for each node, the outermost closed group that holds it, or itself."""
    parents = {node.id: node.parent for node in graph.nodes}

    def holders(node_id: str) -> Iterator[str]:
        seen, above = {node_id}, parents[node_id]
        while above is not None and above not in seen:
            seen.add(above)
            yield above
            above = parents.get(above)

    return {
        node_id: next((one for one in reversed([*holders(node_id)]) if one in closed), node_id)
        for node_id in parents
    }


def _as_groups(drawn: Graph, graph: Graph, closed: frozenset[str]) -> Graph:
    """Return the graph in which a closed group keeps its own name, and says what it holds."""
    originals = {node.id: node for node in graph.nodes}
    inside: dict[str, int] = defaultdict(int)
    for node_id, keeper in _closed_around(graph, closed).items():
        inside[keeper] += node_id != keeper
    nodes = tuple(
        _group(originals[node.id], node.parent, inside[node.id]) if inside[node.id] else node
        for node in drawn.nodes
    )
    return replace(drawn, nodes=nodes)


def _group(original: Node, parent: str | None, inside: int) -> Node:
    """Return a folded group; one that fills up as it runs keeps its words, so that it keeps its size."""
    summary = original.summary if original.shut else f"{inside} steps inside"
    return replace(original, parent=parent, summary=summary)
