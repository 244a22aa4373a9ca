"""Resources that only have to be remembered: models, experiments, trials."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.local.records import Query, now


@dataclass(frozen=True)
class Resource:
    """One remembered resource.

    Attributes:
        kind: for example ``model``.
        name: unique within its kind.
        arn: its ARN.
        request: the request that created it, as it came.
        created, modified: epoch seconds.
    """

    kind: str
    name: str
    arn: str
    request: Mapping[str, Any]
    created: float
    modified: float


def find(query: Query, kind: str, name: str) -> Resource | None:
    """Return a resource, None when there is none of that name."""
    rows = query("SELECT * FROM resource WHERE kind = ? AND name = ?", (kind, name))
    return from_row(rows[0]) if rows else None


def insert(
    connection: sqlite3.Connection, kind: str, name: str, arn: str, request: Mapping[str, Any]
) -> Resource | None:
    """Remember a resource; None when the name is taken."""
    created = now()
    cursor = connection.execute(
        "INSERT OR IGNORE INTO resource (kind, name, arn, request, created, modified)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (kind, name, arn, json.dumps(request), created, created),
    )
    return Resource(kind, name, arn, request, created, created) if cursor.rowcount else None


def replace(connection: sqlite3.Connection, kind: str, name: str, request: Mapping[str, Any]) -> None:
    """Replace what is remembered of a resource."""
    connection.execute(
        "UPDATE resource SET request = ?, modified = ? WHERE kind = ? AND name = ?",
        (json.dumps(request), now(), kind, name),
    )


def delete(connection: sqlite3.Connection, kind: str, name: str) -> bool:
    """Forget a resource; tell whether there was one."""
    found = connection.execute("DELETE FROM resource WHERE kind = ? AND name = ?", (kind, name))
    return found.rowcount > 0


def from_row(row: sqlite3.Row) -> Resource:
    """Return the resource in a row of the table."""
    return Resource(
        row["kind"], row["name"], row["arn"], json.loads(row["request"]), row["created"], row["modified"]
    )
