"""A question before a run on AWS: a yes is a yes, anything else a no, and nobody there is an error."""

from __future__ import annotations

import io

import pytest
from IPython.core.error import StdinNotImplementedError

from pipecell.cli import ShellContext
from pipecell.commands.in_notebook import NotebookContext
from pipecell.errors import UsageError
from pipecell.workspace import Workspace

ANSWERS = [("y", True), (" YES ", True), ("", False), ("n", False), ("yeah", False)]


class Terminal(io.StringIO):
    """A standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_a_notebook_asks(monkeypatch: pytest.MonkeyPatch, answer: str, *, expected: bool) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return answer

    monkeypatch.setattr("builtins.input", ask)
    assert NotebookContext(None, Workspace()).confirm("Run it on AWS?") is expected
    assert asked == ["Run it on AWS? [y/N] "]


def test_a_notebook_that_nobody_sits_at_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(prompt: str) -> str:
        raise StdinNotImplementedError(prompt)

    monkeypatch.setattr("builtins.input", refuse)
    with pytest.raises(UsageError, match="--yes") as caught:
        NotebookContext(None, Workspace()).confirm("Run it on AWS?")
    assert caught.value.code == "PC925"


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_a_terminal_asks(monkeypatch: pytest.MonkeyPatch, answer: str, *, expected: bool) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    err = io.StringIO()
    assert ShellContext(io.StringIO(), err).confirm("Run it on AWS?") is expected
    assert err.getvalue() == "Run it on AWS? [y/N] "


def test_a_pipe_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError):
        ShellContext(io.StringIO(), io.StringIO()).confirm("Run it on AWS?")
