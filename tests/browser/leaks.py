"""What the extension leaves behind in a page: more of the same, after something was done several times."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from playwright.sync_api import CDPSession

from tests.browser.heap import Counts, Heap

SECONDS = 90.0
"""How long is waited for what is on its way: JupyterLab and the browser finish things when they are idle."""
MOST = 6
"""How many things are told with what holds them."""


def settled(session: CDPSession, seconds: float = SECONDS) -> Counts:
    """Look until there is no less than there was; return how much there is then."""
    deadline = time.monotonic() + seconds
    found = Heap.taken(session).counts
    while True:
        again = Heap.taken(session).counts
        if again.total >= found.total or time.monotonic() > deadline:
            return again
        found = again


@dataclass(frozen=True)
class Leaks:
    """What there is more of.

    Attributes:
        before: how much there was of everything.
        heap: what there is now.
        fewest: how many more make a leak; fewer may be on their way, or be kept for the next time.
    """

    before: Counts
    heap: Heap
    fewest: int

    @classmethod
    def since(cls, before: Counts, session: CDPSession, fewest: int, seconds: float = SECONDS) -> Leaks:
        """Look until nothing has leaked, or until the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            found = cls(before, Heap.taken(session), fewest)
            if not found.grown or time.monotonic() > deadline:
                return found

    @cached_property
    def grown(self) -> Counter[str]:
        """How many more there are of what there are too many more of."""
        now = self.heap.counts
        found: Counter[str] = Counter()
        for counts, before in ((now.ours, self.before.ours), (now.by_us, self.before.by_us)):
            for label, count in counts.items():
                if count - before[label] >= self.fewest:
                    found[label] = max(found[label], count - before[label])
        return found

    def __str__(self) -> str:
        now, before = self.heap.counts, self.before
        totals = (
            f"  ours: {before.ours.total()} before, {now.ours.total()} after; "
            f"held by ours alone: {before.by_us.total()} before, {now.by_us.total()} after"
        )
        # What is nearest to the roots holds the rest.
        paths = sorted(self._paths.items(), key=lambda found: len(found[1]))
        lines = [
            "\n      ".join([f"  {self.grown[label]} more: {label}, held by", *path])
            for label, path in paths[:MOST]
        ]
        rest = len(paths) - len(lines)
        return "\n".join([totals, *lines, *([f"  and {rest} other things"] if rest > 0 else [])])

    @cached_property
    def _paths(self) -> dict[str, list[str]]:
        """What holds the newest of each thing that there is too much of."""
        newest: dict[str, int] = {}
        for node in np.flatnonzero(self.heap.ours_held | self.heap.held_by_us).tolist():
            label = self.heap.label(node)
            if label in self.grown and self.heap.age(node) >= self.heap.age(newest.get(label, node)):
                newest[label] = node
        return {label: self.heap.path(node) for label, node in newest.items()}
