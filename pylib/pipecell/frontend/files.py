"""A definition file as the extension shows it, from its text alone: its DAG, its steps, its checks.

The extension asks by an expression of its own in a kernel that has nothing else to do. Each question
carries the whole text, so that no question depends on another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.errors import PipecellError
from pipecell.frontend.lines import find_line
from pipecell.frontend.pipelines import drawing
from pipecell.view.folding import Folding, fold, toggle, toggle_all, unfold

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.graph import Graph

NO_GRAPHVIZ = "There is no Graphviz to place the steps with: pip install 'pipecell[draw]'."
NOT_DRAWN = "It cannot be drawn: the check beside says why."

Question = Mapping[str, Any]


def read(text: str, path: str, folding: Folding | None = None) -> dict[str, Any]:
    """Read a SageMaker definition or a state machine, whoever made it.

    Args:
        text: the file's content.
        path: its name, for the pipeline's name, and since a ``.yaml`` holds a state machine in YAML.
        folding: what is folded and opened in its DAG.

    Returns:
        ``{name, engine, steps, dag, problems}``; ``dag`` is null where the text cannot be read, or
        where there is no Graphviz, and ``trouble`` says why.
    """
    from pipecell.definition.checks import Diagnostic, check
    from pipecell.reports import Diagnostics

    shown: dict[str, Any] = {"name": "", "engine": "", "steps": 0, "dag": None, "problems": []}
    try:
        file = _opened(text, path)
    except PipecellError as error:
        return {**shown, "trouble": NOT_DRAWN, "problems": [Diagnostic.of(error).to_json()]}
    dag = drawing(file.graph, folding or Folding())
    return shown | {
        "name": file.document.name,
        "engine": file.document.engine,
        "steps": len(file.graph.nodes),
        "dag": dag,
        "problems": [problem.to_json() for problem in Diagnostics(check(file.document))],
        "trouble": "" if dag is not None else NO_GRAPHVIZ,
    }


def answer(question: str) -> Any:
    """Return the answer to a question of the extension as a value that a kernel sends as JSON.

    Args:
        question: JSON: ``type``, the file's ``text`` and ``path``, what is ``folded`` and ``opened`` in its
            DAG, and what the type needs: ``read``; ``toggle`` a node; ``show`` a hidden one; ``fold`` all or
            not; ``open`` a node's detail; ``line`` of a problem's step and its place in it.
    """
    from IPython.display import JSON

    asked: Question = json.loads(question)
    return JSON(_ANSWERS[asked["type"]](asked))  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class _File:
    document: Document
    graph: Graph


@lru_cache(maxsize=4)
def _opened(text: str, path: str) -> _File:
    """Read a file once, however much is asked about it."""
    from pipecell.declare.files import read_content
    from pipecell.definition import read_graph

    document = read_content(text.encode("utf-8", "surrogatepass"), Path(path))
    return _File(document, read_graph(document))


def _asked_file(question: Question) -> _File:
    return _opened(question["text"], question["path"])


def _asked_folding(question: Question) -> Folding:
    return Folding(frozenset(question["folded"]), frozenset(question["opened"]))


def _read(question: Question) -> dict[str, Any]:
    return read(question["text"], question["path"], _asked_folding(question))


def _toggle(question: Question) -> dict[str, Any]:
    graph, folding = _asked_file(question).graph, _asked_folding(question)
    return _drawn(graph, toggle(folding, fold(graph, folding), question["node"]))


def _show(question: Question) -> dict[str, Any]:
    graph = _asked_file(question).graph
    return _drawn(graph, unfold(graph, _asked_folding(question), question["node"]))


def _fold(question: Question) -> dict[str, Any]:
    graph, folding = _asked_file(question).graph, _asked_folding(question)
    return _drawn(graph, toggle_all(graph, folding, fold(graph, folding), shut=question["all"]))


def _drawn(graph: Graph, folding: Folding) -> dict[str, Any]:
    dag = drawing(graph, folding)
    return {
        "scene": dag["scene"] if dag is not None else None,
        "folded": sorted(folding.folded),
        "opened": sorted(folding.opened),
    }


def _detail(question: Question) -> dict[str, Any]:
    from pipecell.definition.parameters import defaults
    from pipecell.live.details import declared_detail

    file, node = _asked_file(question), question["node"]
    members = fold(file.graph, _asked_folding(question)).collapsed.members.get(node, (node,))
    return declared_detail(file.document, file.graph, node, members, defaults(file.document))


def _line(question: Question) -> dict[str, Any]:
    return {"line": find_line(question["text"], question["step"], question["place"])}


_ANSWERS: Mapping[str, Callable[[Question], dict[str, Any]]] = {
    "read": _read,
    "toggle": _toggle,
    "show": _show,
    "fold": _fold,
    "open": _detail,
    "line": _line,
}
