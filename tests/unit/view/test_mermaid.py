"""Mermaid: as approved, every name inert."""

import re

from hypothesis import given

from pipecell.definition import read_graph
from pipecell.graph import Graph
from pipecell.view.mermaid import to_mermaid
from tests.unit.golden.compare import assert_golden, definition
from tests.unit.view.graphs import graphs

LINE = re.compile(
    r"flowchart LR|"
    r' *n\d+[\[{]"[^"]*"[\]}]|'
    r' *n\d+ (?:-->|-\.->)(?:\|"[^"]*"\|)? n\d+|'
    r' *subgraph g\d+ \["[^"]*"\]|'
    r" *end|"
    r" *classDef [\w-]+ stroke:#[0-9a-f]{6},stroke-width:2px|"
    r" *class [n\d,]+ [\w-]+"
)


def test_census_as_approved() -> None:
    assert_golden("census.mmd", to_mermaid(read_graph(definition("census.json"))))


@given(graphs())
def test_every_line_is_of_a_known_form(graph: Graph) -> None:
    for line in to_mermaid(graph).splitlines():
        assert LINE.fullmatch(line), line
    assert "<script" not in to_mermaid(graph)
