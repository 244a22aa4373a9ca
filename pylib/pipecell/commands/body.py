"""A cell's body: run as IPython runs a cell, its exceptions shown as IPython shows a cell's."""

from __future__ import annotations

import ast
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any


class BodyRunner:
    """Runs a cell's body as IPython runs a cell, and shows its last expression.

    Args:
        shell: the IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.file = ""

    def __call__(self, source: str, namespace: MutableMapping[str, Any]) -> None:
        """Run ``source`` in ``namespace``; its exception comes out."""
        shell = self._shell
        # One line further down, where the front end shows the body: the magic is the cell's first line.
        code = "\n" + shell.transform_cell(source)
        self.file = shell.compile.cache(code, shell.execution_count, raw_code=code)
        tree = shell.compile.ast_parse(code, self.file)
        tree = shell.transform_ast(tree)
        last: list[ast.Expr] = []
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
            last = [tree.body.pop()]
        space: Any = namespace
        exec(shell.compile(tree, self.file, "exec"), space)  # noqa: S102 - running the user's cell is the point
        for expression in last:
            single = ast.Interactive([expression])
            exec(shell.compile(single, self.file, "single"), space)  # noqa: S102


def render_as(error: BaseException, text: str) -> None:
    """Have IPython show an exception as this text: it asks for that before it walks the frames."""
    error._render_traceback_ = text.splitlines  # type: ignore[attr-defined]


def hide_frames_before(shell: Any, error: BaseException, file: str) -> None:
    """Have IPython show the frames of the user's cell and those below, not ours above."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    if trace is None:
        return
    shown = trace

    def render() -> list[str]:
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, shown, tb_offset=0)
        return lines

    try:
        error._render_traceback_ = render  # type: ignore[attr-defined]
    except AttributeError:
        return  # an exception with slots: IPython shows all frames, ours too


def shown_syntax_error(shell: Any, error: SyntaxError, file: str) -> Exception:
    """Return what to raise for a body that does not parse.

    IPython shows every frame of a SyntaxError raised while code runs, and asks for no other
    rendering; so this one only has its name and shows what a plain cell would.
    """
    if not file or error.filename != file:
        return error  # raised by code that ran, not by the body itself
    lines = shell.SyntaxTB.structured_traceback(type(error), error, [])
    kind = type(type(error).__name__, (Exception,), {"_render_traceback_": lambda _: lines})
    shown: Exception = kind(str(error))
    return shown
