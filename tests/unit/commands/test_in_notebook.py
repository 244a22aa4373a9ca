"""The verbs' view of a notebook: an upload shows in the live preview, and no bar outlives it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from pipecell.commands.in_notebook import NotebookContext
from pipecell.live import Screen
from pipecell.live import screen as screen_module
from pipecell.live.previews import PreviewStage

DEADLINE = 20.0


class Named:
    """As much of a pipeline as an upload needs, and of a workspace."""

    def __init__(self, screen: Screen) -> None:
        self.name = "Census"
        self.screen = screen


def test_an_upload_that_fails_leaves_no_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Mapping[str, Any]] = []
    over = threading.Event()

    def tell(_: PreviewStage, event: Mapping[str, Any]) -> None:
        told.append(event)
        if event["share"] == 1.0:
            over.set()

    monkeypatch.setattr(PreviewStage, "tell", tell)
    monkeypatch.setattr(PreviewStage, "bundle", lambda _, picture: dict(picture))
    monkeypatch.setattr(screen_module, "is_watched", lambda: True)
    monkeypatch.setattr(screen_module, "live_views", lambda: True)
    here: Any = Named(Screen())
    here.screen.preview(here, {"image/svg+xml": "<svg/>"})

    def upload() -> None:
        with NotebookContext(None, here).progress(here) as progress:
            progress("s3://b/k", 30_000_000, 120_000_000)
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        upload()
    assert over.wait(DEADLINE)
    assert told == [
        {"type": "progress", "what": "Uploading 30 of 120 MB", "share": 0.25},
        {"type": "progress", "what": "", "share": 1.0},
    ]
    assert "Uploading 30 of 120 MB" in capsys.readouterr().out


def test_without_a_live_preview_the_line_alone_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    here: Any = Named(Screen())
    with NotebookContext(None, here).progress(here) as progress:
        progress("s3://b/k", 120_000_000, 120_000_000)
    assert "Uploaded 120 MB." in capsys.readouterr().out
