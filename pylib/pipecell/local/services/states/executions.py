"""Operations on executions: start, describe, stop, list, history, redrive and Map runs."""

from __future__ import annotations

import json
import random
import sqlite3
import time
import uuid
from typing import Any

from pipecell.local.services.states import arns, pages
from pipecell.local.services.states.catalogue import Catalogue, Facts, machine_missing
from pipecell.local.services.states.machines import described
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.states import json_text, refusals
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.evaluate import too_large
from pipecell.local.work.states.frames import Execution
from pipecell.local.work.states.parse import machine_of

#: Seconds that an express execution may run.
EXPRESS_SECONDS = 300.0
_HISTORY_DEFAULT = 100
_BILLED_STEP = 100
_REDRIVE_DAYS = 14 * 86_400.0


def _missing(arn: str) -> ServiceError:
    return ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def _unsupported() -> ServiceError:
    return ServiceError(
        "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
    )


class Executions:
    """Operations on executions.

    Args:
        catalogue: machines, versions and aliases.
        engine: what runs them.
    """

    def __init__(self, catalogue: Catalogue, engine: Engine) -> None:
        self._catalogue, self._engine = catalogue, engine

    # ----------------------------------------------------------------------------------- start
    def start(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """StartExecution: the same name and input of a running execution return that one."""
        source = arns.parse(request["stateMachineArn"], "stateMachine").text
        machine = self._startable(source)
        text = _checked_input(request.get("input", "{}"))
        name = arns.check_name(request.get("name") or str(uuid.uuid4()))
        self._refuse(machine["definition"])
        execution = self._new(machine, source, name, text, express=machine["type"] == "EXPRESS")
        try:
            self._engine.start(execution, source_arn=source)
        except sqlite3.IntegrityError as error:
            found = self._engine.rows.by_arn(execution.arn)
            if found is None:
                raise
            if found["status"] != "RUNNING" or json.loads(found["facts"])["input"] != text:
                message = f"Execution Already Exists: '{execution.arn}'"
                raise ServiceError("ExecutionAlreadyExists", message) from error
            return {"executionArn": execution.arn, "startDate": found["started"]}
        return {"executionArn": execution.arn, "startDate": execution.started}

    def start_sync(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """StartSyncExecution: runs an express machine to its end."""
        source = arns.parse(request["stateMachineArn"], "stateMachine").text
        machine = self._startable(source)
        if machine["type"] != "EXPRESS":
            raise _unsupported()
        text = _checked_input(request.get("input", "{}"))
        name = arns.check_name(request.get("name") or str(uuid.uuid4()))
        self._refuse(machine["definition"])
        execution = self._new(machine, source, name, text, express=True)
        row = self._engine.start(execution, source_arn=source)
        query = "SELECT status, facts FROM states_executions WHERE id = ?"
        self._engine.wait(
            lambda: self._engine.store.query(query, (row,))[0]["status"] != "RUNNING", EXPRESS_SECONDS + 1
        )
        facts = json.loads(self._engine.store.query(query, (row,))[0]["facts"])
        stopped = facts["stopped"] or time.time()
        milliseconds = max(1, -(-int((stopped - facts["started"]) * 1000) // _BILLED_STEP)) * _BILLED_STEP
        answer = {
            "executionArn": facts["arn"],
            "stateMachineArn": machine.get("machine_arn", machine["arn"]),
            "name": name,
            "startDate": facts["started"],
            "stopDate": stopped,
            "status": facts["status"],
            "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": milliseconds},
            "error": facts["error"],
            "cause": facts["cause"],
        }
        if request.get("includedData") != "METADATA_ONLY":
            answer |= _data(facts)
        return answer

    def _refuse(self, definition: str) -> None:
        """Refuse to start what cannot end well on this machine, with the state and the way out."""
        known = self._engine.integrations
        found = refusals.refusals(machine_of(definition), known.stand_in, known.implements)
        if found:
            raise ServiceError(
                "ValidationException", " ".join(f"{item.message} at {item.location}." for item in found)
            )

    def _startable(self, arn: str) -> Facts:
        parsed = arns.parse(arn, "stateMachine")
        if len(parsed.names) == 1:
            return self._catalogue.machine(arn)
        if not parsed.names[1].isdigit():
            alias = self._catalogue.alias(arn)
            if alias is None:
                raise machine_missing(arn)
            weights = [route["weight"] for route in alias["routes"]]
            chosen = random.choices(alias["routes"], weights)[0]  # noqa: S311 - routing, not secrecy
            arn = chosen["stateMachineVersionArn"]
        version = self._catalogue.version(arn)
        if version is None:
            raise machine_missing(arn)
        return version

    def _new(self, machine: Facts, source: str, name: str, text: str, *, express: bool) -> Execution:
        owner = str(machine.get("machine_arn") or machine["arn"])
        prefix = owner.replace(":stateMachine:", ":express:" if express else ":execution:")
        execution = Execution(
            arn=f"{prefix}:{name}:{uuid.uuid4()}" if express else f"{prefix}:{name}",
            name=name,
            machine_arn=owner,
            machine_name=machine["name"],
            definition=machine["definition"],
            role=machine["role"],
            input=text,
            started=time.time(),
            express=express,
        )
        execution.origin = {"version": machine["arn"] if "machine_arn" in machine else None}
        if "machine_arn" in machine and source != machine["arn"]:
            execution.origin["alias"] = source
        execution.origin["machine"] = {
            key: machine[key] for key in ("logging", "tracing", "encryption", "revision", "updated")
        }
        return execution

    # -------------------------------------------------------------------------------- describe
    def describe(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DescribeExecution."""
        _, row = self._row(request["executionArn"])
        facts = json.loads(row["facts"])
        answer = {
            **_summary(row, facts),
            "error": facts["error"],
            "cause": facts["cause"],
            **_redrive(facts),
        }
        if request.get("includedData") != "METADATA_ONLY":
            answer |= _data(facts)
        return answer

    def describe_machine(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DescribeStateMachineForExecution: the definition that the execution runs."""
        _, row = self._row(request["executionArn"])
        facts = json.loads(row["facts"])
        about = (facts.get("origin") or {}).get("machine") or {
            "logging": {"level": "OFF", "includeExecutionData": False},
            "tracing": {"enabled": False},
            "encryption": {"type": "AWS_OWNED_KEY"},
            "revision": "INITIAL",
            "updated": facts["started"],
        }
        machine = {**about, "name": facts["machine_name"], "definition": row["text"], "role": facts["role"]}
        answer = {
            "stateMachineArn": facts["machine_arn"],
            **described(machine),
            "updateDate": about["updated"],
        }
        if row["map_run"]:
            answer |= {"mapRunArn": row["map_run"], "label": facts["machine_arn"].rsplit("/", 1)[-1]}
        return answer

    def list(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListExecutions of a machine, version, alias or Map run, newest first."""
        where, values = "machine_arn = ?", [request.get("stateMachineArn")]
        if request.get("mapRunArn"):
            where, values = "map_run = ?", [request["mapRunArn"]]
        elif not request.get("stateMachineArn"):
            raise ServiceError("ValidationException", "Must provide a state machine ARN or a map run ARN")
        else:
            arn = arns.parse(request["stateMachineArn"], "stateMachine")
            machine = self._startable(arn.text)
            if machine["type"] == "EXPRESS":
                raise _unsupported()
            if len(arn.names) > 1:
                where = "source_arn = ?"
        if request.get("statusFilter"):
            where, values = f"{where} AND status = ?", [*values, request["statusFilter"]]
        if request.get("redriveFilter"):
            redriven = "> 0" if request["redriveFilter"] == "REDRIVEN" else "= 0"
            where = f"{where} AND json_extract(facts, '$.redrives') {redriven}"
        last, size = pages.read_token(request, None), pages.limit_of(request)
        if last is not None:
            where, values = f"{where} AND id < ?", [*values, last]
        rows = self._engine.store.query(
            f"SELECT id, facts, map_run FROM states_executions WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - fixed words
            [*values, size + 1],
        )
        answer: dict[str, Any] = {"executions": [_listed(row) for row in rows[:size]]}
        if len(rows) > size:
            answer["nextToken"] = pages.write_token(rows[size - 1]["id"])
        return answer

    def history(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """GetExecutionHistory, in pages, either way round."""
        _, row = self._row(request["executionArn"])
        reverse = bool(request.get("reverseOrder"))
        after = pages.read_token(request, 2**60 if reverse else 0)
        size = min(request.get("maxResults") or _HISTORY_DEFAULT, 1000)
        found = self._engine.rows.events(row["id"], after=after, limit=size + 1, reverse=reverse)
        answer: dict[str, Any] = {"events": found[:size]}
        if request.get("includeExecutionData") is False:
            answer["events"] = [_without_data(event) for event in found[:size]]
        if len(found) > size:
            answer["nextToken"] = pages.write_token(found[size - 1]["id"])
        return answer

    # ------------------------------------------------------------------------------------ ends
    def stop(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """StopExecution: an ended execution stays as it is."""
        _, row = self._row(request["executionArn"])
        error, cause = request.get("error"), request.get("cause")
        execution = self._engine.act(
            row["id"], lambda turn: turn.stop(error, cause) if turn.execution.running else None
        )
        return {"stopDate": execution.stopped if execution else time.time()}

    def redrive(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """RedriveExecution: goes on from the state that did not succeed."""
        _, row = self._row(request["executionArn"])
        facts = json.loads(row["facts"])
        status = _redrive(facts)
        if status["redriveStatus"] != "REDRIVABLE":
            raise ServiceError("ExecutionNotRedrivable", status["redriveStatusReason"])
        moments: list[float] = []
        self._engine.act(row["id"], lambda turn: moments.append(turn.redrive()))
        return {"redriveDate": moments[0]}

    # -------------------------------------------------------------------------------- map runs
    def list_map_runs(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListMapRuns of an execution."""
        arn, row = self._row(request["executionArn"])
        runs = self._engine.store.query(
            "SELECT * FROM states_map_runs WHERE execution = ? ORDER BY started, rowid", (row["id"],)
        )
        facts = json.loads(row["facts"])
        listed = [
            {
                "executionArn": arn,
                "mapRunArn": run["arn"],
                "stateMachineArn": f"{facts['machine_arn']}/{json.loads(run['facts'])['label']}",
                "startDate": run["started"],
                "stopDate": run["stopped"],
            }
            for run in runs
        ]
        return pages.page(request, "mapRuns", listed)

    def describe_map_run(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DescribeMapRun."""
        arn = arns.parse(request["mapRunArn"], "mapRun").text
        found = self._engine.store.query(
            "SELECT m.*, e.arn AS execution_arn FROM states_map_runs m JOIN states_executions e"
            " ON e.id = m.execution WHERE m.arn = ?",
            (arn,),
        )
        if not found:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)
        run, group = found[0], json.loads(found[0]["facts"])
        counts = dict.fromkeys(
            ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten"), 0
        )
        names = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timedOut", "ABORTED": "aborted"}
        for row in self._engine.store.query(
            "SELECT status, COUNT(*) AS number FROM states_executions WHERE map_run = ? GROUP BY status",
            (arn,),
        ):
            counts[names.get(row["status"], "running")] += row["number"]
        counts["total"] = group["total"]
        counts["pending"] = max(
            0, group["total"] - sum(counts[name] for name in (*names.values(), "running"))
        )
        if run["status"] == "SUCCEEDED":
            counts["resultsWritten"] = counts["succeeded"]
        return {
            "mapRunArn": arn,
            "executionArn": run["execution_arn"],
            "status": run["status"],
            "startDate": run["started"],
            "stopDate": run["stopped"],
            "maxConcurrency": group["max_concurrency"],
            "toleratedFailurePercentage": group["tolerated_percentage"] or 0.0,
            "toleratedFailureCount": int(group["tolerated_count"] or 0),
            "itemCounts": counts,
            "executionCounts": counts,
            "redriveCount": group.get("redrives", 0),
        }

    def update_map_run(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """UpdateMapRun: concurrency and tolerance of a running Map run."""
        arn = arns.parse(request["mapRunArn"], "mapRun").text
        found = self._engine.store.query("SELECT * FROM states_map_runs WHERE arn = ?", (arn,))
        if not found:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)
        number = found[0]["frame"]

        def change(turn: Any) -> None:
            turn.change_map_run(
                number,
                request.get("maxConcurrency"),
                request.get("toleratedFailureCount"),
                request.get("toleratedFailurePercentage"),
            )

        self._engine.act(found[0]["execution"], change)
        return {}

    def _row(self, text: str) -> tuple[str, sqlite3.Row]:
        arn = arns.parse(text, "execution").text
        row = self._engine.rows.by_arn(arn)
        if row is None:
            raise _missing(arn)
        return arn, row


def _checked_input(text: str) -> str:
    if not text.strip():
        raise ServiceError(
            "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'"
        )
    try:
        json_text.parse(text)
    except json_text.InvalidJsonError as error:
        message = f"Invalid State Machine Execution Input: '{error}'"
        raise ServiceError("InvalidExecutionInput", message) from error
    if too_large(text):
        raise ServiceError(
            "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Input exceeds 262144 bytes.'"
        )
    return text


def _data(facts: Facts) -> dict[str, Any]:
    answer = {"input": facts["input"], "inputDetails": {"included": True}}
    if facts["output"] is not None:
        answer |= {"output": facts["output"], "outputDetails": {"included": True}}
    return answer


def _source(facts: Facts) -> dict[str, Any]:
    origin = facts.get("origin") or {}
    return {"stateMachineVersionArn": origin.get("version"), "stateMachineAliasArn": origin.get("alias")}


def _redrive(facts: Facts) -> dict[str, Any]:
    answer: dict[str, Any] = {"redriveCount": facts["redrives"], "redriveStatus": "REDRIVABLE"}
    if facts.get("redriven") is not None:
        answer["redriveDate"] = facts["redriven"]
    if facts["status"] in ("RUNNING", "SUCCEEDED"):
        answer["redriveStatus"] = "NOT_REDRIVABLE"
        answer["redriveStatusReason"] = f"Execution is {facts['status']} and cannot be redriven"
    elif time.time() - (facts["stopped"] or 0) > _REDRIVE_DAYS:
        answer["redriveStatus"] = "NOT_REDRIVABLE"
        answer["redriveStatusReason"] = "Execution has exceeded the redrivable period"
    return answer


def _summary(row: sqlite3.Row, facts: dict[str, Any]) -> dict[str, Any]:
    """Return what a description and a list both say of an execution."""
    return {
        "executionArn": facts["arn"],
        "stateMachineArn": facts["machine_arn"],
        "name": facts["name"],
        "status": facts["status"],
        "startDate": facts["started"],
        "stopDate": facts["stopped"],
        "mapRunArn": row["map_run"],
        **_source(facts),
    }


def _listed(row: sqlite3.Row) -> dict[str, Any]:
    facts = json.loads(row["facts"])
    answer = {**_summary(row, facts), "redriveCount": facts["redrives"]}
    if facts.get("redriven") is not None:
        answer["redriveDate"] = facts["redriven"]
    return answer


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    hidden = ("input", "output", "parameters", "inputDetails", "outputDetails")
    return {
        key: {name: item for name, item in value.items() if name not in hidden}
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }
