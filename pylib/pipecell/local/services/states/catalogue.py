"""State machines, their versions and aliases, activities and tags: rows of the store."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from pipecell.local.services.states import arns
from pipecell.local.store import Store
from pipecell.local.wire import ServiceError

SCHEMA = """
CREATE TABLE states_machines (
    arn TEXT PRIMARY KEY,
    created REAL NOT NULL,
    next_version INTEGER NOT NULL DEFAULT 1,
    facts TEXT NOT NULL
);
CREATE TABLE states_versions (
    arn TEXT PRIMARY KEY,
    machine_arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    created REAL NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX states_versions_machine ON states_versions (machine_arn, number);
CREATE TABLE states_aliases (
    arn TEXT PRIMARY KEY,
    machine_arn TEXT NOT NULL,
    created REAL NOT NULL,
    facts TEXT NOT NULL
);
CREATE TABLE states_activities (arn TEXT PRIMARY KEY, created REAL NOT NULL, facts TEXT NOT NULL);
CREATE TABLE states_tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) WITHOUT ROWID;
"""

Facts = dict[str, Any]


def machine_missing(arn: str) -> ServiceError:
    """Return AWS's error for a state machine that is not there."""
    return ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


class Catalogue:
    """What can be started, and what may be done with it.

    Args:
        store: where the rows are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        store.register("states-catalogue", SCHEMA)

    # -------------------------------------------------------------------------------- machines
    def machine(self, arn: str) -> Facts:
        """Return a state machine, or raise StateMachineDoesNotExist."""
        found = self._one("states_machines", arn)
        if found is None:
            raise machine_missing(arn)
        return found

    def find_machine(self, arn: str) -> Facts | None:
        """Return a state machine or None."""
        return self._one("states_machines", arn)

    def machines(self) -> list[Facts]:
        """Return every state machine, by name."""
        rows = self.store.query("SELECT created, facts FROM states_machines ORDER BY arn")
        return [_facts(row) for row in rows]

    def put_machine(self, connection: sqlite3.Connection, facts: Facts) -> None:
        """Write a state machine."""
        connection.execute(
            "INSERT INTO states_machines (arn, created, facts) VALUES (?, ?, ?)"
            " ON CONFLICT (arn) DO UPDATE SET facts = excluded.facts",
            (facts["arn"], facts["created"], json.dumps(facts)),
        )

    def delete_machine(self, arn: str) -> None:
        """Remove a state machine with its versions, aliases and tags; its executions stay."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM states_machines WHERE arn = ?", (arn,))
            connection.execute("DELETE FROM states_versions WHERE machine_arn = ?", (arn,))
            connection.execute("DELETE FROM states_aliases WHERE machine_arn = ?", (arn,))
            connection.execute("DELETE FROM states_tags WHERE arn = ?", (arn,))

    # -------------------------------------------------------------------------------- versions
    def publish(self, connection: sqlite3.Connection, machine: Facts, description: str | None) -> Facts:
        """Return the version of the machine's present revision, made if it is not there."""
        for row in connection.execute(
            "SELECT created, facts FROM states_versions WHERE machine_arn = ? ORDER BY number DESC",
            (machine["arn"],),
        ):
            facts = _facts(row)
            if facts["revision"] == machine["revision"]:
                return facts
        number = connection.execute(
            "UPDATE states_machines SET next_version = next_version + 1 WHERE arn = ?"
            " RETURNING next_version - 1",
            (machine["arn"],),
        ).fetchone()[0]
        version = {**machine, "arn": f"{machine['arn']}:{number}", "number": number, "created": time.time()}
        version["machine_arn"], version["version_description"] = machine["arn"], description
        connection.execute(
            "INSERT INTO states_versions (arn, machine_arn, number, created, facts) VALUES (?, ?, ?, ?, ?)",
            (version["arn"], machine["arn"], number, version["created"], json.dumps(version)),
        )
        return version

    def version(self, arn: str) -> Facts | None:
        """Return a version or None."""
        return self._one("states_versions", arn)

    def versions(self, machine_arn: str) -> list[Facts]:
        """Return the versions of a machine, newest first."""
        rows = self.store.query(
            "SELECT created, facts FROM states_versions WHERE machine_arn = ? ORDER BY number DESC",
            (machine_arn,),
        )
        return [_facts(row) for row in rows]

    def delete_version(self, arn: str) -> None:
        """Remove a version."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM states_versions WHERE arn = ?", (arn,))

    # --------------------------------------------------------------------------------- aliases
    def alias(self, arn: str) -> Facts | None:
        """Return an alias or None."""
        return self._one("states_aliases", arn)

    def aliases(self, machine_arn: str) -> list[Facts]:
        """Return the aliases of a machine, oldest first."""
        rows = self.store.query(
            "SELECT created, facts FROM states_aliases WHERE machine_arn = ? ORDER BY rowid", (machine_arn,)
        )
        return [_facts(row) for row in rows]

    def put_alias(self, facts: Facts) -> None:
        """Write an alias."""
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT INTO states_aliases (arn, machine_arn, created, facts) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (arn) DO UPDATE SET facts = excluded.facts",
                (facts["arn"], facts["machine_arn"], facts["created"], json.dumps(facts)),
            )

    def delete_alias(self, arn: str) -> None:
        """Remove an alias."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM states_aliases WHERE arn = ?", (arn,))

    # ------------------------------------------------------------------------------ activities
    def activity(self, arn: str) -> Facts | None:
        """Return an activity or None."""
        return self._one("states_activities", arn)

    def activities(self) -> list[Facts]:
        """Return every activity, by name."""
        return [
            _facts(row)
            for row in self.store.query("SELECT created, facts FROM states_activities ORDER BY arn")
        ]

    def put_activity(self, facts: Facts) -> None:
        """Write an activity."""
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO states_activities (arn, created, facts) VALUES (?, ?, ?)",
                (facts["arn"], facts["created"], json.dumps(facts)),
            )

    def delete_activity(self, arn: str) -> None:
        """Remove an activity."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM states_activities WHERE arn = ?", (arn,))
            connection.execute("DELETE FROM states_tags WHERE arn = ?", (arn,))

    # ------------------------------------------------------------------------------------ tags
    def tags(self, arn: str) -> list[dict[str, str]]:
        """Return a resource's tags."""
        rows = self.store.query("SELECT key, value FROM states_tags WHERE arn = ? ORDER BY key", (arn,))
        return [{"key": row["key"], "value": row["value"]} for row in rows]

    def tag(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Add or change tags."""
        with self.store.transaction() as connection:
            for tag in tags:
                connection.execute(
                    "INSERT OR REPLACE INTO states_tags (arn, key, value) VALUES (?, ?, ?)",
                    (arn, tag.get("key", ""), tag.get("value", "")),
                )

    def untag(self, arn: str, keys: list[str]) -> None:
        """Remove tags."""
        with self.store.transaction() as connection:
            connection.executemany(
                "DELETE FROM states_tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys]
            )

    def require_resource(self, arn: str) -> None:
        """Raise ResourceNotFound unless the ARN is of a state machine or an activity."""
        kind = arns.parse(arn).kind
        if (kind == "stateMachine" and self.find_machine(arn)) or (kind == "activity" and self.activity(arn)):
            return
        raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)

    def _one(self, table: str, arn: str) -> Facts | None:
        rows = self.store.query(f"SELECT created, facts FROM {table} WHERE arn = ?", (arn,))  # noqa: S608 - our own table names
        return _facts(rows[0]) if rows else None


def _facts(row: sqlite3.Row) -> Facts:
    facts: Facts = json.loads(row["facts"])
    return facts
