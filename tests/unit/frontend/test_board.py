"""What pages are told while other things go on in the kernel."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.events import EventManager, available_events

from pipecell import targets
from pipecell.frontend.board import Board
from pipecell.frontend.refusals import Refusals
from pipecell.loaded import loaded
from pipecell.magics import load


def a_shell() -> Any:
    """What loading needs of an IPython shell."""
    registry: dict[str, Any] = {}
    return SimpleNamespace(
        magics_manager=SimpleNamespace(registry=registry),
        register_magics=lambda magics: registry.update({type(magics).__name__: magics}),
        events=EventManager(SimpleNamespace(), available_events),  # type: ignore[arg-type]
        input_transformers_cleanup=[],
        Completer=None,
    )


def test_a_place_is_told_when_it_is_chosen_though_the_next_cell_waits_for_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()
    now = targets.Target("aws", None, "")

    def choose(home: object) -> None:
        nonlocal now
        gate.wait()
        now = targets.Target("local", "http://127.0.0.1:1", "us-east-1")

    monkeypatch.setattr(targets, "aws_configured", lambda: False)
    monkeypatch.setattr(targets, "activate_local", choose)
    monkeypatch.setattr(targets, "current", lambda: now)
    monkeypatch.delitem(sys.modules, "botocore", raising=False)  # with it the load itself would wait
    shell = a_shell()
    load(shell)
    told: list[Any] = []
    board = Board(shell, SimpleNamespace(), Refusals(), told.append, lambda work: work())  # type: ignore[arg-type]
    next_cell = threading.Thread(target=lambda: shell.events.trigger("pre_run_cell", None))
    next_cell.start()
    next_cell.join(0.2)  # it waits now
    page = threading.Thread(target=board.moved)
    page.start()
    page.join(0.2)  # so does this one
    gate.set()
    for thread in (next_cell, page):
        thread.join(60)
    assert [message["target"] for message in told] == ["local"]
    magics = loaded(shell)
    assert magics is not None
    assert magics.activation is None
    assert shell.events.callbacks["pre_run_cell"] == []
