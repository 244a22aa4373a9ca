"""Functions in the store: configuration and code."""

from __future__ import annotations

import json
from typing import Any

from pipecell.local.store import Store

SCHEMA = """
CREATE TABLE functions (
    arn TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    facts TEXT NOT NULL,
    code BLOB NOT NULL
);
CREATE INDEX functions_name ON functions (name);
"""

Facts = dict[str, Any]


class Records:
    """Keeps functions.

    Args:
        store: where the rows are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        store.register("functions", SCHEMA)

    def get(self, arn: str) -> Facts | None:
        """Return a function or None."""
        rows = self._store.query("SELECT facts FROM functions WHERE arn = ?", (arn,))
        return json.loads(rows[0]["facts"]) if rows else None

    def code(self, arn: str) -> bytes:
        """Return a function's zip file."""
        return bytes(self._store.query("SELECT code FROM functions WHERE arn = ?", (arn,))[0]["code"])

    def every(self) -> list[Facts]:
        """Return every function, by name."""
        return [
            json.loads(row["facts"]) for row in self._store.query("SELECT facts FROM functions ORDER BY name")
        ]

    def put(self, facts: Facts, code: bytes | None = None) -> None:
        """Write a function; without code, the code stays."""
        with self._store.transaction() as connection:
            if code is None:
                connection.execute(
                    "UPDATE functions SET facts = ? WHERE arn = ?", (json.dumps(facts), facts["arn"])
                )
            else:
                connection.execute(
                    "INSERT OR REPLACE INTO functions (arn, name, facts, code) VALUES (?, ?, ?, ?)",
                    (facts["arn"], facts["name"], json.dumps(facts), code),
                )

    def delete(self, arn: str) -> None:
        """Remove a function."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM functions WHERE arn = ?", (arn,))
