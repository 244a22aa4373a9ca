"""Groups fold into one node, stacks open, and every step stays accounted for."""

from __future__ import annotations

import pytest

from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.folding import MOST_OPEN, Folding, fold, toggle, unfold


def nested() -> Graph:
    """A condition with a condition in one branch, and a step after it."""
    nodes = (
        Node("Start", "Start", "Processing"),
        Node("Outer", "Outer", "Condition"),
        Node("A", "A", "Training", parent="Outer"),
        Node("Inner", "Inner", "Condition", parent="Outer"),
        Node("B", "B", "Training", parent="Inner"),
        Node("End", "End", "Lambda"),
    )
    edges = (
        Edge("Start", "Outer", "data"),
        Edge("Outer", "A", "branch", "true"),
        Edge("Outer", "Inner", "branch", "false"),
        Edge("Inner", "B", "branch", "true"),
        Edge("B", "End", "data", "model"),
    )
    return Graph("p", "sagemaker", nodes, edges)


def wide(count: int) -> Graph:
    nodes = [Node("Start", "Start", "Processing")]
    nodes += [Node(f"T{n}", f"T{n}", "Training") for n in range(count)]
    return Graph("p", "sagemaker", tuple(nodes), tuple(Edge("Start", f"T{n}", "data") for n in range(count)))


def test_nothing_folded_is_the_graph_itself() -> None:
    found = fold(nested(), Folding())
    assert found.collapsed.graph == nested()
    assert found.groups == {"Outer": False, "Inner": False}


def test_a_closed_group_stands_for_all_that_is_inside() -> None:
    found = fold(nested(), Folding(folded=frozenset({"Outer"})))
    assert [node.id for node in found.collapsed.graph.nodes] == ["Start", "Outer", "End"]
    assert set(found.collapsed.members["Outer"]) == {"Outer", "A", "Inner", "B"}
    assert found.hidden("Outer") == 3
    assert {(edge.source, edge.target) for edge in found.collapsed.graph.edges} == {
        ("Start", "Outer"),
        ("Outer", "End"),
    }
    (outer,) = [node for node in found.collapsed.graph.nodes if node.id == "Outer"]
    assert (outer.name, outer.summary) == ("Outer", "3 steps inside")


def test_a_closed_group_shows_the_most_urgent_state_inside() -> None:
    found = fold(nested(), Folding(folded=frozenset({"Outer"})))
    states = {
        "Outer": NodeState("Succeeded", 1.0, 2.0),
        "A": NodeState("Failed", 2.0, 3.0, failure_reason="no"),
    }
    shown = found.collapsed.states(states)["Outer"]
    assert (shown.status, shown.failure_reason) == ("Failed", "no")


def test_a_large_graph_begins_with_stacks_and_each_can_be_taken_apart() -> None:
    graph = wide(400)
    begun = fold(graph, Folding())
    (stack,) = [node_id for node_id, folded in begun.groups.items() if folded]
    assert begun.hidden(stack) == 399
    opened = toggle(Folding(), begun, stack)
    found = fold(graph, opened)
    assert len(found.collapsed.graph.nodes) == 401
    assert toggle(opened, found, stack) == Folding()


def test_a_hidden_step_is_shown_by_opening_what_holds_it_and_no_more() -> None:
    graph = nested()
    shut = Folding(folded=frozenset({"Outer", "Inner"}))
    assert unfold(graph, shut, "A") == Folding(folded=frozenset({"Inner"}))
    assert unfold(graph, shut, "B") == Folding()
    assert unfold(graph, shut, "Outer") == shut
    assert unfold(graph, shut, "Nothing") == shut


@pytest.mark.parametrize("step", ["T0", "T7"])
def test_a_step_of_a_stack_is_shown_alone_the_first_one_that_names_it_too(step: str) -> None:
    graph = wide(400)
    found = unfold(graph, Folding(), step)
    assert fold(graph, found).collapsed.members[step] == (step,)
    assert unfold(graph, found, step) == found


def test_where_two_open_stacks_are_too_many_the_other_one_closes() -> None:
    half = MOST_OPEN // 2 + 1
    nodes = tuple(Node(f"{kind}{n}", f"{kind}{n}", kind) for kind in ("A", "B") for n in range(half))
    graph = Graph("p", "sagemaker", nodes)
    first = unfold(graph, Folding(), "A5")
    found = fold(graph, unfold(graph, first, "B5"))
    assert found.hiding("B5") is None
    assert found.hiding("A5") == "A0"


def test_a_stack_that_is_too_large_to_be_opened_stays() -> None:
    assert unfold(wide(MOST_OPEN + 1), Folding(), "T7") == Folding()


@pytest.mark.parametrize("folded", [(), ("Inner",), ("Outer",), ("Outer", "Inner")])
def test_every_step_is_in_exactly_one_drawn_node(folded: tuple[str, ...]) -> None:
    found = fold(nested(), Folding(folded=frozenset(folded)))
    members = [one for inside in found.collapsed.members.values() for one in inside]
    assert sorted(members) == sorted(node.id for node in nested().nodes)
    drawn = {node.id for node in found.collapsed.graph.nodes}
    assert all(edge.source in drawn and edge.target in drawn for edge in found.collapsed.graph.edges)


def test_what_holds_nothing_cannot_be_folded() -> None:
    found = fold(nested(), Folding())
    assert toggle(Folding(), found, "Start") == Folding()
