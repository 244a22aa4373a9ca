"""The page of PDF for LaTeX."""

import io

from hypothesis import HealthCheck, given, settings
from pypdf import PdfReader

from pipecell.definition import read_graph
from pipecell.graph import Graph, Node, NodeState
from pipecell.view.header import Header
from pipecell.view.pdf import to_pdf
from tests.unit.golden.compare import definition
from tests.unit.view.graphs import NOW, graphs

CENSUS = read_graph(definition("census.json"))
STATES = {
    "CensusProcess": NodeState("Succeeded", NOW - 30, NOW - 9),
    "CensusTrain": NodeState("Failed", NOW - 9, NOW - 4, failure_reason="ran out of (memory)"),
    "CensusEval": NodeState("Executing", NOW - 65),
}


def words(pdf: bytes) -> str:
    (page,) = PdfReader(io.BytesIO(pdf), strict=True).pages
    return page.extract_text()


def test_a_run_with_its_table() -> None:
    lines = words(to_pdf(CENSUS, STATES, Header("Census", "Executing", "1:05"), now=NOW)).splitlines()
    assert lines[0].split() == ["Census", "●Executing", "1:05"]
    table = [line.split() for line in lines if "CensusProcess Processing" in line or "CensusTrain Tr" in line]
    assert table == [
        ["✓CensusProcess", "Processing", "succeeded", "0:21"],
        ["✕CensusTrain", "Training", "failed", "0:05", "ran", "out", "of", "(memory)"],
    ]
    assert any("CensusEval Processing running 1:05" in line for line in lines)


def test_a_preview_has_no_states() -> None:
    said = words(to_pdf(CENSUS))
    assert "succeeded" not in said
    assert "waiting" not in said
    assert "xgboost 1.7-1" in said


def test_a_reused_step_says_so() -> None:
    said = words(to_pdf(CENSUS, {"CensusProcess": NodeState("Succeeded", NOW, NOW, cached=True)}))
    assert "CensusProcess Processing reused" in said


def test_the_paper_is_as_large_as_the_drawing() -> None:
    graph = Graph("Many", "sagemaker", tuple(Node(f"S{n}", f"S{n}", "Training") for n in range(60)))
    (page,) = PdfReader(io.BytesIO(to_pdf(graph))).pages
    assert page.mediabox.width >= 620
    assert page.mediabox.height > 60 * 17


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(graphs())
def test_whatever_people_write_is_a_page(graph: Graph) -> None:
    states = {node.id: NodeState("Failed", 0.0, 1.0, failure_reason=node.name) for node in graph.nodes}
    assert "Status" in words(to_pdf(graph, states, Header(graph.pipeline), now=NOW))
