"""Tags of resources, by ARN."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from pipecell.local.records import Query
from pipecell.local.wire import ServiceError

MAX_TAGS = 50
"""Tags that one resource may have."""


def of(query: Query, arn: str) -> list[dict[str, str]]:
    """Return a resource's tags in AWS's form, sorted by key."""
    rows = query("SELECT key, value FROM tag WHERE arn = ? ORDER BY key", (arn,))
    return [{"Key": row["key"], "Value": row["value"]} for row in rows]


def put(connection: sqlite3.Connection, arn: str, tags: Iterable[Mapping[str, str]] | None) -> None:
    """Add tags to a resource; a key that is there gets the new value.

    Raises:
        ServiceError: more than `MAX_TAGS`.
    """
    connection.executemany(
        "INSERT OR REPLACE INTO tag (arn, key, value) VALUES (?, ?, ?)",
        [(arn, tag["Key"], tag["Value"]) for tag in tags or ()],
    )
    count = connection.execute("SELECT count(*) FROM tag WHERE arn = ?", (arn,)).fetchone()[0]
    if count > MAX_TAGS:
        raise ServiceError(
            "ValidationException",
            f"The resource {arn} would have {count} tags; at most {MAX_TAGS} are allowed.",
        )


def put_own(connection: sqlite3.Connection, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags of the endpoint's own, which count for no limit, as AWS's own do not."""
    connection.executemany(
        "INSERT OR REPLACE INTO tag (arn, key, value) VALUES (?, ?, ?)",
        [(arn, key, value) for key, value in tags.items()],
    )


def remove(connection: sqlite3.Connection, arn: str, keys: Iterable[str] | None = None) -> None:
    """Remove some tags of a resource, by default all."""
    if keys is None:
        connection.execute("DELETE FROM tag WHERE arn = ?", (arn,))
    else:
        connection.executemany("DELETE FROM tag WHERE arn = ? AND key = ?", [(arn, key) for key in keys])


def merged(*lists: Iterable[Mapping[str, str]] | None) -> list[dict[str, str]]:
    """Return one list in which a later tag replaces an earlier one of the same key."""
    values = {tag["Key"]: tag["Value"] for tags in lists for tag in tags or ()}
    return [{"Key": key, "Value": value} for key, value in values.items()]
