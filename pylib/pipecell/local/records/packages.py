"""Model packages: numbered versions in groups, and single ones with a name of their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.local.records import Query, names, now, within


@dataclass(frozen=True)
class GroupRecord:
    """One model package group.

    Attributes:
        last_version: the highest number given so far; numbers are never given twice.
    """

    name: str
    arn: str
    description: str | None
    last_version: int
    created: float


@dataclass(frozen=True)
class PackageRecord:
    """One model package.

    Attributes:
        name: the group's name for a version, its own otherwise.
        group_name, version: None for a package outside of groups.
        request: the request that created it, changed by updates since.
        approval: its ModelApprovalStatus.
    """

    arn: str
    name: str
    group_name: str | None
    version: int | None
    request: Mapping[str, Any]
    approval: str | None
    approval_description: str | None
    created: float
    modified: float


def find_group(query: Query, name: str) -> GroupRecord | None:
    """Return a group, None when there is none of that name."""
    rows = query("SELECT * FROM model_package_group WHERE name = ?", (name,))
    return group_from_row(rows[0]) if rows else None


def insert_group(connection: sqlite3.Connection, name: str, arn: str, description: str | None) -> bool:
    """Create a group; False when the name is taken."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO model_package_group (name, arn, description, created) VALUES (?, ?, ?, ?)",
        (name, arn, description, now()),
    )
    return cursor.rowcount > 0


def delete_group(connection: sqlite3.Connection, name: str) -> bool:
    """Forget an empty group; False while it has versions."""
    if connection.execute("SELECT 1 FROM model_package WHERE group_name = ? LIMIT 1", (name,)).fetchone():
        return False
    connection.execute("DELETE FROM model_package_group WHERE name = ?", (name,))
    return True


def find(query: Query, arn: str) -> PackageRecord | None:
    """Return a package by its ARN."""
    rows = query("SELECT * FROM model_package WHERE arn = ?", (arn,))
    return from_row(rows[0]) if rows else None


def find_named(query: Query, name: str) -> PackageRecord | None:
    """Return a package outside of groups by its name, or a version by ``group/number``."""
    group, _, version = name.partition("/")
    if version.isdecimal():
        rows = query(
            "SELECT * FROM model_package WHERE group_name = ? AND version = ?", (group, int(version))
        )
    else:
        rows = query("SELECT * FROM model_package WHERE name = ? AND group_name IS NULL", (name,))
    return from_row(rows[0]) if rows else None


def insert_version(
    connection: sqlite3.Connection, group: GroupRecord, request: Mapping[str, Any]
) -> PackageRecord:
    """Add the next version to a group."""
    connection.execute(
        "UPDATE model_package_group SET last_version = last_version + 1 WHERE name = ?", (group.name,)
    )
    row = connection.execute(
        "SELECT last_version FROM model_package_group WHERE name = ?", (group.name,)
    ).fetchone()
    version = int(row["last_version"])
    region = names.region_of(group.arn)
    arn = names.arn(region, f"model-package/{group.name}/{version}")
    approval = request.get("ModelApprovalStatus") or "PendingManualApproval"
    _insert(connection, arn, group.name, request, group=group.name, version=version, approval=approval)
    return _inserted(connection, arn)


def insert_single(
    connection: sqlite3.Connection, region: str, request: Mapping[str, Any]
) -> PackageRecord | None:
    """Add a package outside of groups; None when its name is taken."""
    name = request["ModelPackageName"]
    arn = names.arn(region, f"model-package/{name}")
    if find(within(connection), arn) is not None:
        return None
    _insert(connection, arn, name, request)
    return _inserted(connection, arn)


def update(
    connection: sqlite3.Connection,
    arn: str,
    request: Mapping[str, Any],
    approval: str | None,
    approval_description: str | None,
) -> None:
    """Replace what is remembered of a package; what is None stays."""
    connection.execute(
        "UPDATE model_package SET request = ?, approval = coalesce(?, approval),"
        " approval_description = coalesce(?, approval_description), modified = ? WHERE arn = ?",
        (json.dumps(request), approval, approval_description, now(), arn),
    )


def delete(connection: sqlite3.Connection, arn: str) -> bool:
    """Forget a package; tell whether there was one."""
    return connection.execute("DELETE FROM model_package WHERE arn = ?", (arn,)).rowcount > 0


def _insert(
    connection: sqlite3.Connection,
    arn: str,
    name: str,
    request: Mapping[str, Any],
    *,
    group: str | None = None,
    version: int | None = None,
    approval: str | None = None,
) -> None:
    created = now()
    connection.execute(
        "INSERT INTO model_package (arn, name, group_name, version, request, approval, created, modified)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (arn, name, group, version, json.dumps(request), approval, created, created),
    )


def _inserted(connection: sqlite3.Connection, arn: str) -> PackageRecord:
    row = connection.execute("SELECT * FROM model_package WHERE arn = ?", (arn,)).fetchone()
    return from_row(row)


def group_from_row(row: sqlite3.Row) -> GroupRecord:
    """Return the group in a row of the table."""
    return GroupRecord(**{name: row[name] for name in GroupRecord.__dataclass_fields__})


def from_row(row: sqlite3.Row) -> PackageRecord:
    """Return the package in a row of the table."""
    values: dict[str, Any] = {name: row[name] for name in PackageRecord.__dataclass_fields__}
    values["request"] = json.loads(values["request"])
    return PackageRecord(**values)
