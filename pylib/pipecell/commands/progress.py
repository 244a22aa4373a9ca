"""How far an upload is, in one line that is written over itself."""

from __future__ import annotations

from collections.abc import Callable

from pipecell.progress import SHOWN_FROM, megabytes, upload_bar


class UploadLine:
    """Writes ``Uploading 45 of 120 MB`` and, at the end, ``Uploaded 120 MB``.

    Args:
        write: takes text without adding a newline.
        rewrite: write over the line with carriage returns; otherwise only the end is said.
    """

    def __init__(self, write: Callable[[str], object], *, rewrite: bool) -> None:
        self._write = write
        self._rewrite = rewrite
        self._tell = upload_bar(self._say)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take in how far the upload is; an engine's ``Progress``."""
        self._tell(what, done, total)
        if done >= total >= SHOWN_FROM:
            start = "\r" if self._rewrite else ""
            self._write(f"{start}Uploaded {megabytes(total)} MB.{' ' * 20}\n")

    def _say(self, words: str, share: float) -> None:
        if self._rewrite:
            self._write(f"\r{words}")
