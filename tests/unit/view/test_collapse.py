"""Stacks: a thousand steps in one picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.collapse import collapse, together
from tests.unit.view.graphs import graphs


def fan(count: int) -> Graph:
    nodes = [Node("a", "A", "Processing"), *(Node(f"w{i}", f"W{i}", "Training") for i in range(count))]
    edges = [Edge("a", f"w{i}", "data", "x") for i in range(count)]
    return Graph("F", "sagemaker", tuple(nodes), tuple(edges))


def test_small_graphs_are_left_alone() -> None:
    graph = fan(10)
    assert collapse(graph).graph is graph


def test_alike_steps_become_a_stack() -> None:
    collapsed = collapse(fan(400))
    assert [node.summary for node in collapsed.graph.nodes] == ["", "400 × Training"]
    assert collapsed.graph.nodes[1].name == "W0 … W399"
    assert len(collapsed.members["w0"]) == 400


def test_chains_become_a_stack() -> None:
    nodes = tuple(Node(f"s{i}", f"S{i}", "Training") for i in range(500))
    edges = tuple(Edge(f"s{i}", f"s{i + 1}", "data") for i in range(499))
    (node,) = collapse(Graph("C", "sagemaker", nodes, edges)).graph.nodes
    assert node.name == "S0 … S499"


@given(graphs(max_nodes=30), st.integers(1, 30))
def test_any_graph_gets_small_and_loses_no_step(graph: Graph, limit: int) -> None:
    collapsed = collapse(graph, limit)
    assert len(collapsed.graph.nodes) <= limit
    members = [member for group in collapsed.members.values() for member in group]
    assert sorted(members) == sorted(node.id for node in graph.nodes)
    ids = {node.id for node in collapsed.graph.nodes}
    assert set(collapsed.members) == ids
    assert all({edge.source, edge.target} <= ids for edge in collapsed.graph.edges)
    assert all(node.parent is None or node.parent in ids for node in collapsed.graph.nodes)


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        (["Succeeded", "Succeeded"], "Succeeded"),
        (["Succeeded", ""], "Executing"),
        (["Succeeded", "NotTaken"], "Succeeded"),
        (["NotTaken", "NotTaken"], "NotTaken"),
        (["Succeeded", "Executing", "Failed"], "Failed"),
        (["Starting", ""], "Starting"),
        (["", ""], ""),
    ],
)
def test_states_together(statuses: list[str], word: str) -> None:
    assert together([NodeState(status) for status in statuses]).status == word


def test_times_together() -> None:
    state = together([NodeState("Succeeded", 5, 9, cached=True), NodeState("Succeeded", 3, 4, cached=True)])
    assert (state.started, state.ended, state.cached) == (3, 9, True)
    running = together([NodeState("Succeeded", 5, 9), NodeState("Executing", 6)])
    assert (running.started, running.ended) == (5, None)
