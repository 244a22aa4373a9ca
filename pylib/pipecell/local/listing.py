"""Listing keys by seeking in the index, so that a page costs its own length.

With a delimiter, everything below a common prefix is stepped over by one seek,
however many keys lie there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipecell.local.store import Database

if TYPE_CHECKING:
    from pipecell.local.object_model import Listing, ObjectInfo

_SMALLEST_BATCH = 4
_LARGEST_BATCH = 1024


def list_page(  # noqa: PLR0917
    database: Database,
    read: Callable[[sqlite3.Row], ObjectInfo],
    bucket: str,
    prefix: str,
    start_after: str,
    limit: int,
    delimiter: str,
) -> Listing:
    """Return one page; see `ObjectStore.list`.

    Args:
        database: the index.
        read: turns a row into an object.
        bucket: which bucket.
        prefix: what keys begin with.
        start_after: where to begin, exclusive.
        limit: objects and common prefixes together.
        delimiter: groups keys, unless empty.
    """
    from pipecell.local.object_model import Listing, encode_key

    walk = _Walk(database, bucket, encode_key(prefix), encode_key(delimiter))
    objects: list[ObjectInfo] = []
    prefixes: list[str] = []
    position = walk.first(encode_key(start_after))
    last: bytes | None = None
    while True:
        found = walk.take(position, limit - len(objects) - len(prefixes) + 1)
        for entry in found:
            if len(objects) + len(prefixes) == limit:
                return Listing(tuple(objects), tuple(prefixes), _text(last) if last is not None else None)
            if isinstance(entry, bytes):
                prefixes.append(_text(entry))
                last = entry
                position = successor(entry)
            else:
                objects.append(read(entry))
                last = bytes(entry["key"])
                position = last + b"\0"
        if not found:
            return Listing(tuple(objects), tuple(prefixes), None)


class _Walk:
    def __init__(self, database: Database, bucket: str, prefix: bytes, delimiter: bytes) -> None:
        self._database = database
        self._bucket = bucket
        self._prefix = prefix
        self._delimiter = delimiter
        self._end = successor(prefix)
        self._batch = 64

    def first(self, start_after: bytes) -> bytes:
        """Return the first position to look at."""
        if start_after < self._prefix:
            return self._prefix
        if start_after.startswith(self._prefix):
            group = self._group(start_after)
            if group is not None:
                return successor(group)
        return start_after + b"\0"

    def take(self, position: bytes, limit: int) -> list[sqlite3.Row | bytes]:
        """Return rows and common prefixes from a position on; few or many, none at the end."""
        rows = self._database.query(
            "SELECT * FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
            (self._bucket, position, self._end, min(self._batch, limit)),
        )
        found: list[sqlite3.Row | bytes] = []
        for row in rows:
            group = self._group(row["key"])
            if group is None:
                found.append(row)
            elif not found or found[-1] != group:
                found.append(group)
        # Where rows collapse into common prefixes, reading few and seeking is cheaper.
        if 2 * len(found) < len(rows):
            self._batch = max(_SMALLEST_BATCH, self._batch // 4)
        else:
            self._batch = min(_LARGEST_BATCH, self._batch * 2)
        return found

    def _group(self, key: bytes) -> bytes | None:
        if not self._delimiter:
            return None
        at = key.find(self._delimiter, len(self._prefix))
        return None if at < 0 else key[: at + len(self._delimiter)]


def successor(prefix: bytes) -> bytes:
    """Return the first byte string after all that begin with ``prefix``.

    UTF-8 holds no 0xff, so adding one to the last byte that is not 0xff is enough; the empty prefix has
    no end, and 0xff follows every key.
    """
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else b"\xff"


def _text(key: bytes) -> str:
    return key.decode("utf-8", errors="surrogateescape")
