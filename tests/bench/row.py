"""What one measurement says, and how a table of them is printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: the work that was done.
        seconds: how long it took; another number where ``unit`` says so.
        budget: the most it may take, in the same unit; None where none is set.
        peer: who else did the same work in this run; empty when nobody did.
        peer_seconds: how long that took, in the same unit; None where it was not measured.
        unit: what the numbers count.
    """

    what: str
    seconds: float
    budget: float | None = None
    peer: str = ""
    peer_seconds: float | None = None
    unit: str = "s"

    @property
    def within(self) -> bool:
        """Whether the budget was kept."""
        return self.budget is None or self.seconds <= self.budget

    @property
    def ratio(self) -> float | None:
        """How many times longer than ours the peer took."""
        return None if self.peer_seconds is None else self.peer_seconds / max(self.seconds, 1e-9)


def median_seconds(work: Callable[[], object], times: int = 5) -> float:
    """Run ``work`` several times and return the median of the seconds it took."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def seconds_text(value: float | None, unit: str = "s") -> str:
    """Return a duration as people read it in a table."""
    return "" if value is None else f"{value:.3f} {unit}"


def render(rows: Iterable[Row]) -> str:
    """Return the rows as an aligned table, with a sign where a budget was not kept."""
    table = [("what", "pipecell", "budget", "", "peer", "peer took", "peer / pipecell")]
    for row in rows:
        sign = "" if row.budget is None else ("✓" if row.within else "✗ over")
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
        table.append(
            (
                row.what,
                seconds_text(row.seconds, row.unit),
                "" if row.budget is None else f"< {row.budget:g} {row.unit}",
                sign,
                "" if row.peer_seconds is None else row.peer,
                seconds_text(row.peer_seconds, row.unit),
                ratio,
            )
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
