"""The widget carries: what is asked, what is chosen, and the document of now for a page that opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.view.widget import DagWidget


def test_a_page_that_opens_gets_the_document_of_now() -> None:
    shown: dict[str, Any] = {"run": {"status": "Executing"}}
    widget = DagWidget(lambda: shown, lambda _: None)
    assert widget.status == "Executing"
    shown = {"run": {"status": "Succeeded"}}
    assert widget.get_state()["document"] == shown


def test_what_is_no_request_is_not_passed_on() -> None:
    asked: list[Mapping[str, Any]] = []
    widget = DagWidget(dict, asked.append)
    for content in ({"type": "hello"}, {"kind": "hello"}, "hello", {"type": 3}):
        widget._asked(widget, content, [])
    assert asked == [{"type": "hello"}]


def test_scripts_set_and_observe_what_is_chosen() -> None:
    widget = DagWidget(dict, lambda _: None)
    seen: list[str] = []
    widget.observe(lambda change: seen.append(change["new"]), "selection")
    widget.selection = "Train"
    assert seen == ["Train"]
