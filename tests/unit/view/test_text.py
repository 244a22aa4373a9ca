"""The tree for terminals."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition import read_graph
from pipecell.graph import Graph, NodeState
from pipecell.view.header import Header
from pipecell.view.text import cells, cut, to_text
from tests.unit.golden.compare import assert_golden, definition
from tests.unit.view.graphs import NOW, START, graphs, states

CENSUS = read_graph(definition("census.json"))
RUN = {
    "CensusProcess": NodeState("Succeeded", START, START + 1, cached=True),
    "CensusTrain": NodeState(
        "Failed", START + 2, START + 23, failure_reason="AlgorithmError: ExitCode 1 " + "because " * 20
    ),
    "TooWeak": NodeState("NotTaken"),
}


def test_preview_as_approved() -> None:
    assert_golden("census.preview.txt", to_text(CENSUS, width=120) + "\n")


def test_run_as_approved() -> None:
    header = Header("CensusPipeline", "Failed", "0:23", ("1 of 6 steps",))
    assert_golden("census.run.txt", to_text(CENSUS, states=RUN, header=header, now=NOW) + "\n")


def test_colour_is_only_paint() -> None:
    painted = to_text(CENSUS, states=RUN, now=NOW, color=True)
    assert "\x1b[31;1m" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == to_text(CENSUS, states=RUN, now=NOW)


def test_branches_stand_below_their_condition() -> None:
    lines = to_text(CENSUS).splitlines()
    at = next(i for i, line in enumerate(lines) if "CheckAccuracy" in line)
    assert lines[at + 1].startswith("   ├─ true: CensusRegister-RegisterModel")
    assert lines[at + 2].startswith("   └─ false: TooWeak")


@given(graphs(), st.integers(40, 160), st.data())
def test_every_step_on_its_line_and_no_line_too_long(graph: Graph, width: int, data: st.DataObject) -> None:
    text = to_text(graph, states=data.draw(states(graph)), width=width, now=NOW)
    rows = [line for line in text.splitlines()[1:] if re.match(r"(?:[│ ]  )*[├└]─ ", line)]
    assert len(rows) >= len(graph.nodes)
    assert "\x1b" not in text
    nesting = max((line.find("─") for line in rows), default=0)
    assert all(cells(line) <= width + nesting + 12 for line in text.splitlines()[1:])


def test_wide_characters_take_two_cells() -> None:
    assert cells("中a") == 3
    assert cut("中文字", 5) == "中文…"
    assert cut("abc", 3) == "abc"
