"""Facts from a compiled definition: JSON in, facts out, no effects."""

from __future__ import annotations

from pipecell.definition import sagemaker, states
from pipecell.definition.document import Document, read_document
from pipecell.graph import Graph

__all__ = ["Document", "read_document", "read_graph"]


def read_graph(document: Document) -> Graph:
    """Return the DAG of a pipeline or the graph of a state machine."""
    if document.engine == "stepfunctions":
        return states.read_graph(document)
    return sagemaker.read_graph(document)
