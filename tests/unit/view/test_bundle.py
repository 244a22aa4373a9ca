"""The MIME bundle."""

import sys

import pytest

from pipecell.definition import read_document, read_graph
from pipecell.definition.checks import check
from pipecell.graph import NodeState
from pipecell.view import placement
from pipecell.view.bundle import Header, mimebundle
from tests.unit.golden.compare import definition
from tests.unit.view.graphs import NOW

CENSUS = read_graph(definition("census.json"))


def test_picture_and_text() -> None:
    bundle = mimebundle(CENSUS)
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert bundle["text/plain"].startswith(
        "CensusPipeline  6 steps" if CENSUS.pipeline == "CensusPipeline" else "census  6 steps"
    )


def test_a_run() -> None:
    states = {"CensusTrain": NodeState("Executing", NOW - 5)}
    bundle = mimebundle(CENSUS, states, Header("Census", "Executing", "0:05"), now=NOW)
    assert "● CensusTrain" in bundle["text/plain"]
    assert "● Executing 0:05" in bundle["image/svg+xml"]


def test_problems_in_both() -> None:
    document = read_document({"Version": "1", "Steps": [{"Name": "A", "Type": "Fail", "DependsOn": ["B"]}]})
    bundle = mimebundle(read_graph(document), diagnostics=check(document))
    assert "✕ PC103 error · step A" in bundle["text/plain"]
    assert "PC103" in bundle["image/svg+xml"]


def test_only_text_without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    placement.place.cache_clear()
    bundle = mimebundle(CENSUS)
    assert set(bundle) == {"text/plain"}
    assert "pip install 'pipecell[draw]'" in bundle["text/plain"]
