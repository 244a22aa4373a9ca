"""Reading a job's log as the events that CloudWatch Logs would show.

The job writes ``output.log`` itself, so no line is lost when a supervisor dies.
``output.index`` says how long the log was at which time: a line's time stamp is
that of the first look at which it was there.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ENTRY = struct.Struct("<QQ")
"""An entry of the index: length of the log in bytes, epoch milliseconds."""

MAX_EVENT_BYTES = 262_118
"""CloudWatch's limit of one event (256 KiB less its overhead)."""

_ESCAPES = {code: f"#{code:03o}" for code in (*range(32), 127)}


@dataclass(frozen=True)
class LogEvent:
    """One line of a log.

    Args:
        offset: where the line starts, bytes from the start of the log.
        end: where the next one starts.
        timestamp: epoch milliseconds.
        message: the line without its end.
    """

    offset: int
    end: int
    timestamp: int
    message: str


@dataclass(frozen=True)
class LogStream:
    """The log of one host of a job.

    Args:
        host: ``algo-1``, …
        path: the log file; it may not exist yet.
        index: its time stamps.
        escaped: show control characters as SageMaker's training logs do: a tab is ``#011``; metrics' regular
            expressions count on it.
    """

    host: str
    path: Path
    index: Path
    escaped: bool = False

    @property
    def size(self) -> int:
        """How many bytes have been written."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def events(self, offset: int = 0, *, limit: int | None = None, finished: bool = False) -> list[LogEvent]:
        """Return the lines from ``offset`` (a line's start) on, at most ``limit``.

        An unfinished last line is left for later unless ``finished``. A line longer than CloudWatch
        allows is several events.
        """
        return list(islice(self.read(offset, finished=finished), limit))

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines, oldest first, reading no more than the end of the file."""
        return last_lines(str(self.path), count)

    def read(self, offset: int = 0, *, finished: bool = False) -> Iterator[LogEvent]:
        """Yield what `events` returns, in constant memory."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        times = _Times(self.index)
        with file:
            file.seek(offset)
            while line := file.readline(MAX_EVENT_BYTES):
                if not line.endswith(b"\n") and len(line) < MAX_EVENT_BYTES and not finished:
                    return
                end = offset + len(line)
                message = line.rstrip(b"\r\n").decode("utf-8", "replace")
                if self.escaped:
                    message = message.translate(_ESCAPES)
                yield LogEvent(offset, end, times.at(end), message)
                offset = end


class _Times:
    """The index in memory; a log's times grow with its offsets."""

    def __init__(self, index: Path) -> None:
        try:
            content = index.read_bytes()
            self._changed = int(index.stat().st_mtime * 1000)
        except FileNotFoundError:
            content, self._changed = b"", 0
        whole = len(content) - len(content) % ENTRY.size
        entries = list(ENTRY.iter_unpack(content[:whole]))
        self._offsets = [offset for offset, _ in entries]
        self._times: list[int] = [time for _, time in entries]

    def at(self, end: int) -> int:
        place = int(bisect_left(self._offsets, end))
        if place < len(self._times):
            return self._times[place]
        # Written after the supervisor's last look: the log itself is newer than its index.
        return max(self._changed, self._times[-1] if self._times else 0)


def last_lines(path: str, count: int, *, at_most: int = 65_536) -> list[str]:
    """Return the last lines of a file, oldest first, from its last ``at_most`` bytes."""
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - at_most))
            content = file.read()
    except FileNotFoundError:
        return []
    lines = content.decode("utf-8", "replace").splitlines()
    if size > at_most:
        lines = lines[1:]
    return lines[-count:]
