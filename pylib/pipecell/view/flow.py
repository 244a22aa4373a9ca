"""What of a graph is drawn: one line for each pair of steps, and branches entered where they begin.

The graph tells every dependency; a picture that drew them all would be a web. A data edge makes a
control edge beside it superfluous, and a step of a branch that waits for another one of the same
branch need not be tied to the condition as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from pipecell.graph import Edge, Graph, Node

BranchKey = tuple[str, str]
"""The condition, Map or Parallel, and the branch of it: ``true``, ``false`` or nothing."""

_STRENGTH = {"control": 0, "data": 1, "branch": 2}


def branch_keys(graph: Graph) -> dict[str, BranchKey]:
    """Return, for each nested node, the branch that holds it."""
    parents = {node.id: node.parent for node in graph.nodes}
    keys: dict[str, BranchKey] = {
        node_id: (parent, "") for node_id, parent in parents.items() if parent is not None
    }
    for edge in graph.edges:
        if (
            edge.kind == "branch"
            and parents.get(edge.target) == edge.source
            and edge.label in ("true", "false")
        ):
            keys[edge.target] = (edge.source, edge.label)
    return keys


def drawn_edges(graph: Graph) -> tuple[Edge, ...]:
    """Return the edges worth drawing, at most one for each pair of nodes, in the graph's order."""
    keys = branch_keys(graph)
    inside = {
        edge.target
        for edge in graph.edges
        if edge.source != edge.target and edge.source in keys and keys[edge.source] == keys.get(edge.target)
    }
    merged: dict[tuple[str, str], Edge] = {}
    known = {node.id for node in graph.nodes}
    for edge in _after_blocks(graph):
        if edge.source not in known or edge.target not in known:
            continue
        enters = edge.kind == "branch" and keys.get(edge.target, ("", ""))[0] == edge.source
        if enters and edge.target in inside and edge.label in ("true", "false"):
            continue
        pair = (edge.source, edge.target)
        before = merged.get(pair)
        merged[pair] = edge if before is None else _merge(before, edge)
    return tuple(merged.values())


def dashed(graph: Graph, edge: Edge) -> bool:
    """Tell whether an edge only says what comes after what; in a state machine that is the main way."""
    return edge.kind == "control" and (graph.engine != "stepfunctions" or edge.label.startswith("catch"))


def _after_blocks(graph: Graph) -> Iterator[Edge]:
    """Yield the edges, those that leave a Parallel or Map state drawn from where its machines end."""
    children: dict[str, list[str]] = defaultdict(list)
    for node in graph.nodes:
        if node.parent is not None and graph.engine == "stepfunctions":
            children[node.parent].append(node.id)
    fails = {node.id for node in graph.nodes if node.type == "Fail"}
    goes_on = fails | {
        edge.source
        for edge in graph.edges
        if edge.target not in children[edge.source] and not edge.label.startswith("catch")
    }

    def ends(node_id: str) -> list[str]:
        last = [child for child in children[node_id] if child not in goes_on]
        return [end for child in last for end in ends(child)] or [node_id]

    for edge in graph.edges:
        if edge.kind == "control" and not edge.label and children[edge.source]:
            yield from (Edge(end, edge.target, edge.kind) for end in ends(edge.source))
        else:
            yield edge


def _merge(one: Edge, other: Edge) -> Edge:
    strong, weak = (one, other) if _STRENGTH[one.kind] >= _STRENGTH[other.kind] else (other, one)
    labels = [label for label in dict.fromkeys((strong.label, weak.label)) if label]
    return Edge(strong.source, strong.target, strong.kind, ", ".join(labels))


def groups_of(graph: Graph, ids: Collection[str]) -> dict[BranchKey, tuple[BranchKey | None, list[str]]]:
    """Return the branches with more than one step among ``ids``: the branch around each, and its members."""
    keys = branch_keys(graph)
    members: dict[BranchKey, list[str]] = defaultdict(list)
    for node in graph.nodes:
        if node.id in keys and node.id in ids:
            members[keys[node.id]].append(node.id)
    kept = {key for key, inside in members.items() if len(inside) > 1}
    groups: dict[BranchKey, tuple[BranchKey | None, list[str]]] = {}
    for key, inside in members.items():
        around = keys.get(key[0])
        while around is not None and around not in kept:
            around = keys.get(around[0])
        if key in kept:
            groups[key] = (around, inside)
        elif around is not None:  # a lone step inside a drawn branch belongs to that one
            members[around] += inside
            if around in groups:
                groups[around] = (groups[around][0], members[around])
    return groups


def levels(nodes: Iterable[Node], edges: Iterable[Edge]) -> dict[str, int]:
    """Return how many steps at least come before each node; edges that close a loop are ignored.

    A node that waits for nothing stands just before the first one that needs it, not at the far left.
    """
    order, forward = _order([node.id for node in nodes], edges)
    level = dict.fromkeys(order, 0)
    for node_id in order:
        for target in forward[node_id]:
            level[target] = max(level[target], level[node_id] + 1)
    waits = {target for targets in forward.values() for target in targets}
    for node_id in order:
        if node_id not in waits and forward[node_id]:
            level[node_id] = min(level[target] for target in forward[node_id]) - 1
    return level


def _order(ids: list[str], edges: Iterable[Edge]) -> tuple[list[str], dict[str, list[str]]]:
    """Return a topological order, and the edges that respect it."""
    outgoing: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        outgoing[edge.source].append(edge.target)
    finished: list[str] = []
    state: dict[str, int] = {}  # 1 while its followers are being visited, 2 when done
    forward: dict[str, list[str]] = {node_id: [] for node_id in ids}
    for root in _roots_first(ids, outgoing):
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(outgoing[root]))]
        while stack:
            node_id, followers = stack[-1]
            target = next(followers, None)
            if target is None:
                state[node_id] = 2
                finished.append(node_id)
                stack.pop()
            elif state.get(target) != 1:  # else it closes a loop
                forward[node_id].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(outgoing[target])))
    return finished[::-1], forward


def _roots_first(ids: list[str], outgoing: Mapping[str, list[str]]) -> list[str]:
    waits = {target for source in ids for target in outgoing[source] if target != source}
    return sorted(ids, key=lambda node_id: node_id in waits)
