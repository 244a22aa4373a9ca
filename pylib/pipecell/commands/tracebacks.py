"""How exceptions look in a notebook: ours in one line, the user's with the user's own frames.

IPython asks an exception for its own rendering before it walks the frames. Some libraries replace
the method of the shell that shows the result (``import sagemaker`` brings rich, which does) and
then neither the rendering counts nor does the front end get an error. `honour_rendering` puts a
step before such a replacement: exceptions that bring a rendering are shown as IPython shows them,
all others as the library wants.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

_OURS = "_pipecell_honours_rendering"


def render_as(error: BaseException, text: str) -> None:
    """Have IPython show an exception as this text."""
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


def honour_rendering(shell: Any) -> None:
    """Show exceptions that bring their own rendering as IPython does, whoever replaced that."""
    replaced = vars(shell).get("_showtraceback")
    if replaced is None or getattr(replaced, _OURS, False):
        return

    def show(kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        if hasattr(error, "_render_traceback_"):
            type(shell)._showtraceback(shell, kind, error, lines)
        else:
            replaced(kind, error, lines)

    setattr(show, _OURS, True)
    show.__wrapped__ = replaced  # type: ignore[attr-defined]
    shell._showtraceback = show


def forget_rendering(shell: Any) -> None:
    """Undo `honour_rendering`."""
    current = vars(shell).get("_showtraceback")
    if getattr(current, _OURS, False):
        shell._showtraceback = current.__wrapped__
