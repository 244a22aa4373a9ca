"""What takes long before a run begins, and how far it is: compiling a large pipeline, uploading its files.

Whoever looks is told: the cell that runs, the pipeline's newest live preview, JupyterLab's side panel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipecell.engines.engine import Progress, Uploadable

SHOWN_FROM = 8 * 1024 * 1024
"""Uploads of fewer bytes are over before anything about them is read."""

SHOWN_AFTER = 0.5
"""Seconds that compiling takes before it is shown."""

Bar = Callable[[str, float], None]
"""Shows words, and the share of something that is done; at 1 it goes."""

_STEP = 0.02  # share of the whole after which a bar is told again
_PAUSE = 0.1  # seconds between two tellings about steps


def upload_bar(bar: Bar) -> Progress:
    """Return what tells a bar how far a large upload is; an engine's ``Progress``."""
    said = 0.0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said
        share = done / total if total else 1.0
        if total >= SHOWN_FROM and share < 1 and share - said >= _STEP:
            said = share
            bar(f"Uploading {megabytes(done)} of {megabytes(total)} MB", share)

    return tell


def megabytes(count: int) -> int:
    """Return bytes in megabytes, for people."""
    return round(count / 1e6)


@contextmanager
def uploading(
    uploads: Sequence[Uploadable], bar: Bar, *, begin: Callable[[], None], also: Progress | None
) -> Iterator[Progress]:
    """Show how far a pipeline's uploads are while the block lasts.

    Args:
        uploads: its files.
        bar: shows it where people look; no bar stays halfway, also where an upload fails.
        begin: called first where they take long.
        also: told of each piece besides.
    """
    from pipecell.engines.uploads import size_of

    if sum(map(size_of, uploads)) >= SHOWN_FROM:
        begin()
    show = upload_bar(bar)

    def tell(what: str, done: int, total: int) -> None:
        show(what, done, total)
        if also is not None:
            also(what, done, total)

    try:
        yield tell
    finally:
        bar("", 1.0)


@contextmanager
def compiling(bar: Bar) -> Iterator[None]:
    """Show how many steps are compiled while the block lasts, where that takes long."""
    from pipecell.declare.counting import counting

    began = told = time.monotonic()
    shown = False

    def step_done(done: int, total: int) -> None:
        nonlocal told, shown
        now = time.monotonic()
        if now - began >= SHOWN_AFTER and now - told >= _PAUSE:
            told, shown = now, True
            bar(f"Compiling step {done} of {total}", min(done / max(total, 1), 0.99))

    try:
        with counting(step_done):
            yield
    finally:
        if shown:
            bar("", 1.0)
