"""The renderer's document: what it holds, and how little changes."""

from __future__ import annotations

import json

from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.folding import Folding
from pipecell.view.model import RunFacts, document, scene_of, step_states


def graph(count: int) -> Graph:
    nodes = tuple(Node(f"S{n}", f"S{n}", "Training") for n in range(count))
    return Graph("p", "sagemaker", nodes, tuple(Edge(f"S{n}", f"S{n + 1}", "data") for n in range(count - 1)))


def test_a_document_is_json_and_its_times_count_from_the_epoch() -> None:
    drawn = graph(3)
    scene = scene_of(drawn, Folding(), with_state=True)
    states = step_states(scene, {"S1": NodeState("Executing", 105.0)}, 100.0)
    body = document(drawn, scene, run=RunFacts("Executing", started=101.0), states=states, epoch=100.0)
    body = json.loads(json.dumps(body))
    assert body["steps"] == [[1, "Executing", 5.0, None]]
    assert body["run"]["started"] == 1.0
    assert body["marks"]["Executing"]["sign"] == "●"
    assert [node["id"] for node in body["scene"]["nodes"]] == ["S0", "S1", "S2"]


def test_states_do_not_move_a_card() -> None:
    drawn = graph(4)
    before = scene_of(drawn, Folding(), with_state=True).body
    step_states(scene_of(drawn, Folding(), with_state=True), {"S1": NodeState("Failed", 1.0, 2.0)}, 0.0)
    assert scene_of(drawn, Folding(), with_state=True).body is before


def test_a_delta_of_two_hundred_steps_is_small() -> None:
    drawn = graph(200)
    scene = scene_of(drawn, Folding(), with_state=True)
    rows = step_states(scene, {node.id: NodeState("Succeeded", 12.3, 45.6) for node in drawn.nodes}, 0.0)
    assert len(rows) == 200
    assert len(json.dumps({"type": "delta", "steps": rows})) < 10_000


def test_what_a_state_says_besides_is_told_only_where_there_is_something() -> None:
    scene = scene_of(graph(2), Folding(), with_state=True)
    states = {
        "S0": NodeState("Succeeded", 0.0, 1.0, cached=True),
        "S1": NodeState("Failed", 0.0, 1.0, failure_reason="no\nmemory"),
    }
    first, second = step_states(scene, states, 0.0, {"S0": "0.9 ≥ 0.8"})
    assert first[4] == {"cached": True, "value": "0.9 ≥ 0.8"}
    assert second[4] == {"reason": "no memory"}
