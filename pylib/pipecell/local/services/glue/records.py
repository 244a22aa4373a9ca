"""Glue's jobs and their runs in the store."""

from __future__ import annotations

import json
from typing import Any

from pipecell.local.store import Store

SCHEMA = """
CREATE TABLE glue_jobs (
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (region, name)
) WITHOUT ROWID;
CREATE TABLE glue_runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    job TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX glue_runs_job ON glue_runs (region, job, id);
"""

Facts = dict[str, Any]


class Records:
    """Keeps jobs and runs; jobs as GetJob shows them, runs as they were asked for.

    Args:
        store: where the rows are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        store.register("glue", SCHEMA)

    def job(self, region: str, name: str) -> Facts | None:
        """Return a job or None."""
        rows = self.store.query("SELECT facts FROM glue_jobs WHERE region = ? AND name = ?", (region, name))
        return json.loads(rows[0]["facts"]) if rows else None

    def jobs(self, region: str) -> list[Facts]:
        """Return every job of a region by name."""
        rows = self.store.query("SELECT facts FROM glue_jobs WHERE region = ? ORDER BY name", (region,))
        return [json.loads(row["facts"]) for row in rows]

    def put_job(self, region: str, facts: Facts, *, new: bool) -> bool:
        """Write a job; False where a new one exists already."""
        with self.store.transaction() as connection:
            added = connection.execute(
                f"INSERT OR {'IGNORE' if new else 'REPLACE'} INTO glue_jobs (region, name, facts)"  # noqa: S608 - fixed words
                " VALUES (?, ?, ?)",
                (region, facts["Name"], json.dumps(facts)),
            )
            return added.rowcount == 1

    def delete_job(self, region: str, name: str) -> None:
        """Remove a job; its runs stay for those who ask by id."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM glue_jobs WHERE region = ? AND name = ?", (region, name))

    def run(self, region: str, job: str, run: str) -> Facts | None:
        """Return a run of a job or None."""
        rows = self.store.query(
            "SELECT facts FROM glue_runs WHERE run = ? AND region = ? AND job = ?", (run, region, job)
        )
        return json.loads(rows[0]["facts"]) if rows else None

    def runs(self, region: str, job: str) -> list[Facts]:
        """Return the runs of a job, the newest first."""
        rows = self.store.query(
            "SELECT facts FROM glue_runs WHERE region = ? AND job = ? ORDER BY id DESC", (region, job)
        )
        return [json.loads(row["facts"]) for row in rows]

    def put_run(self, region: str, facts: Facts) -> None:
        """Write a new run."""
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT INTO glue_runs (run, region, job, facts) VALUES (?, ?, ?, ?)",
                (facts["Id"], region, facts["JobName"], json.dumps(facts)),
            )
