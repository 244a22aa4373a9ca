"""Pipelines and their versions: every update keeps the definition that was there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.local.records import Query, now
from pipecell.local.wire import ServiceError


@dataclass(frozen=True)
class PipelineRecord:
    """One pipeline; fields are those of DescribePipeline.

    Attributes:
        version: number of its newest version, from 1.
        parallelism: its default for MaxParallelExecutionSteps, None when not given.
        last_run: when an execution was last started, epoch seconds.
    """

    name: str
    arn: str
    display_name: str | None
    description: str | None
    role_arn: str
    parallelism: int | None
    version: int
    created: float
    modified: float
    last_run: float | None


@dataclass(frozen=True)
class VersionRecord:
    """One version of a pipeline."""

    pipeline: str
    version: int
    definition: str
    created: float
    display_name: str | None
    description: str | None
    last_execution: str | None


def find(query: Query, name: str) -> PipelineRecord | None:
    """Return a pipeline, None when there is none of that name."""
    rows = query("SELECT * FROM pipeline WHERE name = ?", (name,))
    return from_row(rows[0]) if rows else None


def find_version(query: Query, name: str, version: int) -> VersionRecord | None:
    """Return a version of a pipeline, None when there is none of that number."""
    rows = query("SELECT * FROM pipeline_version WHERE pipeline = ? AND version = ?", (name, version))
    return version_from_row(rows[0]) if rows else None


def insert(
    connection: sqlite3.Connection, arn: str, request: Mapping[str, Any], definition: str
) -> PipelineRecord | None:
    """Create a pipeline with its first version; None when the name is taken."""
    created = now()
    name = request["PipelineName"]
    cursor = connection.execute(
        "INSERT OR IGNORE INTO pipeline (name, arn, display_name, description, role_arn, parallelism,"
        " version, created, modified) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            name,
            arn,
            request.get("PipelineDisplayName"),
            request.get("PipelineDescription"),
            request["RoleArn"],
            parallelism_of(request),
            created,
            created,
        ),
    )
    if not cursor.rowcount:
        return None
    add_version(connection, name, definition)
    return find(lambda sql, values: connection.execute(sql, values).fetchall(), name)


def update(connection: sqlite3.Connection, name: str, request: Mapping[str, Any]) -> None:
    """Change what an UpdatePipeline request names, apart from the definition."""
    connection.execute(
        "UPDATE pipeline SET modified = ?, display_name = coalesce(?, display_name),"
        " description = coalesce(?, description), role_arn = coalesce(?, role_arn),"
        " parallelism = coalesce(?, parallelism) WHERE name = ?",
        (
            now(),
            request.get("PipelineDisplayName"),
            request.get("PipelineDescription"),
            request.get("RoleArn"),
            parallelism_of(request),
            name,
        ),
    )


def add_version(connection: sqlite3.Connection, name: str, definition: str) -> int:
    """Make a definition the pipeline's newest version; return its number."""
    connection.execute("UPDATE pipeline SET version = version + 1 WHERE name = ?", (name,))
    connection.execute(
        "INSERT INTO pipeline_version (pipeline, version, definition, created)"
        " SELECT name, version, ?, ? FROM pipeline WHERE name = ?",
        (definition, now(), name),
    )
    row = connection.execute("SELECT version FROM pipeline WHERE name = ?", (name,)).fetchone()
    return int(row["version"])


def delete(connection: sqlite3.Connection, name: str) -> None:
    """Forget a pipeline, its versions and its executions."""
    connection.execute("DELETE FROM pipeline WHERE name = ?", (name,))


def aliases(query: Query, name: str) -> dict[str, int]:
    """Return the version that each alias of a pipeline stands for."""
    rows = query("SELECT alias, version FROM pipeline_alias WHERE pipeline = ? ORDER BY alias", (name,))
    return {row["alias"]: row["version"] for row in rows}


def point_aliases(connection: sqlite3.Connection, name: str, version: int, words: Iterable[str]) -> None:
    """Make aliases stand for a version, wherever they pointed before."""
    connection.executemany(
        "INSERT OR REPLACE INTO pipeline_alias (pipeline, alias, version) VALUES (?, ?, ?)",
        [(name, word, version) for word in words],
    )


def drop_aliases(connection: sqlite3.Connection, name: str, version: int, words: Iterable[str]) -> None:
    """Take aliases away from a version."""
    connection.executemany(
        "DELETE FROM pipeline_alias WHERE pipeline = ? AND version = ? AND alias = ?",
        [(name, version, word) for word in words],
    )


def require(query: Query, name: str, *, arn: str) -> PipelineRecord:
    """Return a pipeline.

    Raises:
        ServiceError: ``ResourceNotFound``.
    """
    found = find(query, name)
    if found is None:
        raise ServiceError("ResourceNotFound", f"Pipeline '{arn}' does not exist.")
    return found


def parallelism_of(request: Mapping[str, Any]) -> int | None:
    """Return the MaxParallelExecutionSteps of a request, None when it has none."""
    configuration = request.get("ParallelismConfiguration") or {}
    return configuration.get("MaxParallelExecutionSteps")


def from_row(row: sqlite3.Row) -> PipelineRecord:
    """Return the pipeline in a row of the table."""
    return PipelineRecord(**{name: row[name] for name in PipelineRecord.__dataclass_fields__})


def version_from_row(row: sqlite3.Row) -> VersionRecord:
    """Return the version in a row of the table."""
    return VersionRecord(**{name: row[name] for name in VersionRecord.__dataclass_fields__})
