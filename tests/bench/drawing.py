"""SVG of a large graph."""

from __future__ import annotations

from pipecell.definition import read_document, read_graph
from pipecell.graph import Graph
from pipecell.view.dot import to_dot
from pipecell.view.svg import to_svg
from tests.bench.reading import definition
from tests.bench.row import Row, median_seconds


def graph(nodes: int) -> Graph:
    """Return the graph of a chain of steps."""
    return read_graph(read_document(definition(nodes), name="Large"))


def measure() -> list[Row]:
    """Draw 200 and 1,000 nodes, beside Graphviz alone laying out the same DOT."""
    import pygraphviz

    rows = []
    for nodes, budget in ((200, 0.1), (1_000, 0.5)):
        drawn = graph(nodes)
        dot = to_dot(drawn)

        def graphviz(dot: str = dot) -> bytes:
            return bytes(pygraphviz.AGraph(string=dot).draw(format="svg", prog="dot"))

        def ours(drawn: Graph = drawn) -> str:
            return to_svg(drawn)

        rows.append(
            Row(
                f"SVG of {nodes:,} nodes",
                median_seconds(ours, 3),
                budget,
                "pygraphviz",
                median_seconds(graphviz, 3),
            )
        )
    return rows
