"""An output that waits for a result gives its place up, to one of the same cell alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pipecell.live import output, waiting
from pipecell.live.waiting import WaitingOutput

Shown = list[tuple[str, str, bool]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What was displayed: text, the output's id, whether it took another one's place."""
    found: Shown = []

    def display(bundle: Mapping[str, Any], display_id: str, *, update: bool = False) -> None:
        found.append((bundle["text/plain"], display_id, update))

    monkeypatch.setattr(output, "display", display)
    monkeypatch.setattr(waiting, "is_watched", lambda: True)
    monkeypatch.setattr(waiting, "running_cell", lambda: "cell 1")
    return found


def test_words_are_written_over_and_a_result_takes_their_place(shown: Shown) -> None:
    wait = WaitingOutput()
    wait.say("Compiling", 0.0)
    wait.say("Compiling", 0.5)
    wait.place({"text/plain": "done"})
    wait.place({"text/plain": "another"})
    assert [(text.split()[0], update) for text, _, update in shown] == [
        ("Compiling", False),
        ("Compiling", True),
        ("done", True),
        ("another", False),
    ]
    assert len({display_id for _, display_id, _ in shown[:3]}) == 1
    assert shown[3][1] != shown[0][1]


def test_a_result_of_another_cell_is_an_output_of_its_own(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = WaitingOutput()
    wait.say("Uploading", 0.5)
    monkeypatch.setattr(waiting, "running_cell", lambda: "cell 2")
    assert wait.take() == ""
    wait.place({"text/plain": "done"})
    assert shown[-1][2] is False


def test_where_nobody_watches_nothing_waits(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "is_watched", lambda: False)
    WaitingOutput().say("Compiling", 0.5)
    assert shown == []


def test_words_about_what_is_over_are_taken_back_and_a_result_still_comes_there(shown: Shown) -> None:
    wait = WaitingOutput()
    wait.hush()
    wait.say("Compiling", 0.5)
    wait.hush()
    assert [(text, update) for text, _, update in shown[1:]] == [("", True)]
    wait.place({"text/plain": "done"})
    assert (shown[-1][0], shown[-1][1], shown[-1][2]) == ("done", shown[0][1], True)
