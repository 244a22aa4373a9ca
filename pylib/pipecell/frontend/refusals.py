"""What kept cells from declaring anything: errors of ours, and Python's own in cells of ours.

They are kept from the moment when pipecell is loaded, whether or not a page is there to be told: who
runs all cells of a notebook at once sees the page connect when the first of them have failed already.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Any

from pipecell.errors import CheckFailedError, EndpointError, ExecutionError, PipecellError, UsageError

_OURS = re.compile(r"\s*%%(?:pipeline|step)\b")


class Refusals:
    """The newest problem of each cell that ended with one, by the cell's id."""

    def __init__(self) -> None:
        self._problems: dict[str, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the problems, as the extension reads them."""
        return iter(list(self._problems.values()))

    def of(self, cell: str) -> dict[str, Any] | None:
        """Return the problem of a cell."""
        return self._problems.get(cell)

    def ran(self, cell: str, source: str, error: BaseException | None, number: int | None = None) -> bool:
        """Take in how a cell ended; return whether its problem is another one now.

        Args:
            cell: its id.
            source: its whole text.
            error: what it raised.
            number: its execution count. What is wrong with another cell of its pipeline is that one's.
        """
        before = self._problems.pop(cell, None)
        problem = None
        if error is not None and getattr(error, "cell", None) in (None, number):
            problem = _problem(cell, source, error)
        if problem is not None:
            self._problems[cell] = problem
        return problem != before

    def forget(self, cell: str) -> bool:
        """Drop the problem of a cell that was deleted; return whether there was one."""
        return self._problems.pop(cell, None) is not None


def _problem(cell: str, source: str, error: BaseException) -> dict[str, Any] | None:
    from pipecell.definition.checks import Diagnostic
    from pipecell.frontend import places

    if isinstance(error, CheckFailedError | ExecutionError | EndpointError):
        # What the checks found is told of the cells that it is in; a run that failed, or could not be
        # reached, is no fault of what the cell says.
        return None
    if isinstance(error, PipecellError):
        found = Diagnostic.of(error)
        place = places.find(source, found, None)
        if place is None and isinstance(error, UsageError):
            place = places.find_command(source, error.message)
    elif isinstance(error, Exception) and _OURS.match(source):
        found = Diagnostic(type(error).__name__, "error", None, "", _words(error))
        place = _place(source, error)
    else:
        return None
    return {**found.to_json(), "cell": cell, "place": place.to_json() if place is not None else None}


def _words(error: Exception) -> str:
    wrong = _syntax_error(error)
    return str(wrong.msg if wrong is not None else error) or "It says no more."


def _place(source: str, error: Exception) -> Any:
    """Return where in the cell Python stopped: the expression where it tells, else the line."""
    from pipecell.frontend import places

    wrong = _syntax_error(error)
    if wrong is not None:
        column = wrong.offset - 1 if wrong.offset else None
        same_line = wrong.end_lineno in (None, wrong.lineno)
        end = wrong.end_offset - 1 if same_line and wrong.end_offset and wrong.end_offset > 0 else None
        return places.piece(source, wrong.lineno or 0, column, end)
    lines = source.splitlines()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        number = frame.lineno or 0
        here = 1 < number <= len(lines) and (frame.line or "").strip() == lines[number - 1].strip()
        # The cell's frame is the one whose text is the cell's: its file has no other name that lasts.
        if here and frame.line:
            start, end = (_characters(lines[number - 1], getattr(frame, name, None)) for name in _COLUMNS)
            return places.piece(source, number, start, end if _is_one_line(frame) else None)
    return None


_COLUMNS = ("colno", "end_colno")
"""Where a frame stands in its line, in bytes; Python 3.10 does not tell."""


def _characters(line: str, column: int | None) -> int | None:
    return None if column is None else len(line.encode()[:column].decode(errors="ignore"))


def _is_one_line(frame: traceback.FrameSummary) -> bool:
    return getattr(frame, "end_lineno", frame.lineno) == frame.lineno


def _syntax_error(error: BaseException) -> SyntaxError | None:
    """Return the SyntaxError of a cell's body; what is raised for it only has its name.

    One that is raised as it is comes from code that ran, such as a module that was imported.
    """
    found = error.__context__
    named = type(error).__name__ == type(found).__name__
    return found if isinstance(found, SyntaxError) and named and not isinstance(error, SyntaxError) else None
