"""Executions in the store: facts, frames and events as rows, written by one turn in one transaction."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from pipecell.local.store import Store
from pipecell.local.work.states.frames import Execution, Frame
from pipecell.local.work.states.history import Event
from pipecell.local.work.states.kept import finished
from pipecell.local.work.states.machine import Turn

SCHEMA = """
CREATE TABLE states_definitions (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE states_executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    machine_arn TEXT NOT NULL,
    source_arn TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    stopped REAL,
    deadline REAL,
    map_run TEXT,
    definition TEXT NOT NULL,
    facts TEXT NOT NULL,
    origin TEXT
);
CREATE INDEX states_executions_machine ON states_executions (machine_arn, id);
CREATE INDEX states_executions_map_run ON states_executions (map_run, id) WHERE map_run IS NOT NULL;
CREATE INDEX states_executions_deadline ON states_executions (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX states_executions_status ON states_executions (status);
CREATE TABLE states_frames (
    execution INTEGER NOT NULL,
    id INTEGER NOT NULL,
    phase TEXT NOT NULL,
    due REAL,
    token TEXT,
    awaits TEXT,
    small TEXT NOT NULL,
    large TEXT NOT NULL,
    PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE INDEX states_frames_due ON states_frames (due) WHERE due IS NOT NULL;
CREATE INDEX states_frames_token ON states_frames (token) WHERE token IS NOT NULL;
CREATE INDEX states_frames_awaits ON states_frames (awaits) WHERE awaits IS NOT NULL;
CREATE INDEX states_frames_phase ON states_frames (phase);
CREATE TABLE states_events (
    execution INTEGER NOT NULL,
    id INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE TABLE states_map_runs (
    arn TEXT PRIMARY KEY,
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    stopped REAL,
    facts TEXT NOT NULL
);
CREATE INDEX states_map_runs_execution ON states_map_runs (execution);
"""

_APART = frozenset({"frames", "kids", "definition"})
_FACTS = tuple(item.name for item in dataclasses.fields(Execution) if item.name not in _APART)


class Rows:
    """Reads and writes executions.

    Args:
        store: where the tables are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        store.register("states", SCHEMA)

    # ----------------------------------------------------------------------------------- write
    def insert(
        self,
        connection: sqlite3.Connection,
        execution: Execution,
        *,
        source_arn: str,
        map_run: str | None = None,
        origin: dict[str, Any] | None = None,
    ) -> int:
        """Add an execution; return its row's number.

        Args:
            connection: of the transaction.
            execution: with its first frame, if it has one.
            source_arn: the ARN that was started: machine, version or alias.
            map_run: the Map run that it belongs to.
            origin: the frame of another execution that it stands for.
        """
        digest = hashlib.sha256(execution.definition.encode("utf-8", "surrogatepass")).hexdigest()
        connection.execute(
            "INSERT OR IGNORE INTO states_definitions (hash, text) VALUES (?, ?)",
            (digest, execution.definition),
        )
        cursor = connection.execute(
            "INSERT INTO states_executions (arn, machine_arn, source_arn, status, started, deadline, map_run,"
            " definition, facts, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                execution.arn,
                execution.machine_arn,
                source_arn,
                execution.status,
                execution.started,
                execution.deadline,
                map_run,
                digest,
                _facts(execution),
                json.dumps(origin) if origin else None,
            ),
        )
        assert cursor.lastrowid is not None  # noqa: S101 - an INSERT has one
        return cursor.lastrowid

    def save(self, connection: sqlite3.Connection, row: int, turn: Turn) -> None:
        """Write what a turn changed."""
        execution = turn.execution
        connection.executemany(
            "INSERT INTO states_events (execution, id, data) VALUES (?, ?, ?)",
            [(row, event["id"], json.dumps(event, separators=(",", ":"))) for event in turn.events],
        )
        if not execution.running:
            connection.execute("DELETE FROM states_frames WHERE execution = ?", (row,))
            self._keep_for_redrive(connection, row, execution)
        else:
            if turn.removed:
                connection.executemany(
                    "DELETE FROM states_frames WHERE execution = ? AND id = ?",
                    [(row, number) for number in turn.removed],
                )
            for number in turn.changed - turn.removed:
                self._save_frame(connection, row, execution.frames[number], fresh=number in turn.fresh)
        connection.execute(
            "UPDATE states_executions SET status = ?, stopped = ?, deadline = ?, facts = ? WHERE id = ?",
            (
                execution.status,
                execution.stopped,
                execution.deadline if execution.running else None,
                _facts(execution),
                row,
            ),
        )

    def stand_for(self, row: int, origin: dict[str, Any]) -> None:
        """Let an execution stand for another frame: its Map was redriven."""
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE states_executions SET origin = ? WHERE id = ?", (json.dumps(origin), row)
            )

    def _keep_for_redrive(self, connection: sqlite3.Connection, row: int, execution: Execution) -> None:
        """Keep the thread of an execution that failed: a redrive enters its last state again."""
        if execution.status != "SUCCEEDED" and 0 in execution.frames:
            root = execution.frames[0]
            root.done = finished(execution, root) or root.done
            root.group = root.items = root.output = None
            root.clear_task()
            root.phase = "ended"
            self._save_frame(connection, row, root, fresh=True)

    def _save_frame(self, connection: sqlite3.Connection, row: int, frame: Frame, *, fresh: bool) -> None:
        small, large = frame.dump()
        values = (frame.phase, frame.due, frame.token or None, frame.awaits or None, small)
        if fresh:
            connection.execute(
                "INSERT OR REPLACE INTO states_frames"
                " (execution, id, phase, due, token, awaits, small, large) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (row, frame.id, *values, large),
            )
        else:
            connection.execute(
                "UPDATE states_frames SET phase = ?, due = ?, token = ?, awaits = ?, small = ?"
                " WHERE execution = ? AND id = ?",
                (*values, row, frame.id),
            )

    # ------------------------------------------------------------------------------------ read
    def load(self, connection: sqlite3.Connection, row: int) -> Execution | None:
        """Return an execution with all its frames."""
        found = connection.execute(
            "SELECT e.facts, d.text FROM states_executions e"
            " JOIN states_definitions d ON d.hash = e.definition WHERE e.id = ?",
            (row,),
        ).fetchone()
        if found is None:
            return None
        execution = Execution(**json.loads(found["facts"]), definition=found["text"])
        for frame in connection.execute(
            "SELECT id, small, large FROM states_frames WHERE execution = ? ORDER BY id", (row,)
        ):
            execution.add(Frame.load(frame["id"], frame["small"], frame["large"]))
        return execution

    def by_arn(self, arn: str) -> sqlite3.Row | None:
        """Return the row of an execution with its definition's text."""
        rows = self.store.query(
            "SELECT e.*, d.text FROM states_executions e JOIN states_definitions d ON d.hash = e.definition"
            " WHERE e.arn = ?",
            (arn,),
        )
        return rows[0] if rows else None

    def by_token(self, token: str) -> tuple[int, int] | None:
        """Return execution row and frame of a task token."""
        rows = self.store.query("SELECT execution, id FROM states_frames WHERE token = ?", (token,))
        return (rows[0]["execution"], rows[0]["id"]) if rows else None

    def awaiting(self, arn: str) -> list[tuple[int, int, str]]:
        """Return row, frame and token of whatever waits for an activity's worker or an execution."""
        rows = self.store.query(
            "SELECT execution, id, token FROM states_frames WHERE awaits = ? ORDER BY execution, id", (arn,)
        )
        return [(row["execution"], row["id"], row["token"]) for row in rows]

    def due(self, now: float, limit: int = 500) -> list[tuple[int, int]]:
        """Return execution row and frame of whatever is due; frame -1 is the execution's own deadline."""
        rows = self.store.query(
            "SELECT execution, id FROM states_frames WHERE due <= ? ORDER BY due LIMIT ?", (now, limit)
        )
        ends = self.store.query("SELECT id FROM states_executions WHERE deadline <= ? LIMIT ?", (now, limit))
        return [(row["execution"], row["id"]) for row in rows] + [(row["id"], -1) for row in ends]

    def next_due(self) -> float | None:
        """Return the earliest time at which something is due."""
        row = self.store.query(
            "SELECT (SELECT MIN(due) FROM states_frames WHERE due IS NOT NULL) AS frame,"
            " (SELECT MIN(deadline) FROM states_executions WHERE deadline IS NOT NULL) AS execution"
        )[0]
        times = [time for time in (row["frame"], row["execution"]) if time is not None]
        return min(times) if times else None

    def in_phases(self, *phases: str) -> Iterator[tuple[int, int, str]]:
        """Yield execution row, frame and phase of running executions' frames in some phases."""
        marks = ",".join("?" * len(phases))
        rows = self.store.query(
            "SELECT f.execution, f.id, f.phase FROM states_frames f"  # noqa: S608 -- question marks only
            " JOIN states_executions e ON e.id = f.execution"
            f" WHERE e.status = 'RUNNING' AND f.phase IN ({marks})"
            " ORDER BY f.execution, f.id",
            phases,
        )
        return ((row["execution"], row["id"], row["phase"]) for row in rows)

    def events(self, row: int, *, after: int, limit: int, reverse: bool) -> list[Event]:
        """Return a page of history events, oldest or newest first."""
        order, compare = ("DESC", "<") if reverse else ("ASC", ">")
        rows = self.store.query(
            f"SELECT data FROM states_events WHERE execution = ? AND id {compare} ?"  # noqa: S608 - two fixed words
            f" ORDER BY id {order} LIMIT ?",
            (row, after, limit),
        )
        return [json.loads(found["data"]) for found in rows]


def _facts(execution: Execution) -> str:
    return json.dumps({name: getattr(execution, name) for name in _FACTS}, separators=(",", ":"))
