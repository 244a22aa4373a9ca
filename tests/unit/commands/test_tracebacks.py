"""Exceptions that bring their own rendering are shown so, whoever replaced how IPython shows errors."""

from __future__ import annotations

from typing import Any

from pipecell.commands.tracebacks import forget_rendering, honour_rendering, render_as


class Shell:
    """The part of IPython's shell that shows tracebacks."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, Any]] = []

    def _showtraceback(self, kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        self.shown.append(("ipython", lines))

    def rich(self, kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        self.shown.append(("rich", str(error)))


def replaced() -> Shell:
    """Return a shell in which a library has replaced the method, as rich does."""
    shell = Shell()
    shell._showtraceback = shell.rich  # type: ignore[method-assign]
    return shell


def test_ours_is_shown_by_ipython_and_others_by_the_library() -> None:
    shell = replaced()
    honour_rendering(shell)
    ours, other = ValueError("ours"), ValueError("other")
    render_as(ours, "one line")
    shell._showtraceback(ValueError, ours, ours._render_traceback_())  # type: ignore[attr-defined]
    shell._showtraceback(ValueError, other, ["a", "b"])
    assert shell.shown == [("ipython", ["one line"]), ("rich", "other")]


def test_it_is_done_once_and_undone() -> None:
    shell = replaced()
    library = shell._showtraceback
    honour_rendering(shell)
    first = shell._showtraceback
    honour_rendering(shell)
    assert shell._showtraceback is first
    forget_rendering(shell)
    assert shell._showtraceback == library
    forget_rendering(shell)
    assert shell._showtraceback == library


def test_a_shell_that_nobody_changed_is_left_alone() -> None:
    shell = Shell()
    honour_rendering(shell)
    assert "_showtraceback" not in vars(shell)
