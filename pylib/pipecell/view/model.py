"""A pipeline and its run as the JSON that the renderer draws: `jupyter_ext/src/dag/model.ts` describes it.

Graphviz places the nodes here, in Python; the renderer only draws. Times count from an epoch of
the document and states are short tuples, so that what changes in a run of 200 steps is a few
hundred bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pipecell.graph import Graph, NodeState
from pipecell.view.cards import LEFT, RIGHT, SUMMARY, Card, cards_of
from pipecell.view.flow import dashed
from pipecell.view.folding import Folded, Folding, fold
from pipecell.view.geometry import Point
from pipecell.view.items import items
from pipecell.view.layout import LANE, MAX_WIDTH, Layout, lay_out
from pipecell.view.metrics import clean, elide
from pipecell.view.problems import Problem
from pipecell.view.theme import all_marks, kind_of
from pipecell.view.wires import Trunk, Wire

VERSION = 1
"""Of the document; a renderer that knows another one draws the stored picture instead."""

_STATE_BESIDE = "12:34 ●"  # what a title leaves room for, so that it never changes in a run

__all__ = ["RunFacts", "Scene", "changed_nodes", "document", "scene_of", "step_states"]


@dataclass(frozen=True)
class RunFacts:
    """What is said of an execution as a whole.

    Attributes:
        status: AWS's status word.
        running: whether it will still change.
        reason: why it failed; empty when it did not.
        started, ended: epoch seconds.
        expected: seconds that past runs took from start to end; None without any.
        cost: for people, ``≈ $0.02``; empty when unknown.
        count: for people, ``2 of 5 steps, 1 reused``.
        trouble: why the last look failed; empty when it did not.
    """

    status: str
    running: bool = True
    reason: str = ""
    started: float | None = None
    ended: float | None = None
    expected: float | None = None
    cost: str = ""
    count: str = ""
    trouble: str = ""

    def to_json(self, epoch: float) -> dict[str, Any]:
        """Return `RunState`; times count from ``epoch``."""
        return {
            "status": self.status,
            "running": self.running,
            "reason": clean(self.reason),
            "started": _since(epoch, self.started),
            "ended": _since(epoch, self.ended),
            "expected": self.expected,
            "cost": self.cost,
            "count": self.count,
            "trouble": self.trouble,
        }


@dataclass(frozen=True)
class Scene:
    """A drawing: its JSON, and what its nodes stand for.

    Attributes:
        folded: the graph as it is drawn.
        body: `Scene` of the renderer.
        index: position of each drawn node in ``body["nodes"]``.
    """

    folded: Folded
    body: Mapping[str, Any]
    index: Mapping[str, int] = field(default_factory=dict)

    @property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """The graph's nodes that each drawn one stands for."""
        return self.folded.collapsed.members


@lru_cache(maxsize=32)
def scene_of(graph: Graph, folding: Folding, *, with_state: bool, max_width: float = MAX_WIDTH) -> Scene:
    """Return the drawing of a graph; remembered, since only states change while a pipeline runs.

    Args:
        graph: the whole pipeline.
        folding: which groups are closed, which stacks are taken apart.
        with_state: leave room for a duration and a sign on each card.
        max_width: pixels that a row of cards may take before the drawing is folded.

    Raises:
        MissingDependencyError: there is no Graphviz.
    """
    folded = fold(graph, folding)
    drawn = folded.collapsed.graph
    cards = cards_of(drawn.nodes, with_state=with_state)
    layout = lay_out(drawn, cards, max_width=max_width)
    beside = _STATE_BESIDE if with_state else ""
    nodes = [_node(cards[node.id], layout, folded, beside) for node in drawn.nodes]
    known = {node.id for node in drawn.nodes}
    for entry in nodes:
        entry["parent"] = entry["parent"] if entry["parent"] in known else None
    body = {
        "width": _round(layout.width),
        "height": _round(layout.height),
        "nodes": nodes,
        "wires": [
            *(_trunk(drawn, layout, trunk) for trunk in layout.trunks),
            *(_wire(drawn, layout, wire) for wire in layout.wires),
        ],
        "groups": [
            {"x": _round(b.x), "y": _round(b.y), "width": _round(b.width), "height": _round(b.height)}
            for _, b in layout.groups
        ],
        "steps": len(graph.nodes),
    }
    return Scene(folded, body, {node.id: index for index, node in enumerate(drawn.nodes)})


def changed_nodes(before: Scene, after: Scene) -> list[list[Any]] | None:
    """Return [index, node] of what differs between two drawings; None where more than that does.

    Steps that start others begin to hold something while they run, and nothing moves for it.
    """
    same = all(before.body[part] == after.body[part] for part in ("width", "height", "wires", "groups"))
    old, new = before.body["nodes"], after.body["nodes"]
    if not same or [node["id"] for node in old] != [node["id"] for node in new]:
        return None
    return [[index, node] for index, node in enumerate(new) if node != old[index]]


def step_states(
    scene: Scene,
    states: Mapping[str, NodeState],
    epoch: float,
    values: Mapping[str, str] | None = None,
    best: Collection[str] = (),
) -> list[list[Any]]:
    """Return `StepState` of each drawn node that has a state.

    Args:
        scene: the drawing.
        states: state of each node of the whole graph that has one, by id.
        epoch: epoch seconds that times count from.
        values: what a condition compared, or how far the trials of a step are, by node id, for people;
            a Map's items stand there by themselves.
        best: ids of the trials that are the best of their tuning job.
    """
    shown = scene.folded.states(states)
    rows = []
    for node_id, index in scene.index.items():
        state = shown[node_id]
        if not state.status:
            continue
        row: list[Any] = [index, state.status, _since(epoch, state.started), _since(epoch, state.ended)]
        value = (values or {}).get(node_id, "") or items(state)
        extra = _extra(state, _fitting(value, scene.body["nodes"][index]))
        if node_id in best:
            extra["best"] = True
        rows.append([*row, extra] if extra else row)
    return rows


def document(
    graph: Graph,
    scene: Scene,
    *,
    run: RunFacts | None = None,
    states: Iterable[Sequence[Any]] = (),
    epoch: float = 0.0,
    target: str = "",
    place: str = "",
    profile: str = "",
    execution: str = "",
    console: str = "",
    problems: Sequence[Problem] = (),
    facts: Sequence[str] = (),
) -> dict[str, Any]:
    """Return `DagDocument`: all that is needed to draw a pipeline, or a run of it."""
    return {
        "version": VERSION,
        "pipeline": clean(graph.pipeline),
        "engine": graph.engine,
        "target": target,
        "place": place,
        "profile": profile,
        "execution": execution,
        "console": console,
        "epoch": epoch,
        "scene": scene.body,
        "run": run.to_json(epoch) if run is not None else None,
        "steps": [list(state) for state in states],
        "marks": {
            status: {"sign": mark.sign, "ink": mark.ink, "word": mark.word}
            for status, mark in all_marks().items()
        },
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity,
                "message": problem.message,
                "hint": problem.hint,
                "step": problem.step,
            }
            for problem in problems
        ],
        "facts": [clean(fact) for fact in facts],
    }


def _node(card: Card, layout: Layout, folded: Folded, beside: str) -> dict[str, Any]:
    node, box = card.node, layout.boxes[card.node.id]
    shut = folded.groups.get(node.id)
    return {
        "id": node.id,
        "name": clean(node.name) or "?",
        "title": card.title if card.diamond else card.title_in(box.width, beside),
        "type": clean(node.type),
        "kind": kind_of(node.type),
        "summary": card.summary
        if card.diamond
        else card.summary_in(box.width - (LEFT if shut is not None else 0)),
        "shape": "diamond" if card.diamond else "card",
        "x": _round(box.x),
        "y": _round(box.y),
        "width": _round(box.width),
        "height": _round(box.height),
        "cell": node.cell,
        "parent": node.parent,
        "hidden": folded.hidden(node.id),
        "fold": None if shut is None else ("folded" if shut else "open"),
    }


def _wire(graph: Graph, layout: Layout, wire: Wire) -> dict[str, Any]:
    box = layout.door(wire.edge.target)
    return {
        "source": wire.edge.source,
        "targets": list(layout.behind(wire.edge.target)),
        "points": [_point(point) for point in wire.points],
        "straight": False,
        "dashed": dashed(graph, wire.edge),
        "arrow": abs(wire.points[-1][0] - box.x) < LANE / 2,
        "label": list(wire.label),
        "labelAt": _point(wire.label_at) if wire.label_at is not None else None,
        "says": clean(wire.edge.label),
    }


def _trunk(graph: Graph, layout: Layout, trunk: Trunk) -> dict[str, Any]:
    targets = [target for edge in trunk.edges for target in layout.behind(edge.target)]
    return {
        "source": trunk.edges[0].source,
        "targets": targets,
        "points": [_point(point) for point in trunk.corners],
        "straight": True,
        "dashed": all(dashed(graph, edge) for edge in trunk.edges),
        "arrow": False,
        "label": [],
        "labelAt": None,
        "says": clean(f"{trunk.edges[0].source} → {', '.join(targets)}"),
    }


def _extra(state: NodeState, value: str) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if state.cached:
        extra["cached"] = True
    if state.failure_reason:
        extra["reason"] = clean(state.failure_reason)[:300]
    if value:
        extra["value"] = value
    outcome = (state.metadata.get("Condition") or {}).get("Outcome")
    if outcome:
        extra["outcome"] = str(outcome)
    return extra


def _fitting(value: str, node: Mapping[str, Any]) -> str:
    """Return as much of a value as stands on its card; a diamond's has room beside it."""
    if node["shape"] == "diamond":
        return value
    room = LEFT if node["fold"] is not None else 0
    return elide(clean(value), node["width"] - LEFT - RIGHT - room, SUMMARY, bold=True)


def _since(epoch: float, seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds - epoch, 1)


def _round(value: float) -> float:
    return round(value, 1)


def _point(point: Point) -> list[float]:
    return [_round(point[0]), _round(point[1])]
