"""What a pipeline looks like: nodes, edges and, during a run, the state of each node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

EdgeKind = Literal["data", "control", "branch"]


@dataclass(frozen=True)
class Node:
    """One step or state.

    Attributes:
        id: unique in the graph; the step's name where names are unique.
        name: the step's name as the definition gives it.
        type: the definition's own type word, for example ``Training`` or ``Choice``.
        parent: id of the condition, Map or Parallel that holds the node.
        cell: execution count of the cell that declared it.
        summary: one short line for people (image, instance, condition); never needed to read the graph.
        shut: what it holds is folded away until a person opens it.
    """

    id: str
    name: str
    type: str
    parent: str | None = None
    cell: int | None = None
    summary: str = ""
    shut: bool = False


@dataclass(frozen=True)
class Edge:
    """A dependency: ``target`` waits for ``source``.

    ``kind`` is ``data`` (a reference), ``control`` (DependsOn, Next) or ``branch`` (a condition's outcome).
    """

    source: str
    target: str
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True)
class Graph:
    """The DAG of one pipeline, in the definition's order.

    Attributes:
        pipeline: its name.
        engine: ``sagemaker`` or ``stepfunctions``.
        nodes, edges: the graph.
        references: what a state of a machine reads of one further back, as data edges. They are no
            transitions, so pictures leave them out.
    """

    pipeline: str
    engine: str
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    references: tuple[Edge, ...] = ()

    @property
    def size(self) -> str:
        """How many nodes it has, for people: ``3 steps``, ``1 state``."""
        count = len(self.nodes)
        return f"{count} {step_word(self.engine)}{'' if count == 1 else 's'}"

    def to_json(self) -> dict[str, Any]:
        """Return the ``preview --json`` object of DESIGN: ``{pipeline, engine, nodes, edges}``."""
        return {
            "pipeline": self.pipeline,
            "engine": self.engine,
            "nodes": [
                {"id": n.id, "name": n.name, "type": n.type, "parent": n.parent, "cell": n.cell}
                for n in self.nodes
            ],
            "edges": [
                {"source": e.source, "target": e.target, "kind": e.kind, "label": e.label}
                for e in (*self.edges, *self.references)
            ],
        }


def step_word(engine: str) -> str:
    """Return what an engine calls one node: a ``step``, of a state machine a ``state``."""
    return "state" if engine == "stepfunctions" else "step"


class MissingStep(Protocol):
    """A step that is named and not there."""

    @property
    def name(self) -> str:
        """The step that is not there."""

    @property
    def user(self) -> str:
        """The step that names it."""

    @property
    def kind(self) -> str:
        """What for: ``data``, ``control`` or ``branch``."""

    @property
    def label(self) -> str:
        """The edge's label."""


MISSING = "Missing"
"""Type of a node that stands for a step which no cell declares yet."""


def with_missing(graph: Graph, missing: Iterable[MissingStep]) -> Graph:
    """Return the graph with a node for each missing step, and an edge for each step that names it."""
    nodes = {node.id: node for node in graph.nodes}
    edges = dict.fromkeys(graph.edges)
    for missed in missing:
        if missed.user not in nodes:
            continue
        branch = missed.kind == "branch"
        nodes.setdefault(
            missed.name,
            Node(
                missed.name,
                missed.name,
                MISSING,
                missed.user if branch else None,
                summary="no cell declares it yet",
            ),
        )
        source, target = (missed.user, missed.name) if branch else (missed.name, missed.user)
        kind: EdgeKind = "branch" if branch else "control" if missed.kind == "control" else "data"
        edges[Edge(source, target, kind, missed.label)] = None
    return replace(graph, nodes=tuple(nodes.values()), edges=tuple(edges))


@dataclass(frozen=True)
class NodeState:
    """What a run says of one node.

    Attributes:
        status: AWS's own word: Starting, Executing, Succeeded, Failed, Stopping, Stopped;
            ``""`` for a node that has not started; ``NotTaken`` for a branch that was not chosen.
        started, ended: epoch seconds.
        cached: the step's earlier result was reused.
        failure_reason: AWS's FailureReason, empty when there is none.
    """

    status: str = ""
    started: float | None = None
    ended: float | None = None
    cached: bool = False
    failure_reason: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
