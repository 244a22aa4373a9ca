"""The verbs' view of a notebook: where nobody watches, an upload is a line."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.commands import in_notebook
from pipecell.commands.in_notebook import NotebookContext


def test_where_nobody_watches_an_upload_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    nobody: Any = None
    tell = NotebookContext(nobody, nobody).progress
    assert tell is not None
    tell("s3://b/k", 120_000_000, 120_000_000)
    assert "Uploaded 120 MB." in capsys.readouterr().out


def test_where_people_watch_bars_say_it_and_no_line_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody: Any = None
    monkeypatch.setattr(in_notebook, "is_watched", lambda: True)
    assert NotebookContext(nobody, nobody).progress is None
