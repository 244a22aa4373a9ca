"""Frames of steps that are alike."""

import itertools

import pytest

from pipecell.graph import Edge, Graph, Node
from pipecell.view.cards import cards_of
from pipecell.view.folding import Folding
from pipecell.view.layout import Layout, lay_out
from pipecell.view.model import scene_of


def fan(count: int, label: str = "") -> Graph:
    """Return one step, many that wait for it, and one that waits for all of them."""
    names = [f"Part{n}" for n in range(count)]
    nodes = tuple(Node(name, name, "Processing") for name in ["Start", *names, "End"])
    out = [Edge("Start", name, "control", label and f"{label}{name}") for name in names]
    return Graph("Fan", "sagemaker", nodes, (*out, *(Edge(name, "End", "control") for name in names)))


def laid_out(graph: Graph) -> Layout:
    return lay_out(graph, cards_of(graph.nodes, with_state=True))


@pytest.mark.parametrize("count", [8, 9, 59, 250])
def test_many_alike_stand_in_rows_in_one_frame(count: int) -> None:
    layout = laid_out(fan(count))
    frame = layout.frames["Part0"]
    boxes = [layout.boxes[f"Part{n}"] for n in range(count)]
    assert len({box.x for box in boxes}) > 1
    assert all(frame.x < box.x and box.x + box.width < frame.x + frame.width for box in boxes)
    assert all(frame.y < box.y and box.y + box.height < frame.y + frame.height for box in boxes)
    places = [(box.y, box.x) for box in boxes]
    assert places == sorted(places)
    assert len(set(places)) == count


def test_one_line_leads_into_a_frame_and_one_out_of_it() -> None:
    layout = laid_out(fan(20))
    assert [(wire.edge.source, wire.edge.target) for wire in layout.wires] == [
        ("Start", "Part0"),
        ("Part0", "End"),
    ]
    assert layout.behind("Part0") == tuple(f"Part{n}" for n in range(20))
    assert layout.door("Part0") == layout.frames["Part0"]
    assert layout.door("End") == layout.boxes["End"]


def test_a_line_tells_the_renderer_all_that_it_leads_to() -> None:
    scene = scene_of(fan(20), Folding(), with_state=True).body
    (wire,) = [wire for wire in scene["wires"] if wire["source"] == "Start"]
    assert len(wire["targets"]) == 20


def test_steps_that_wait_for_nothing_are_alike_too() -> None:
    nodes = tuple(Node(f"S{n}", f"S{n}", "Training") for n in range(100))
    layout = laid_out(Graph("Free", "sagemaker", nodes))
    assert layout.width < 1200
    assert layout.height < 2000


def test_few_and_different_ones_have_lines_of_their_own() -> None:
    assert not laid_out(fan(7)).frames
    assert not laid_out(fan(20, label="output of ")).frames


def test_a_frame_keeps_clear_of_other_cards() -> None:
    layout = laid_out(fan(59))
    others = [layout.boxes["Start"], layout.boxes["End"]]
    for one, other in itertools.product([layout.frames["Part0"]], others):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
