"""Map runs: the outside of a distributed Map — its row, its items, its child executions and its results."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any

from pipecell.local.work.states import items as readers
from pipecell.local.work.states.clock import format_timestamp
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import ITEM_READER_FAILED, Failure
from pipecell.local.work.states.frames import Effect, Execution, Frame
from pipecell.local.work.states.parse import JSONPATH, machine_of

if TYPE_CHECKING:
    from pipecell.local.work.states.engine import Engine
    from pipecell.local.work.states.machine import Turn


_LOG = logging.getLogger(__name__)


class MapRuns:
    """Keeps Map runs beside the executions that own them.

    Args:
        engine: whose turns and workers are used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------------------------ within turns
    def record(self, connection: sqlite3.Connection, row: int, turn: Turn) -> None:
        """Bring the rows of Map runs up to date with what a turn did to their groups."""
        for number in turn.changed - turn.removed:
            frame = turn.execution.frames.get(number)
            if frame is not None and frame.group and frame.group.get("map_run"):
                self._save(connection, row, frame)
        for event in turn.events:
            if event["type"] == "MapRunRedriven":
                self._open(connection, event["mapRunRedrivenEventDetails"])
            if event["type"] in ("MapRunFailed", "MapRunSucceeded"):
                self._close(connection, row, event["type"].removeprefix("MapRun").upper(), turn.now)
        if not turn.execution.running:
            status = "ABORTED" if turn.execution.status in ("ABORTED", "TIMED_OUT") else "FAILED"
            self._close(connection, row, status, turn.now)

    def _save(self, connection: sqlite3.Connection, row: int, frame: Frame) -> None:
        group = frame.group or {}
        connection.execute(
            "INSERT INTO states_map_runs (arn, execution, frame, status, started, facts)"
            " VALUES (?, ?, ?, 'RUNNING', ?, ?)"
            " ON CONFLICT (arn) DO UPDATE SET facts = excluded.facts, frame = excluded.frame",
            (group["map_run"], row, frame.id, frame.entered_at, json.dumps(group)),
        )

    def _open(self, connection: sqlite3.Connection, details: dict[str, Any]) -> None:
        connection.execute(
            "UPDATE states_map_runs SET status = 'RUNNING', stopped = NULL WHERE arn = ?",
            (details["mapRunArn"],),
        )

    def _close(self, connection: sqlite3.Connection, row: int, status: str, now: float) -> None:
        connection.execute(
            "UPDATE states_map_runs SET status = ?, stopped = ? WHERE execution = ? AND status = 'RUNNING'",
            (status, now, row),
        )

    def ask_again(self, turn: Turn, frame: Frame) -> None:
        """After a crash: read the items or write the results that a Map was waiting for."""
        group = frame.group or {}
        work = turn.activation(frame)
        if group.get("stage") == "writing":
            request = readers.write_request(work.body["ResultWriter"], work, group["map_run"])
            turn.effects.append(Effect("write_results", frame.id, group["token"], request))
        elif frame.items is None:
            request = readers.request(work.body["ItemReader"], work)
            turn.effects.append(Effect("read_items", frame.id, group["token"], request))

    # ------------------------------------------------------------------------------- after turns
    def do(self, row: int, execution: Execution, effect: Effect) -> None:
        """Carry out an effect of a distributed Map."""
        if effect.kind == "read_items":
            self._engine.submit(self._read, row, effect)
        elif effect.kind == "write_results":
            frame = execution.frames[effect.frame]
            self._engine.submit(self._write, row, effect, dict(frame.group or {}))
        elif effect.kind == "start_child":
            self._start_child(row, execution, effect)
        elif effect.kind == "stop_children":
            self._stop_children(effect.data["map_run"])

    def _read(self, row: int, effect: Effect) -> None:
        number, token = effect.frame, effect.token
        try:
            found = self._engine.integrations.read_items(effect.data)
        except Failure as failure:
            error, cause = failure.error, failure.cause
            self._engine.post(
                row, lambda turn: turn.group_event("items_failed", number, token, error=error, cause=cause)
            )
            return
        except Exception as error:
            _LOG.exception("An ItemReader failed in a way nobody foresaw.")
            cause = f"{type(error).__name__}: {error}"
            self._engine.post(
                row,
                lambda turn: turn.group_event(
                    "items_failed", number, token, error=ITEM_READER_FAILED, cause=cause
                ),
            )
            return
        self._engine.post(row, lambda turn: turn.group_event("items_read", number, token, items=found))

    def _write(self, row: int, effect: Effect, group: dict[str, Any]) -> None:
        number, token = effect.frame, effect.token
        try:
            details = self._engine.integrations.write_results(effect.data, self._results(group["map_run"]))
        except Failure as failure:
            error, cause = failure.error, failure.cause
            self._engine.post(
                row, lambda turn: turn.group_event("items_failed", number, token, error=error, cause=cause)
            )
            return
        result = {"MapRunArn": group["map_run"], "ResultWriterDetails": details}
        self._engine.post(row, lambda turn: turn.group_event("results_written", number, token, result=result))

    def _results(self, map_run: str) -> list[dict[str, Any]]:
        """Return every child execution as ResultWriter writes it."""
        rows = self._engine.store.query(
            "SELECT facts FROM states_executions WHERE map_run = ? ORDER BY id", (map_run,)
        )
        return [_result(json.loads(found["facts"])) for found in rows]

    def _start_child(self, row: int, execution: Execution, effect: Effect) -> None:
        frame = execution.frames.get(effect.frame)
        if frame is None or frame.phase != "remote" or frame.parent is None:
            return
        group = execution.frames[frame.parent].group or {}
        child = child_execution(execution, frame.id, group)
        origin = {"row": row, "frame": frame.id}
        try:
            self._engine.start(child, source_arn=child.machine_arn, map_run=group["map_run"], origin=origin)
        except sqlite3.IntegrityError:
            # An earlier process started it; perhaps it has even ended.
            found = self._engine.rows.by_arn(child.arn)
            if found is None:
                return
            facts = json.loads(found["facts"])
            wanted = (frame.task or {}).get("redrives", 0)
            if wanted:
                self._engine.rows.stand_for(found["id"], origin)
            if facts["redrives"] < wanted and found["status"] != "SUCCEEDED":
                # One that still runs is about to be aborted: that turn is before this one in the queue.
                self._engine.post(found["id"], _redrive)
            elif found["status"] != "RUNNING":
                self._tell(row, frame.id, facts)

    def child_ended(self, row: int, execution: Execution) -> None:
        """Tell the Map whose item an ended execution was."""
        found = self._engine.store.query("SELECT origin FROM states_executions WHERE id = ?", (row,))
        if found and found[0]["origin"]:
            origin = json.loads(found[0]["origin"])
            facts = {"status": execution.status, "output": execution.output}
            self._tell(origin["row"], origin["frame"], facts)

    def _tell(self, row: int, number: int, facts: dict[str, Any]) -> None:
        output = json.loads(facts["output"]) if facts.get("output") is not None else None
        status = facts["status"]
        self._engine.post(
            row, lambda turn: turn.group_event("child_ended", number, status=status, output=output)
        )

    def _stop_children(self, map_run: str) -> None:
        rows = self._engine.store.query(
            "SELECT id FROM states_executions WHERE map_run = ? AND status = 'RUNNING'", (map_run,)
        )
        for found in rows:
            self._engine.post(found["id"], _abort)


def child_execution(parent: Execution, number: int, group: dict[str, Any]) -> Execution:
    """Return the execution that runs one item of a distributed Map."""
    frame = parent.frames[number]
    holder = parent.frames[frame.parent or 0]
    machine = machine_of(parent.definition)
    state = machine.state(holder.scope, holder.state)
    body = {key: value for key, value in state.processor.items() if key != "ProcessorConfig"}
    # The machine's language holds in the items, whatever the Map itself speaks.
    body["QueryLanguage"] = machine.body.get("QueryLanguage", JSONPATH)
    express = state.processor.get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS"
    place, owner = parent.machine_arn.rsplit(":stateMachine:", 1)
    name = str(uuid.UUID(hex=frame.token[:32]))
    return Execution(
        arn=f"{place}:{'express' if express else 'execution'}:{owner}/{group['label']}:{name}",
        name=name,
        machine_arn=f"{parent.machine_arn}/{group['label']}",
        machine_name=f"{parent.machine_name}/{group['label']}",
        definition=json.dumps(body, separators=(",", ":")),
        role=parent.role,
        input=dumps(frame.input),
        started=time.time(),
        express=express,
    )


def _abort(turn: Turn) -> None:
    if turn.execution.running:
        turn.stop(None, None)


def _redrive(turn: Turn) -> None:
    if not turn.execution.running:
        turn.redrive()


def _result(facts: dict[str, Any]) -> dict[str, Any]:
    result = {
        "ExecutionArn": facts["arn"],
        "Input": facts["input"],
        "InputDetails": {"Included": True},
        "Name": facts["name"],
        "Output": facts["output"],
        "OutputDetails": {"Included": True},
        "RedriveCount": facts["redrives"],
        "RedriveStatus": "NOT_REDRIVABLE",
        "StartDate": format_timestamp(facts["started"]),
        "StateMachineArn": facts["machine_arn"],
        "Status": facts["status"],
        "StopDate": format_timestamp(facts["stopped"] or time.time()),
    }
    if facts["status"] != "SUCCEEDED":
        result |= {"Error": facts["error"], "Cause": facts["cause"]}
    return {key: value for key, value in result.items() if value is not None}
