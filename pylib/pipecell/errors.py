"""The one family of errors: each says what is wrong, where, and the way out.

Codes are stable. Their first digit names the room that speaks: ``PC0`` reading a
document, ``PC1`` references and structure, ``PC2`` arguments, ``PC3`` limits,
``PC4`` code and determinism, ``PC5`` practice, ``PC6`` declaring in cells,
``PC7`` running, ``PC8`` the local endpoint, ``PC9`` the command itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Any


class PipecellError(Exception):
    """Base of every error that pipecell raises on purpose.

    Args:
        message: what is wrong, one sentence.
        code: stable code, ``PC`` and three digits.
        hint: the way out, one sentence; empty when there is none.
        cell: execution count of the notebook cell at fault, where known.
        step: name of the step or state at fault, where known.
        path: path inside the definition, for example ``Arguments.RoleArn``.
    """

    code = "PC000"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str = "",
        cell: int | None = None,
        step: str | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.hint = hint
        self.cell = cell
        self.step = step
        self.path = path

    @property
    def way_out(self) -> str:
        """The way out as the one line tells it."""
        return self.hint

    def __str__(self) -> str:
        """Return the one line that people read."""
        where = " · ".join(
            part for part in (f"step {self.step}" if self.step else "", self.path or "") if part
        )
        line = f"{self.code}"
        if where:
            line += f" · {where}"
        line += f" — {self.message}"
        if self.way_out:
            line += f" {self.way_out}"
        if self.cell is not None:
            line += f" (cell {self.cell})"
        return line


class DefinitionError(PipecellError):
    """A definition that cannot be read or compiled (the pipeline is at fault)."""

    code = "PC001"


class DeclarationError(PipecellError):
    """A cell that declares something impossible."""

    code = "PC600"


class CheckFailedError(PipecellError):
    """A launch refused because ``check`` found errors.

    Args:
        message: what was refused.
        diagnostics: the errors, each printing as one line.
        hint: the way out.
    """

    code = "PC700"

    def __init__(self, message: str, *, diagnostics: Iterable[object] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        """Return the refusal and, below it, one line for each error."""
        return "\n".join([super().__str__(), *(f"  {diagnostic}" for diagnostic in self.diagnostics)])


class ExecutionError(PipecellError):
    """An execution that cannot be started, followed or changed."""

    code = "PC701"


class EndpointError(PipecellError):
    """The local endpoint cannot serve: port, home, disk, version or process."""

    code = "PC800"


class MissingDependencyError(PipecellError):
    """An optional package is needed for what was asked."""

    code = "PC901"


class UsageError(PipecellError):
    """The command itself is wrong: a verb, option or value that does not exist.

    Args:
        message: what is wrong.
        usage: all that the command takes, which the one line tells instead of the hint; may be empty.
        given: as of every error; the hint is for where there is little room.
    """

    code = "PC900"

    def __init__(self, message: str, *, usage: str = "", **given: Any) -> None:
        super().__init__(message, **given)
        self.usage = usage

    @property
    def way_out(self) -> str:
        """The usage where it helps, else the hint."""
        return f"Usage: {self.usage}" if self.usage else self.hint


MOST_NAMES = 12
"""Names that a hint lists where none is near."""

MOST_LETTERS = 80
"""Letters of each: no name of a step or a state is longer."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known spelling closest to ``name``, or None when none is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the nearest spelling, else the list of what exists."""
    names = list(known)
    match = nearest(name, names)
    if match is not None:
        return f'Did you mean "{match}"?'
    if not names:
        return ""
    more = "…" if len(names) > MOST_NAMES else ""
    shown = (name if len(name) <= MOST_LETTERS else f"{name[:MOST_LETTERS]}…" for name in sorted(names))
    return f"Known: {', '.join(islice(shown, MOST_NAMES))}{more}."
