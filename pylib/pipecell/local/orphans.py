"""Removing contents of objects that no row of the index names, as a crash leaves them behind.

An index that is damaged, or that is not the one to which these contents belong, knows nothing of them: who
moves a damaged index away must not lose by that what it named. So index and folder carry one identity, and
nothing is removed unless both agree and the index is sound.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pipecell.local.blobs import Blobs, new_name
from pipecell.local.store import Database

_log = logging.getLogger(__name__)


def remove_orphans(database: Database, blobs: Blobs) -> int:
    """Remove the blobs that no row names; return how many.

    Args:
        database: the index.
        blobs: the contents.
    """

    def named(names: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(names))
        rows = database.query(
            f"SELECT blob FROM objects WHERE blob IN ({marks}) "  # noqa: S608 -- only question marks
            f"UNION SELECT blob FROM parts WHERE blob IN ({marks}) "
            f"UNION SELECT blob FROM uploads WHERE blob IN ({marks})",
            [*names, *names, *names],
        )
        return {row["blob"] for row in rows}

    if not _belong_together(database, blobs):
        _log.warning(
            "%s is not the index of what is in %s: nothing is cleaned up there.", database.path, blobs.folder
        )
        return 0
    return blobs.sweep(named, sure=lambda: _is_sound(database))


def _belong_together(database: Database, blobs: Blobs) -> bool:
    """Whether the blobs are those of this index; the first index that comes takes them."""
    known = [row["id"] for row in database.query("SELECT id FROM identity")]
    marked = blobs.read_mark()
    if not known and not marked:
        filled = database.query("SELECT 1 FROM buckets LIMIT 1")
        if not filled and blobs.any():
            return False
        known = [new_name()]
        with database.transaction() as connection:
            connection.execute("INSERT INTO identity (id) VALUES (?)", known)
    if known and not marked:
        blobs.write_mark(known[0])
        return True
    return known == [marked]


def _is_sound(database: Database) -> bool:
    return bool(database.query("PRAGMA integrity_check(1)")[0][0] == "ok")
