"""Cells before and after a conversion."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Conversion:
    """Converted cells.

    Attributes:
        pipeline: the pipeline's name.
        before: the cells, first lines included.
        cells: what each becomes: some cells, or none.
        renamed: folders of code whose name the SDK makes up, and makes up anew.
    """

    pipeline: str
    before: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    renamed: tuple[str, ...] = ()

    @property
    def after(self) -> tuple[str, ...]:
        """The new cells, in order."""
        return tuple(cell for cells in self.cells for cell in cells)

    @property
    def promise(self) -> str:
        """What the new cells keep, in words."""
        if not self.renamed:
            return "the same definition"
        return f"the same definition, but for names that the SDK makes up: {', '.join(self.renamed)}"

    def diff(self) -> str:
        """Return a unified diff, a cell at a time; cells that stay as they are do not appear."""
        lines: list[str] = []
        for number, (old, new) in enumerate(zip(self.before, self.cells, strict=True), 1):
            name = f"cell {number}"
            text = "\n\n".join(new)
            lines += difflib.unified_diff(old.splitlines(), text.splitlines(), name, name, lineterm="", n=1)
        return "\n".join(lines)

    def script(self) -> str:
        """Return the new cells as a file of cells: ``# %%`` starts one."""
        return "\n".join(f"# %%\n{cell.rstrip()}\n" for cell in self.after)
