from __future__ import annotations

from typing import Any

import pytest

from pipecell.graph import Graph, Node, NodeState
from pipecell.view.items import items
from pipecell.view.text import to_text

COUNTS = {"Total": 5, "Succeeded": 2, "Failed": 1, "Stopped": 0, "Executing": 2}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, ""),
        ({"Iterations": COUNTS}, "2 of 5 done, 1 failed"),
        (
            {"Iterations": {"Entered": 3, "Succeeded": 3, "Failed": 0, "Stopped": 0, "Executing": 0}},
            "3 of 3 done",
        ),
    ],
)
def test_how_far_the_items_are(metadata: dict[str, Any], words: str) -> None:
    assert items(NodeState("Executing", metadata=metadata)) == words


def test_a_tree_says_it_too() -> None:
    graph = Graph("M", "stepfunctions", (Node("Each", "Each", "Map"),))
    assert "2 of 5 done, 1 failed" in to_text(
        graph, states={"Each": NodeState("Executing", 0, metadata={"Iterations": COUNTS})}, now=9
    )
