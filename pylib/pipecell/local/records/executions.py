"""Pipeline executions and their steps: every transition is a row written before it is acted on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecell.local.records import Query, now

RUNNING = ("Executing", "Stopping")


@dataclass(frozen=True)
class ExecutionRecord:
    """One execution of a pipeline.

    Attributes:
        id: the last part of its ARN.
        arn: its ARN.
        pipeline: the pipeline's name.
        version: the pipeline's version that it runs, whatever was updated since.
        status: AWS's status word.
        failure_reason: AWS's words when it failed.
        display_name, description, role_arn: as the start request or the pipeline gave them.
        parameters: a typed value for every declared parameter.
        parallelism: steps that may run at once; None for the default.
        selection: the SelectiveExecutionConfig; empty for a whole run.
        experiment: ``ExperimentName`` and ``TrialName``; empty when there is none.
        tags: what goes down to every job.
        stopping: whether somebody asked for a stop.
        created, modified: epoch seconds.
    """

    id: str
    arn: str
    pipeline: str
    version: int
    status: str
    failure_reason: str | None
    display_name: str | None
    description: str | None
    role_arn: str | None
    parameters: Mapping[str, Any]
    parallelism: int | None
    selection: Mapping[str, Any]
    experiment: Mapping[str, str]
    tags: Sequence[Mapping[str, str]]
    stopping: bool
    created: float
    modified: float


@dataclass(frozen=True)
class StepRecord:
    """One step that has begun.

    Attributes:
        execution: the execution's id.
        name, type: as the definition has them.
        status: AWS's status word.
        place: counts the steps of an execution in the order in which they began.
        attempt: 1, and one more for every retry.
        begun: when its first attempt began, epoch seconds.
        started: when this attempt began, epoch seconds.
        ended: when it ended, epoch seconds.
        failure_reason: AWS's words.
        metadata: as ListPipelineExecutionSteps gives it.
        properties: what other steps may refer to; set when it succeeded.
        outcome: the branch that a Condition step chose.
        job_kind, job_name: the job that does its work, if one does.
        token: a Callback step's token.
        due: when the scheduler has to look at it, epoch seconds.
        retries: how often each retry policy was used, by its index.
        cache_key: what a later execution may find it by.
        artifacts: what it left in S3: a digest for each URI.
        cache_source: ARN of the execution whose result it took from the cache.
        selection_source: ARN of the execution whose result a selective execution took.
    """

    execution: str
    name: str
    type: str
    status: str
    place: int
    begun: float
    started: float
    attempt: int = 1
    ended: float | None = None
    failure_reason: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    outcome: bool | None = None
    job_kind: str | None = None
    job_name: str | None = None
    token: str | None = None
    due: float | None = None
    retries: Mapping[int, int] = field(default_factory=dict)
    cache_key: str | None = None
    artifacts: Mapping[str, str] = field(default_factory=dict)
    cache_source: str | None = None
    selection_source: str | None = None


_JSON = frozenset({"metadata", "properties", "retries", "artifacts"})
_STEP_COLUMNS = tuple(StepRecord.__dataclass_fields__)
_SAVE = (
    f"INSERT OR REPLACE INTO step ({', '.join(_STEP_COLUMNS)})"  # noqa: S608 - our own column names
    f" VALUES ({', '.join('?' * len(_STEP_COLUMNS))})"
)


def find(query: Query, execution_id: str) -> ExecutionRecord | None:
    """Return an execution, None when there is none of that id."""
    rows = query("SELECT * FROM execution WHERE id = ?", (execution_id,))
    return from_row(rows[0]) if rows else None


def insert(connection: sqlite3.Connection, record: ExecutionRecord) -> None:
    """Record a new execution, and that its pipeline was run."""
    connection.execute(
        "INSERT INTO execution (id, arn, pipeline, version, status, display_name, description, role_arn,"
        " parameters, parallelism, selection, experiment, tags, created, modified)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.arn,
            record.pipeline,
            record.version,
            record.status,
            record.display_name,
            record.description,
            record.role_arn,
            json.dumps(record.parameters),
            record.parallelism,
            json.dumps(record.selection) if record.selection else None,
            json.dumps(record.experiment) if record.experiment else None,
            json.dumps(list(record.tags)),
            record.created,
            record.modified,
        ),
    )
    connection.execute("UPDATE pipeline SET last_run = ? WHERE name = ?", (record.created, record.pipeline))
    connection.execute(
        "UPDATE pipeline_version SET last_execution = ? WHERE pipeline = ? AND version = ?",
        (record.arn, record.pipeline, record.version),
    )


def set_status(
    connection: sqlite3.Connection,
    execution_id: str,
    status: str,
    *,
    failure_reason: str | None = None,
    stopping: bool = False,
) -> None:
    """Move an execution to another status."""
    connection.execute(
        "UPDATE execution SET status = ?, failure_reason = ?, stopping = ?, modified = ? WHERE id = ?",
        (status, failure_reason, int(stopping), now(), execution_id),
    )


def update(
    connection: sqlite3.Connection,
    execution_id: str,
    *,
    display_name: str | None,
    description: str | None,
    parallelism: int | None,
) -> None:
    """Change an execution's words and limit; what is None stays."""
    connection.execute(
        "UPDATE execution SET display_name = coalesce(?, display_name),"
        " description = coalesce(?, description), parallelism = coalesce(?, parallelism) WHERE id = ?",
        (display_name, description, parallelism, execution_id),
    )


def prepare_retry(connection: sqlite3.Connection, execution_id: str, parallelism: int | None) -> None:
    """Let an execution that failed or was stopped go on: its unfinished steps are due now."""
    moment = now()
    connection.execute(
        "UPDATE step SET status = 'Starting', due = ?, ended = NULL, retries = NULL, begun = ?,"
        " job_kind = NULL, job_name = NULL, token = NULL"
        " WHERE execution = ? AND status IN ('Failed', 'Stopped')",
        (moment, moment, execution_id),
    )
    connection.execute(
        "UPDATE execution SET status = 'Executing', failure_reason = NULL, stopping = 0, modified = ?,"
        " parallelism = coalesce(?, parallelism) WHERE id = ?",
        (moment, parallelism, execution_id),
    )


def running(query: Query) -> list[str]:
    """Return the ids of the executions that have not ended, oldest first."""
    rows = query("SELECT id FROM execution WHERE status IN ('Executing', 'Stopping') ORDER BY created", ())
    return [row["id"] for row in rows]


def steps(query: Query, execution_id: str) -> list[StepRecord]:
    """Return the steps that have begun, in the order in which they did."""
    rows = query("SELECT * FROM step WHERE execution = ? ORDER BY place", (execution_id,))
    return [step_from_row(row) for row in rows]


def save_step(connection: sqlite3.Connection, step: StepRecord) -> None:
    """Write a step as it now is."""
    values = (getattr(step, name) for name in _STEP_COLUMNS)
    row = [
        (json.dumps(value) if value else None) if name in _JSON else value
        for name, value in zip(_STEP_COLUMNS, values, strict=True)
    ]
    connection.execute(_SAVE, row)


def step_of_job(query: Query, kind: str, name: str) -> tuple[str, str] | None:
    """Return (execution's id, step's name) that a job belongs to."""
    rows = query("SELECT execution, name FROM step WHERE job_kind = ? AND job_name = ?", (kind, name))
    return (rows[0]["execution"], rows[0]["name"]) if rows else None


def step_of_token(query: Query, token: str) -> StepRecord | None:
    """Return the Callback step that a token belongs to."""
    rows = query("SELECT * FROM step WHERE token = ?", (token,))
    return step_from_row(rows[0]) if rows else None


def due(query: Query, moment: float) -> list[str]:
    """Return the ids of the executions with a step whose time has come."""
    rows = query("SELECT DISTINCT execution FROM step WHERE due <= ?", (moment,))
    return [row["execution"] for row in rows]


def next_due(query: Query) -> float | None:
    """Return the earliest time that a step waits for."""
    found: float | None = query("SELECT min(due) AS due FROM step WHERE due IS NOT NULL", ())[0]["due"]
    return found


def from_row(row: sqlite3.Row) -> ExecutionRecord:
    """Return the execution in a row of the table."""
    values: dict[str, Any] = {name: row[name] for name in ExecutionRecord.__dataclass_fields__}
    for name in ("parameters", "selection", "experiment"):
        values[name] = json.loads(values[name]) if values[name] else {}
    values["tags"] = json.loads(values["tags"])
    values["stopping"] = bool(values["stopping"])
    return ExecutionRecord(**values)


def step_from_row(row: sqlite3.Row) -> StepRecord:
    """Return the step in a row of the table."""
    values: dict[str, Any] = {name: row[name] for name in _STEP_COLUMNS}
    for name in _JSON:
        values[name] = json.loads(values[name]) if values[name] else {}
    values["retries"] = {int(index): count for index, count in values["retries"].items()}
    if values["outcome"] is not None:
        values["outcome"] = bool(values["outcome"])
    return StepRecord(**values)
