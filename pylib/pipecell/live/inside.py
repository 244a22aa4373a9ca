"""A run with what its steps started: trials and other executions as groups under their steps.

The graph of a run is that of its definition, which never changes. What steps start appears while it
runs, folded, so that no card moves when it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipecell.definition import read_graph
from pipecell.definition.outcome import not_taken
from pipecell.engines.engine import SUCCEEDED
from pipecell.graph import Edge, Graph, Node, NodeState

if TYPE_CHECKING:
    from pipecell.engines.engine import ExecutionSnapshot, Inside, StepSnapshot


@dataclass(frozen=True)
class Part:
    """What a node stands for that is inside of a step.

    Attributes:
        inside: the trials or the execution that it belongs to.
        node: its id in that execution's own graph; the training job's name of a trial.
    """

    inside: Inside
    node: str


@dataclass(frozen=True)
class Whole:
    """The graph of a run with all that its steps started.

    Attributes:
        graph: steps that started others hold them, and begin folded.
        parts: the nodes that are inside of steps, by id.
        holders: what each step started, by the step's id.
        sizes: how many nodes that has.
    """

    graph: Graph
    parts: Mapping[str, Part] = field(default_factory=dict)
    holders: Mapping[str, Inside] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def states(self, own: Mapping[str, NodeState], seen: ExecutionSnapshot) -> dict[str, NodeState]:
        """Return the state of each node that has one.

        Args:
            own: states of the run's own nodes, by id.
            seen: the run as it is now.
        """
        found = dict(own)
        latest = {inside.path: _by_name(inside) for inside in seen.inside}
        for node in self.graph.nodes:
            part = self.parts.get(node.id)
            if part is None:
                continue
            name = part.node if part.inside.kind == "trials" else node.name
            state = latest.get(part.inside.path, {}).get(name)
            if state is not None:
                found[node.id] = state
        return found

    def values(self, seen: ExecutionSnapshot) -> dict[str, str]:
        """Return what stands on cards: how far a step's trials or states are, what a trial reached."""
        found = {
            node_id: progress(_latest(inside, seen), self.sizes[node_id])
            for node_id, inside in self.holders.items()
        }
        reached = {inside.path: _reached(inside) for inside in seen.inside if inside.kind == "trials"}
        for node in self.graph.nodes:
            part = self.parts.get(node.id)
            if part is not None:
                value = reached.get(part.inside.path, {}).get(part.node)
                found[node.id] = " · ".join(filter(None, (value, node.summary))) if value else ""
        return {node_id: text for node_id, text in found.items() if text}

    def trouble(self, node: str, seen: ExecutionSnapshot) -> str:
        """Return why what a step started cannot be looked into; empty when it can, or there is nothing."""
        inside = self.holders.get(node)
        return "" if inside is None else _latest(inside, seen).trouble

    def part(self, node: str, seen: ExecutionSnapshot) -> Part | None:
        """Return what a node stands for inside of a step, as that is now; None of a node of the run's own."""
        part = self.parts.get(node)
        if part is None:
            return None
        return replace(part, inside=_latest(part.inside, seen))

    def best(self, seen: ExecutionSnapshot) -> frozenset[str]:
        """Return the ids of the trials that are the best of their tuning job."""
        names = {inside.path: inside.best for inside in seen.inside if inside.best}
        return frozenset(
            node_id for node_id, part in self.parts.items() if names.get(part.inside.path) == part.node
        )


def whole(graph: Graph, seen: ExecutionSnapshot) -> Whole:
    """Return the graph of a run with what its steps have started so far."""
    if not seen.inside:
        return Whole(graph)
    nodes = {node.id: node for node in graph.nodes}
    edges = list(graph.edges)
    parts: dict[str, Part] = {}
    holders: dict[str, Inside] = {}
    sizes: dict[str, int] = {}
    named: dict[tuple[str, ...], str] = {(node.name,): node.id for node in reversed(graph.nodes)}
    for inside in seen.inside:
        holder = named.get(inside.path)
        if holder is None:
            continue
        holders[holder] = inside
        inner = _graph(inside)
        sizes[holder] = len(inner.nodes)
        if not inner.nodes:
            continue
        nodes[holder] = replace(nodes[holder], shut=True)
        ids = _ids(holder, inner, nodes)
        for node in inner.nodes:
            parent = ids[node.parent] if node.parent is not None else holder
            nodes[ids[node.id]] = replace(node, id=ids[node.id], parent=parent, cell=None)
            parts[ids[node.id]] = Part(inside, node.id)
            named.setdefault((*inside.path, node.name), ids[node.id])
        edges += [Edge(holder, ids[root.id], "branch") for root in _roots(inner)]
        edges += [replace(edge, source=ids[edge.source], target=ids[edge.target]) for edge in inner.edges]
    shown = replace(graph, nodes=tuple(nodes.values()), edges=tuple(edges))
    return Whole(shown, parts, holders, sizes)


def shape(seen: ExecutionSnapshot) -> tuple[Any, ...]:
    """Return what decides which nodes a run has: while it stays the same, so does the graph."""
    return tuple(
        (
            inside.path,
            inside.arn,
            tuple(step.name for step in inside.steps) if inside.kind == "trials" else (),
        )
        for inside in seen.inside
    )


def progress(inside: Inside, size: int) -> str:
    """Return how far a step's trials or states are: ``3 of 10, best 0.93``.

    Args:
        inside: what the step started.
        size: how many nodes that has.
    """
    if inside.trouble:
        return "cannot be looked into"
    done = sum(step.status in SUCCEEDED for step in inside.steps)
    failed = sum(step.status == "Failed" for step in inside.steps)
    if inside.kind == "trials":
        total = size if inside.total is None else inside.total
        words = [f"{done} of {total}"]
        best = next((step for step in inside.steps if step.name == inside.best), None)
        if best is not None and "Objective" in best.metadata:
            words.append(f"best {number(best.metadata['Objective'])}")
    else:
        skipped = sum(state.status == "NotTaken" for state in _by_name(inside).values())
        words = [f"{done} of {size - skipped} {'steps' if inside.engine == 'sagemaker' else 'states'}"]
    return ", ".join([*words, *([f"{failed} failed"] if failed else [])])


def number(value: float) -> str:
    """Return a metric for people."""
    return f"{value:.4g}"


def tuned(step: StepSnapshot) -> str:
    """Return what a trial tries: ``eta 0.31 · max_depth 5``."""
    values = step.metadata.get("TunedHyperParameters") or {}
    return " · ".join(f"{name} {_short(str(value))}" for name, value in sorted(values.items()))


def _short(text: str) -> str:
    text = text.strip('"')
    try:
        return str(int(text)) if text.lstrip("-").isdecimal() else number(float(text))
    except ValueError:
        return text


def _latest(inside: Inside, seen: ExecutionSnapshot) -> Inside:
    return next((one for one in seen.inside if one.path == inside.path), inside)


def _reached(inside: Inside) -> dict[str, str]:
    """Return what each trial that ended reached, the best one with a star."""
    return {
        step.name: f"{'★ ' if step.name == inside.best else ''}{number(step.metadata['Objective'])}"
        for step in inside.steps
        if "Objective" in step.metadata
    }


def _graph(inside: Inside) -> Graph:
    if inside.document is not None:
        return read_graph(inside.document)
    nodes = tuple(
        Node(step.name, f"Trial {index}", step.type, summary=tuned(step))
        for index, step in enumerate(inside.steps, 1)
    )
    return Graph(inside.path[-1], inside.engine, nodes)


def _roots(graph: Graph) -> list[Node]:
    top = [node for node in graph.nodes if node.parent is None]
    awaited = {edge.target for edge in graph.edges if edge.source != edge.target}
    return [node for node in top if node.id not in awaited] or top[:1]


def _ids(holder: str, inner: Graph, taken: Mapping[str, Node]) -> dict[str, str]:
    """Return an id for each inner node that no other node has."""
    found: dict[str, str] = {}
    new: set[str] = set()
    for node in inner.nodes:
        wish = f"{holder}/{node.id}"
        while wish in taken or wish in new:
            wish += "'"
        found[node.id] = wish
        new.add(wish)
    return found


def _by_name(inside: Inside) -> dict[str, NodeState]:
    states = {step.name: step.node_state() for step in inside.steps}
    if inside.document is not None:
        for name in not_taken(inside.document, states, inside.running):
            states.setdefault(name, NodeState("NotTaken"))
    return states
