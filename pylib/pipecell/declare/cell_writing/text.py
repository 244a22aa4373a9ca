"""A ``%%step`` cell as text: its words quoted, its line broken where it is long."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

_PLAIN_WORD = re.compile(r"[\w@%+=:,./$*\[\]{}?()-]+")
_WIDTH = 100


@dataclass
class CellText:
    """A ``%%step`` cell that is being written.

    Attributes:
        kind, name: the words after ``%%step``.
        words: what follows: options, each with its value.
        body: the cell below its line.
    """

    kind: str
    name: str
    words: list[tuple[str, ...]] = field(default_factory=list)
    body: str = ""

    def add(self, option: str, value: str | None) -> None:
        """Add an option with its value; one that no word can say, as with a line break in it, is left out."""
        if value is None or "\n" in value:
            return
        self.words.append((f"{option}={value}",) if value.startswith("-") else (option, value))

    def flag(self, option: str) -> None:
        """Add an option without a value."""
        self.words.append((option,))

    @property
    def line(self) -> str:
        """The first line after ``%%step``."""
        return " ".join([self.kind, self.name, *(" ".join(map(quoted, group)) for group in self.words)])

    def __str__(self) -> str:
        lines = [f"%%step {self.kind} {self.name}"]
        for group in self.words:
            word = " ".join(map(quoted, group))
            if len(lines[-1]) + len(word) + 1 > _WIDTH:
                lines[-1] += " \\"
                lines.append(f"    {word}")
            else:
                lines[-1] += f" {word}"
        return "\n".join([*lines, *([self.body] if self.body else [])])


def quoted(word: str) -> str:
    """Return a word as a line's reader takes it apart again."""
    return word if _PLAIN_WORD.fullmatch(word) else shlex.quote(word)
