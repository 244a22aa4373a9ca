"""What a notebook shows: the picture, and the same as text, in one MIME bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipecell.errors import PipecellError
from pipecell.graph import Graph, NodeState
from pipecell.view.header import Header
from pipecell.view.problems import Problem, problem_lines
from pipecell.view.svg import to_svg
from pipecell.view.text import to_text

__all__ = ["Header", "mimebundle"]

SVG, TEXT = "image/svg+xml", "text/plain"


def mimebundle(
    graph: Graph,
    states: Mapping[str, NodeState] | None = None,
    header: Header | None = None,
    diagnostics: Sequence[Problem] = (),
    *,
    now: float | None = None,
) -> dict[str, str]:
    """Return a graph as SVG and as text; only as text where there is no Graphviz.

    Args:
        graph: the pipeline.
        states: state of each node by id during a run; None for a preview.
        header: the strip above the drawing.
        diagnostics: what ``check`` found; listed below the drawing.
        now: epoch seconds, for running steps; by default the clock's time.
    """
    text = "\n".join([to_text(graph, states=states, header=header, now=now), *problem_lines(diagnostics)])
    try:
        picture = to_svg(graph, states=states, header=header, diagnostics=diagnostics, now=now)
    except PipecellError as error:
        return {TEXT: f"{text}\n{error}"}
    return {SVG: picture, TEXT: text}
