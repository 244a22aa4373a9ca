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
STEPS = 14


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
        return "\n".join([totals, *map(self._line, self.grown)])

    def _line(self, label: str) -> str:
        """Return how many more there are of something, and what holds the newest of them."""
        heap = self.heap
        nodes = np.flatnonzero(heap.ours_held | heap.held_by_us)
        newest = max((int(node) for node in nodes if heap.label(int(node)) == label), key=heap.age)
        path = "\n      ".join(heap.path(newest)[-STEPS:])
        return f"  {self.grown[label]} more: {label}, held by\n      {path}"
