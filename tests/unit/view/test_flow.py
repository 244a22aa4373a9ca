"""What of a graph is drawn."""

from hypothesis import given

from pipecell.definition import read_document, read_graph
from pipecell.graph import Edge, Graph, Node
from pipecell.view.flow import branch_keys, drawn_edges, groups_of, levels
from tests.unit.view.graphs import graphs


def graph(*edges: Edge, parents: dict[str, str] | None = None, engine: str = "sagemaker") -> Graph:
    ids = dict.fromkeys(name for edge in edges for name in (edge.source, edge.target))
    nodes = tuple(Node(name, name, "Training", (parents or {}).get(name)) for name in ids)
    return Graph("P", engine, nodes, edges)


def test_data_hides_control_beside_it() -> None:
    drawn = drawn_edges(graph(Edge("A", "B", "control"), Edge("A", "B", "data", "train")))
    assert drawn == (Edge("A", "B", "data", "train"),)


def test_a_branch_is_entered_where_it_begins() -> None:
    parents = {"Create": "If", "Register": "If", "Fail": "If"}
    drawn = drawn_edges(
        graph(
            Edge("If", "Create", "branch", "true"),
            Edge("If", "Register", "branch", "true"),
            Edge("Create", "Register", "data", "model"),
            Edge("If", "Fail", "branch", "false"),
            parents=parents,
        )
    )
    assert [(e.source, e.target) for e in drawn] == [("If", "Create"), ("Create", "Register"), ("If", "Fail")]


def test_groups_nest() -> None:
    parents = {"B": "If", "Inner": "If", "C": "Inner", "D": "Inner"}
    edges = [Edge("If", "B", "branch", "true"), Edge("If", "Inner", "branch", "true")]
    edges += [Edge("Inner", "C", "branch", "false"), Edge("Inner", "D", "branch", "false")]
    drawing = graph(*edges, parents=parents)
    assert branch_keys(drawing)["D"] == ("Inner", "false")
    assert groups_of(drawing, set(branch_keys(drawing))) == {
        ("If", "true"): (None, ["B", "Inner"]),
        ("Inner", "false"): (("If", "true"), ["C", "D"]),
    }


def test_levels_follow_edges_and_keep_sources_near() -> None:
    drawing = graph(Edge("A", "B", "data"), Edge("B", "C", "data"), Edge("Late", "C", "data"))
    assert levels(drawing.nodes, drawing.edges) == {"A": 0, "B": 1, "C": 2, "Late": 1}


def test_levels_of_a_loop() -> None:
    drawing = graph(
        Edge("Wait", "Poll", "control"), Edge("Poll", "Done?", "control"), Edge("Done?", "Wait", "branch")
    )
    assert levels(drawing.nodes, drawing.edges) == {"Wait": 0, "Poll": 1, "Done?": 2}


def test_what_follows_a_parallel_state_follows_its_ends() -> None:
    branch = {
        "StartAt": "X",
        "States": {"X": {"Type": "Pass", "Next": "Y"}, "Y": {"Type": "Pass", "End": True}},
    }
    machine = {
        "StartAt": "Both",
        "States": {
            "Both": {"Type": "Parallel", "Branches": [branch, branch], "Next": "Last"},
            "Last": {"Type": "Succeed"},
        },
    }
    pairs = {(e.source, e.target) for e in drawn_edges(read_graph(read_document(machine)))}
    assert ("Both", "Last") not in pairs
    assert {("Both[0]/Y", "Last"), ("Both[1]/Y", "Last"), ("Both", "Both[0]/X")} <= pairs


@given(graphs())
def test_at_most_one_line_for_each_pair(drawing: Graph) -> None:
    pairs = [(edge.source, edge.target) for edge in drawn_edges(drawing)]
    assert len(pairs) == len(set(pairs))
    assert set(levels(drawing.nodes, drawn_edges(drawing))) == {node.id for node in drawing.nodes}
