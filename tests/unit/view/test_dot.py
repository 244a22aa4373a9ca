"""DOT: as approved, and readable by Graphviz whatever the names."""

import pytest
from hypothesis import HealthCheck, given, settings

from pipecell.definition import read_graph
from pipecell.graph import Edge, Graph, Node
from pipecell.view.dot import to_dot
from tests.unit.golden.compare import assert_golden, definition
from tests.unit.view.graphs import graphs


def test_census_as_approved() -> None:
    assert_golden("census.dot", to_dot(read_graph(definition("census.json"))))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_graphviz_reads_every_name(graph: Graph) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    read = pygraphviz.AGraph(string=to_dot(graph))
    assert read.number_of_nodes() == len(graph.nodes)
    assert read.is_directed()


def test_markup_stays_text() -> None:
    source = to_dot(Graph("P", "sagemaker", (Node("a", "<b>bold</b>", "Training", summary="\\N"),)))
    assert 'label="<b>bold</b>' in source
    assert "\\\\N" in source


def test_control_edges_are_dashed_and_branches_framed() -> None:
    nodes = (Node("If", "If", "Condition"), Node("A", "A", "Model", "If"), Node("B", "B", "Model", "If"))
    edges = (
        Edge("If", "A", "branch", "true"),
        Edge("If", "B", "branch", "true"),
        Edge("A", "B", "control"),
    )
    source = to_dot(Graph("P", "sagemaker", nodes, edges))
    assert "A -> B [style=dashed]" in source
    assert "subgraph cluster_0" in source
    assert "shape=diamond" in source
