"""Jobs as SageMaker knows them: the request that created each, and what became of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.local.records import Query, now

UNFINISHED = ("InProgress", "Stopping")


@dataclass(frozen=True)
class JobRecord:
    """One job.

    Attributes:
        kind: ``training``, ``processing``, ``transform`` or ``tuning``.
        name: unique within its kind.
        arn: its ARN.
        request: the request that created it.
        status: AWS's status word.
        created, modified: epoch seconds.
        result: how it ended, in the form of `JobStatus`; empty before.
        execution, step: the pipeline execution's id and the step that it belongs to, if any.
        parent: name of the tuning job that it belongs to, if any.
    """

    kind: str
    name: str
    arn: str
    request: Mapping[str, Any]
    status: str
    created: float
    modified: float
    result: Mapping[str, Any] = field(default_factory=dict)
    execution: str | None = None
    step: str | None = None
    parent: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self.status not in UNFINISHED


def find(query: Query, kind: str, name: str) -> JobRecord | None:
    """Return a job, None when there is none of that name."""
    rows = query("SELECT * FROM job WHERE kind = ? AND name = ?", (kind, name))
    return from_row(rows[0]) if rows else None


def insert(
    connection: sqlite3.Connection,
    kind: str,
    name: str,
    arn: str,
    request: Mapping[str, Any],
    *,
    execution: str | None = None,
    step: str | None = None,
    parent: str | None = None,
) -> bool:
    """Record a job that is to run; False when the name is taken."""
    created = now()
    cursor = connection.execute(
        "INSERT OR IGNORE INTO job"
        " (kind, name, arn, request, status, created, modified, execution, step, parent)"
        " VALUES (?, ?, ?, ?, 'InProgress', ?, ?, ?, ?, ?)",
        (kind, name, arn, json.dumps(request), created, created, execution, step, parent),
    )
    return cursor.rowcount > 0


def set_status(
    connection: sqlite3.Connection,
    kind: str,
    name: str,
    status: str,
    result: Mapping[str, Any] | None = None,
) -> bool:
    """Move a job that has not ended to another status, with its result when that is the end.

    Returns:
        False when the job had ended already; then nothing is changed.
    """
    cursor = connection.execute(
        "UPDATE job SET status = ?, modified = ?, result = coalesce(?, result)"
        " WHERE kind = ? AND name = ? AND status IN ('InProgress', 'Stopping')",
        (status, now(), json.dumps(result) if result is not None else None, kind, name),
    )
    return cursor.rowcount > 0


def unfinished(query: Query) -> list[JobRecord]:
    """Return the jobs that have not ended, oldest first."""
    rows = query("SELECT * FROM job WHERE status IN ('InProgress', 'Stopping') ORDER BY created", ())
    return [from_row(row) for row in rows]


def children(query: Query, parent: str) -> list[JobRecord]:
    """Return the training jobs of a tuning job, oldest first."""
    rows = query("SELECT * FROM job WHERE parent = ? ORDER BY created, name", (parent,))
    return [from_row(row) for row in rows]


def from_row(row: sqlite3.Row) -> JobRecord:
    """Return the job in a row of the table."""
    return JobRecord(
        kind=row["kind"],
        name=row["name"],
        arn=row["arn"],
        request=json.loads(row["request"]),
        status=row["status"],
        created=row["created"],
        modified=row["modified"],
        result=json.loads(row["result"]) if row["result"] else {},
        execution=row["execution"],
        step=row["step"],
        parent=row["parent"],
    )
