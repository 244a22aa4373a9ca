"""What ``check`` found, below a drawing and below its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipecell.view.markup import number, text_at
from pipecell.view.metrics import clean, text_width, wrap
from pipecell.view.theme import SEVERITIES

SHOWN = 12
"""Problems that are listed; the rest is counted."""
_PAD = 14.0
_LINE = 17.0
_ORDER = tuple(SEVERITIES)


class Problem(Protocol):
    """What is needed of a diagnostic."""

    @property
    def code(self) -> str:
        """``PC`` and three digits."""

    @property
    def severity(self) -> str:
        """``error``, ``warning`` or ``info``."""

    @property
    def message(self) -> str:
        """What is wrong."""

    @property
    def hint(self) -> str:
        """The way out."""

    @property
    def step(self) -> str | None:
        """The step at fault."""


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Return one line for each problem, the worst first."""
    return [f"{SEVERITIES[p.severity].sign} {p}" for p in _sorted(problems)]


def draw_problems(problems: Sequence[Problem], width: float, top: float) -> tuple[float, list[str]]:
    """Return the lower end and the elements of the list of problems below a drawing.

    Args:
        problems: what ``check`` found.
        width: of the whole picture, in pixels.
        top: where the list begins.
    """
    if not problems:
        return top, []
    ordered = _sorted(problems)
    lines = [f'<path class="rule" d="M1 {number(top + 0.5)}H{number(width - 1)}"/>']
    y = top + 22
    code_at, text_from = _PAD + 18, _PAD + 18 + text_width("PC000", 11) + 14
    for problem in ordered[:SHOWN]:
        mark = SEVERITIES[problem.severity]
        lines.append(text_at(_PAD, y, mark.sign, f"b f-{mark.ink}"))
        lines.append(text_at(code_at, y, clean(problem.code), "dim"))
        words = clean(" ".join(part for part in (_where(problem) + problem.message, problem.hint) if part))
        for part in wrap(words, width - text_from - _PAD, 12, lines=3):
            lines.append(text_at(text_from, y, part, "", full=words if part.endswith("…") else ""))
            y += _LINE
        y += 3
    if len(ordered) > SHOWN:
        lines.append(text_at(text_from, y, f"and {len(ordered) - SHOWN} more: %pipeline check", "dim"))
        y += _LINE
    return y - 8, lines


def _where(problem: Problem) -> str:
    return f"{problem.step}: " if problem.step and problem.step not in problem.message else ""


def _sorted(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: _ORDER.index(problem.severity))
