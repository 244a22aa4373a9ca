"""Where everything goes."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.definition import read_graph
from pipecell.errors import MissingDependencyError
from pipecell.graph import Edge, Graph, Node
from pipecell.view import placement
from pipecell.view.cards import cards_of
from pipecell.view.geometry import Box
from pipecell.view.layout import Layout, lay_out
from pipecell.view.wires import label_size
from tests.unit.golden.compare import definition
from tests.unit.view.graphs import graphs

DRAWN = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def laid_out(graph: Graph, width: float = 1120) -> Layout:
    return lay_out(graph, cards_of(graph.nodes, with_state=True), max_width=width)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width - 0.5
        and other.x < one.x + one.width - 0.5
        and one.y < other.y + other.height - 0.5
        and other.y < one.y + one.height - 0.5
    )


@DRAWN
@given(graphs(), st.sampled_from([300.0, 1120.0]))
def test_cards_never_overlap_and_stay_inside(graph: Graph, width: float) -> None:
    layout = laid_out(graph, width)
    assert set(layout.boxes) == {node.id for node in graph.nodes}
    for one, other in itertools.combinations(layout.boxes.values(), 2):
        assert not overlap(one, other)
    for box in layout.boxes.values():
        assert box.x >= -0.5
        assert box.y >= -0.5
        assert box.x + box.width <= layout.width + 0.5
        assert box.y + box.height <= layout.height + 0.5


def test_steps_go_from_left_to_right() -> None:
    graph = read_graph(definition("census.json"))
    boxes = laid_out(graph, width=5000).boxes
    order = ["CensusProcess", "CensusTrain", "CensusEval", "CheckAccuracy", "TooWeak"]
    assert [boxes[name].x for name in order] == sorted(boxes[name].x for name in order)


@DRAWN
@given(st.lists(st.integers(2, 3), min_size=2, max_size=4), st.sampled_from([300.0, 5000.0]))
def test_of_chains_that_share_nothing_the_first_is_above(lengths: list[int], width: float) -> None:
    names = [[f"{number}{letter}" for letter in "abc"[:length]] for number, length in enumerate(lengths)]
    graph = Graph(
        "Apart",
        "sagemaker",
        tuple(Node(name, name, "Processing") for chain in names for name in chain),
        tuple(Edge(one, other, "control") for chain in names for one, other in itertools.pairwise(chain)),
    )
    boxes = laid_out(graph, width).boxes
    tops = [boxes[chain[0]].y for chain in names]
    assert tops == sorted(tops)


@pytest.mark.parametrize(
    "ways",
    [["AB", "BA"], ["AB", "BA", "CD"], ["AB", "BA", "BC"], ["AB", "BC"], ["AB", "BC", "CD"], ["CA", "CB"]],
)
@pytest.mark.parametrize("letters", ["ABCDXY", "XYABCD"])
def test_what_no_line_from_another_row_holds_stands_in_the_column_of_its_level(
    ways: list[str], letters: str
) -> None:
    nodes = tuple(Node(letter, f"{letter}-preparation-and-more", "Processing") for letter in letters)
    graph = Graph("p", "sagemaker", nodes, tuple(Edge(way[0], way[1], "control") for way in ways))
    layout = laid_out(graph, 300)
    assert layout.width < 360, "one card of this width stands in a row, as where nothing goes in circles"


def test_lone_steps_stand_below_the_beginning_of_a_chain_that_is_folded() -> None:
    nodes = tuple(Node(letter, letter, "Processing") for letter in "ABCDXY")
    edges = tuple(Edge(way[0], way[1], "control") for way in ("AB", "BC", "CD"))
    boxes = laid_out(Graph("p", "sagemaker", nodes, edges), 300).boxes
    assert boxes["A"].y == boxes["B"].y < boxes["C"].y
    assert boxes["A"].x == boxes["X"].x == boxes["Y"].x


def chain(count: int) -> Graph:
    nodes = tuple(
        Node(f"s{i}", f"Step{i}", "Training", summary="xgboost 1.7 · ml.m5.large") for i in range(count)
    )
    edges = tuple(Edge(f"s{i}", f"s{i + 1}", "data", "model") for i in range(count - 1))
    return Graph("P", "sagemaker", nodes, edges)


def test_a_long_chain_is_folded() -> None:
    layout = laid_out(chain(20))
    assert layout.width < 1300
    assert len({box.y for box in layout.boxes.values()}) > 3
    assert layout.trunks


def test_every_line_that_leaves_a_row_arrives() -> None:
    layout = laid_out(chain(20))
    arriving = {edge for trunk in layout.trunks for edge in trunk.edges}
    for trunk in layout.trunks:
        wires = [wire for wire in layout.wires if wire.edge in trunk.edges]
        assert any(wire.points[0] == pytest.approx(trunk.corners[-1]) for wire in wires)
        assert any(wire.points[-1][1] == pytest.approx(trunk.corners[0][1]) for wire in wires)
    assert len(arriving) == len(layout.trunks)


def test_trunks_pass_beside_the_cards() -> None:
    layout = laid_out(chain(20))
    for trunk in layout.trunks:
        for (x0, y0), (x1, y1) in zip(trunk.corners[1:4], trunk.corners[2:5], strict=True):
            line = Box(min(x0, x1), min(y0, y1), abs(x1 - x0) + 1, abs(y1 - y0) + 1)
            assert not any(overlap(line, box) for box in layout.boxes.values())


def test_labels_do_not_stand_on_cards() -> None:
    layout = laid_out(read_graph(definition("census.json")))
    for wire in layout.wires:
        if wire.label_at is not None:
            x, y = wire.label_at
            assert not any(overlap(Box(x - 1, y - 1, 2, 2), box) for box in layout.boxes.values())


def test_the_same_graph_is_placed_the_same() -> None:
    graph = chain(9)
    first = laid_out(graph)
    placement.place.cache_clear()
    assert laid_out(graph) == first


def test_no_graphviz_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    placement.place.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"pip install 'pipecell\[draw\]'"):
        laid_out(chain(2))


def test_a_dot_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'no such layout' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    placement.place.cache_clear()
    with pytest.raises(Exception, match="no such layout"):
        laid_out(chain(2))


def test_a_dot_program_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for dot that answers with what pygraphviz would: the same drawing comes out."""
    pytest.importorskip("pygraphviz")
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys, pygraphviz\n"
        "sources = sys.stdin.read().split('\\n}\\n')\n"
        "for source in sources:\n"
        "    text = source if source.rstrip().endswith('}') else source + '\\n}'\n"
        "    sys.stdout.write(pygraphviz.AGraph(string=text).draw(format='json0', prog='dot').decode())\n"
    )
    program.chmod(0o755)
    placement.place.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    expected = laid_out(chain(20))
    monkeypatch.setenv("PATH", str(tmp_path))
    placement.place.cache_clear()
    assert laid_out(chain(20)) == expected


def test_importing_views_imports_no_graphviz_binding() -> None:
    code = "import sys, pipecell.view.bundle; print('pygraphviz' in sys.modules, 'graphviz' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


@DRAWN
@given(graphs())
def test_labels_stand_apart_from_each_other_and_from_cards(graph: Graph) -> None:
    layout = laid_out(graph)
    loops = {edge for edge in graph.edges if edge.source == edge.target}
    labels = []
    for wire in layout.wires:
        if wire.label_at is not None and wire.edge not in loops:
            width, height = label_size(wire.label)
            x, y = wire.label_at
            labels.append(Box(x - width / 2 + 1, y - height / 2 + 1, width - 2, height - 2))
    for one, other in itertools.combinations(labels, 2):
        assert not overlap(one, other)
    for label, box in itertools.product(labels, layout.boxes.values()):
        assert not overlap(label, box)


def test_labels_of_a_loop_of_two_do_not_lie_on_each_other() -> None:
    """Graphviz gives both edges between 1 and 4 the same place here, where 1 holds 3 and 4."""
    nodes = tuple(
        Node(
            id=str(number), name=f"Step{number}", type="Processing", parent="1" if number in (3, 4) else None
        )
        for number in range(8)
    )
    ways = [("0", "1"), ("0", "3"), ("1", "4"), ("4", "1")]
    layout = laid_out(
        Graph("p", "stepfunctions", nodes, tuple(Edge(*way, "control", "true") for way in ways))
    )
    there, back = (
        wire.label_at for wire in layout.wires if {wire.edge.source, wire.edge.target} == {"1", "4"}
    )
    assert there is not None
    assert back is not None
    assert abs(there[1] - back[1]) >= label_size(("true",))[1]
