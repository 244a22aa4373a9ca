"""How far an upload is, in one line that is written over itself."""

from __future__ import annotations

from collections.abc import Callable

SHOWN_FROM = 8 * 1024 * 1024
"""Uploads of fewer bytes are over before a line about them is read."""

Bar = Callable[[str, float], None]
"""Shows words, and the share of something that is done; at 1 it goes."""

_STEP = 0.02  # share of the whole after which the line is written again


class UploadLine:
    """Writes ``Uploading 45 of 120 MB`` and, at the end, ``Uploaded 120 MB``.

    Args:
        write: takes text without adding a newline.
        rewrite: write over the line with carriage returns; otherwise only the end is said.
        bar: told the same words, and the share of the whole that is done, from 0 to 1.
    """

    def __init__(self, write: Callable[[str], object], *, rewrite: bool, bar: Bar | None = None) -> None:
        self._write = write
        self._rewrite = rewrite
        self._bar = bar
        self._said = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take in how far the upload is; an engine's ``Progress``."""
        if total < SHOWN_FROM:
            return
        share = done / total
        if done >= total:
            self._write(f"{self._start()}Uploaded {_megabytes(total)} MB.{' ' * 20}\n")
        elif share - self._said >= _STEP:
            self._said = share
            words = f"Uploading {_megabytes(done)} of {_megabytes(total)} MB"
            if self._rewrite:
                self._write(f"\r{words}")
            if self._bar is not None:
                self._bar(words, share)

    def _start(self) -> str:
        return "\r" if self._rewrite else ""


def _megabytes(count: int) -> int:
    return round(count / 1e6)
