"""A definition file as the extension shows it: its DAG and what the checks find, from its text alone."""

from __future__ import annotations

from typing import Any

from pipecell.errors import PipecellError
from pipecell.frontend.pipelines import drawing

NO_GRAPHVIZ = "There is no Graphviz to place the steps with: pip install 'pipecell[draw]'."


def read(text: str, path: str) -> dict[str, Any]:
    """Read a SageMaker definition or a state machine, whoever made it.

    Args:
        text: the file's content.
        path: its name, for the pipeline's name and for messages.

    Returns:
        ``{name, engine, steps, dag, problems}``; ``dag`` is null where the text cannot be read, or
        where there is no Graphviz, and ``trouble`` says why.
    """
    from pipecell.definition import read_graph
    from pipecell.definition.checks import Diagnostic, check
    from pipecell.definition.document import read_document
    from pipecell.reports import Diagnostics

    shown: dict[str, Any] = {"name": "", "engine": "", "steps": 0, "dag": None, "problems": [], "trouble": ""}
    try:
        document = read_document(text, origin=path)
    except PipecellError as error:
        return {**shown, "trouble": str(error), "problems": [Diagnostic.of(error).to_json()]}
    found = Diagnostics(check(document))
    graph = read_graph(document)
    dag = drawing(graph)
    return shown | {
        "name": document.name,
        "engine": document.engine,
        "steps": len(graph.nodes),
        "dag": dag,
        "problems": [problem.to_json() for problem in found],
        "trouble": "" if dag is not None else NO_GRAPHVIZ,
    }


def answer(text: str, path: str) -> Any:
    """Return `read` as a value that a kernel sends as JSON, for the extension's own expression."""
    from IPython.display import JSON

    return JSON(read(text, path))  # type: ignore[no-untyped-call]
