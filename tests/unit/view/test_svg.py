"""The drawing: as approved, safe with any input, and complete."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.definition import read_document, read_graph
from pipecell.definition.checks import check
from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.svg import Header, to_svg
from tests.unit.golden.compare import assert_golden, definition
from tests.unit.view.graphs import NOW, START, graphs, states

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "style", "defs", "marker", "path", "rect", "text", "g"}
CENSUS = read_graph(definition("census.json"))
RUN = {
    "CensusProcess": NodeState("Succeeded", START, START + 1, cached=True),
    "CensusTrain": NodeState(
        "Failed", START + 2, START + 23, failure_reason="AlgorithmError: ExitCode 1: no column y"
    ),
    "TooWeak": NodeState("NotTaken"),
}
HEADER = Header("CensusPipeline", "Failed", "0:23", ("1 of 6 steps, 1 reused", "on this machine"))


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def test_preview_as_approved() -> None:
    assert_golden("census.preview.svg", geometry_free(to_svg(CENSUS)))


def test_run_as_approved() -> None:
    assert_golden("census.run.svg", geometry_free(to_svg(CENSUS, states=RUN, header=HEADER, now=NOW)))


def geometry_free(svg: str) -> str:
    """Leave out what another version of Graphviz would place otherwise."""
    text = re.sub(r' (?:x|y|width|height|d|viewBox|transform)="[^"]*"', "", svg)
    return re.sub(r"<style>.*?</style>", "<style/>", text, flags=re.DOTALL) + "\n"


def test_a_run_says_everything() -> None:
    said = texts(to_svg(CENSUS, states=RUN, header=HEADER, now=NOW))
    assert "✕ Failed 0:23" in said
    assert "reused ↺" in said
    assert "0:21 ✕" in said
    assert "1 of 6 steps, 1 reused" in said
    assert any(text.startswith("✕ CensusTrain — AlgorithmError") for text in said)
    assert said.count("CensusTrain") == 2  # the card, and its row in the chart of times


def test_a_preview_has_no_states() -> None:
    said = " ".join(texts(to_svg(CENSUS)))
    assert not set(said) & set("✓✕○●↺")
    assert "6 steps" in said
    assert "accuracy ≥ 0.8" in said


def test_what_was_not_taken_is_faded() -> None:
    svg = to_svg(CENSUS, states=RUN, now=NOW)
    assert re.search(r'<g class="n off"[^>]*>\n<title>TooWeak', svg)


def test_running_steps_count_on() -> None:
    running = {"CensusTrain": NodeState("Executing", START)}
    assert "0:40 ●" in texts(to_svg(CENSUS, states=running, now=NOW))
    assert to_svg(CENSUS, states=running, now=NOW) != to_svg(CENSUS, states=running, now=NOW + 1)


def test_themes() -> None:
    auto, light, dark = (to_svg(CENSUS, theme=theme) for theme in ("auto", "light", "dark"))
    assert "prefers-color-scheme:dark" in auto
    assert "prefers-color-scheme" not in light + dark
    assert "#15181e" in dark
    assert "#15181e" not in light


def test_problems_are_listed_below() -> None:
    body = {"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "Training", "DependsOn": ["B"]}]}
    document = read_document(body)
    said = texts(to_svg(read_graph(document), diagnostics=check(document)))
    assert "PC103" in said
    assert any('There is no step "B"' in text for text in said)


def test_long_names_are_shortened_and_kept_whole_in_the_title() -> None:
    name = "ExtremelyLongStepNameThatNobodyWouldEverWriteByHand-RegisterModel"
    graph = Graph("P", "sagemaker", (Node("a", name, "RegisterModel"),))
    svg = to_svg(graph)
    assert f"<title>{name}" in svg
    assert any("…" in text and text.endswith("Model") for text in texts(svg))


def test_branches_of_several_steps_are_framed() -> None:
    nodes = (Node("If", "If", "Condition"), Node("A", "A", "Model", "If"), Node("B", "B", "Model", "If"))
    edges = (Edge("If", "A", "branch", "true"), Edge("If", "B", "branch", "true"))
    assert 'class="group"' in to_svg(Graph("P", "sagemaker", nodes, edges))
    assert 'class="group"' not in to_svg(Graph("P", "sagemaker", nodes[:2], edges[:1]))


def test_an_empty_pipeline_is_drawn() -> None:
    assert "0 steps" in texts(to_svg(Graph("Empty", "sagemaker")))


def test_a_thousand_steps_are_drawn() -> None:
    nodes = tuple(Node(f"s{i}", f"S{i}", "Training") for i in range(1000))
    edges = tuple(Edge(f"s{i // 3}", f"s{i}", "data", "x") for i in range(1, 1000))
    svg = to_svg(Graph("Big", "sagemaker", nodes, edges))
    assert "1000 steps" in texts(svg)
    assert svg.count('class="card') <= 301


@pytest.mark.parametrize("version", [0, 1])
def test_output_is_deterministic(version: int) -> None:
    assert to_svg(CENSUS, states=RUN, header=HEADER, now=NOW) == to_svg(
        CENSUS, states=dict(reversed(RUN.items())), header=HEADER, now=NOW
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.data())
def test_no_input_breaks_out_of_the_drawing(graph: Graph, data: st.DataObject) -> None:
    header = Header(
        data.draw(st.text()),
        data.draw(st.text(max_size=9)),
        data.draw(st.text(max_size=9)),
        (data.draw(st.text()),),
    )
    svg = to_svg(graph, states=data.draw(states(graph)), header=header, now=NOW)
    svg.encode("utf-8")
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ALLOWED
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
        for value in element.attrib.values():
            assert "javascript:" not in value
            assert "url(" not in value or value == "url(#pc-tip)"


def test_a_crowded_drawing_says_labels_in_tooltips() -> None:
    nodes = tuple(Node(f"s{i}", f"S{i}", "Training") for i in range(200))
    edges = tuple(Edge(f"s{i // 2}", f"s{i}", "data", f"output{i}") for i in range(1, 200))
    svg = to_svg(Graph("Big", "sagemaker", nodes, edges))
    assert not any(text.startswith("output") for text in texts(svg))
    assert all(f"<title>output{i}</title>" in svg for i in range(1, 200))
