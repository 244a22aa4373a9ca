"""The table of steps and the page that a saved notebook keeps."""

from html.parser import HTMLParser

from hypothesis import given

from pipecell.definition import read_graph
from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.header import Header
from pipecell.view.table import steps_table, stored_page
from tests.unit.golden.compare import definition
from tests.unit.view.graphs import HOSTILE, NOW, graphs

CENSUS = read_graph(definition("census.json"))
STATES = {
    "CensusProcess": NodeState("Succeeded", NOW - 30, NOW - 9, cached=False),
    "CensusTrain": NodeState("Failed", NOW - 9, NOW - 4, failure_reason="ran out of <memory>"),
    "CensusEval": NodeState("Executing", NOW - 65),
}


class Page(HTMLParser):
    """What a browser would find: the names of all tags, and the cells of the table."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        self._in_cell = tag in ("td", "th")
        if self._in_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_a_run_says_how_each_step_stands() -> None:
    rows = {row[0]: row for row in Page(steps_table(CENSUS, STATES, "Census", NOW)).rows}
    assert rows["Step"] == ["Step", "Type", "What", "Status", "Took", "Why"]
    assert rows["CensusProcess"][3:] == ["✓ succeeded", "0:21", ""]
    assert rows["CensusTrain"][3:] == ["✕ failed", "0:05", "ran out of <memory>"]
    assert rows["CensusEval"][3:] == ["● running", "1:05", ""]
    assert rows["TooWeak"][3:] == ["○ waiting", "", ""]


def test_a_preview_says_what_each_step_waits_for() -> None:
    rows = {row[0]: row for row in Page(steps_table(CENSUS, None, "Census")).rows}
    assert rows["Step"][-1] == "After"
    assert rows["CensusTrain"][-1] == "CensusProcess"


def test_a_large_pipeline_has_the_rows_of_its_picture() -> None:
    nodes = tuple(Node(f"S{n}", f"S{n}", "Pass") for n in range(600))
    graph = Graph(
        "Large", "stepfunctions", nodes, tuple(Edge("S0", f"S{n}", "control") for n in range(1, 600))
    )
    rows = Page(steps_table(graph, {"S7": NodeState("Failed", NOW - 1, NOW)}, "Large", NOW)).rows
    assert len(rows) < 10
    assert any("599 × Pass" in row and "✕ failed" in row for row in rows)


def test_the_page_holds_the_picture_the_title_and_the_way_back() -> None:
    header = Header("Census", "Executing", "1:05", ("smoke",))
    page = stored_page("<svg/>", CENSUS, STATES, header, again="%pipeline watch arn:x", now=NOW)
    assert '<img src="data:image/svg+xml;base64,PHN2Zy8+" alt="Census · ● Executing 1:05 · smoke"' in page
    assert "<code>%pipeline watch arn:x</code>" in page


@given(graphs())
def test_no_tag_is_made_of_anybody_s_text(graph: Graph) -> None:
    states = {node.id: NodeState("Failed", failure_reason=HOSTILE[0]) for node in graph.nodes}
    page = Page(stored_page("<svg/>", graph, states, Header(HOSTILE[0]), again=HOSTILE[0]))
    assert set(page.tags) <= {
        "div",
        "p",
        "img",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
    }
