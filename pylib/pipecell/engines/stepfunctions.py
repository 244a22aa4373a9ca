"""Executions of Step Functions state machines, over the service's own API."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipecell.definition.document import Document, read_document
from pipecell.engines import uploads as objects
from pipecell.engines.base import AwsEngine
from pipecell.engines.connection import Connect
from pipecell.engines.engine import (
    Deployed,
    ExecutionSnapshot,
    ExecutionSummary,
    Progress,
    Selection,
    StepSnapshot,
    Uploadable,
    epoch,
)
from pipecell.engines.history import HistoryReader, counted, reason
from pipecell.engines.trial import Trial, read_trial
from pipecell.errors import ExecutionError

_PAGE = 1000  # events asked for at once, the service's most


@dataclass
class _History:
    """What was read so far. Full pages never change, so only the last one is asked for again.

    Each event is read after the one before it, so only one thread reads on at a time: a monitor's, a cell's
    and a log's may look at the same execution.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    reader: HistoryReader = field(default_factory=HistoryReader)
    token: str | None = None
    map_runs: dict[str, dict[str, int]] = field(default_factory=dict)  # those that have ended


class StepFunctions(AwsEngine):
    """Step Functions in one place."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(connect)
        self._documents: dict[str, Document] = {}
        self._histories: dict[str, _History] = {}
        self._machines: dict[str, str] = {}

    @property
    def name(self) -> str:
        """``stepfunctions``."""
        return "stepfunctions"

    def deploy(
        self,
        document: Document,
        *,
        role: str,
        uploads: Sequence[Uploadable] = (),
        tags: Sequence[Mapping[str, str]] = (),
        parallelism: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Put uploads and definition in place; tags are added to those of a state machine that is there.

        How many states run in parallel is said by the states themselves.
        """
        if uploads:
            objects.put(self.connection, uploads, progress)
        client = self.client("stepfunctions")
        words = [{"key": tag["Key"], "value": tag["Value"]} for tag in tags]
        text = json.dumps(document.body, ensure_ascii=False)
        arn: str | None = None
        with self.errors(f"creating state machine {document.name}"):
            try:
                arn = str(
                    client.create_state_machine(
                        name=document.name,
                        definition=text,
                        roleArn=role,
                        **({"tags": words} if words else {}),
                    )["stateMachineArn"]
                )
            except client.exceptions.StateMachineAlreadyExists:
                arn = None
        if arn is None:
            arn = self._find(document.name)
            with self.errors(f"updating state machine {document.name}"):
                client.update_state_machine(stateMachineArn=arn, definition=text, roleArn=role)
                if words:
                    client.tag_resource(resourceArn=arn, tags=words)
        self._machines[document.name] = arn
        return arn

    def deployed(self, name: str) -> Deployed | None:
        """Return the state machine that is deployed under a name, None when none is.

        Raises:
            ExecutionError: AWS refused.
        """
        with self.errors(f"a look at state machine {name}"):
            self._machines.update(self._state_machines())
            if name not in self._machines:
                return None
            found = self.client("stepfunctions").describe_state_machine(stateMachineArn=self._machines[name])
        return Deployed(self._machines[name], read_document(found["definition"], name=name))

    def start(
        self,
        document: Document,
        *,
        parameters: Mapping[str, Any],
        input: Any = None,  # noqa: A002 - the protocol's name
        selection: Selection | None = None,
    ) -> str:
        """Start the deployed state machine; return the execution's ARN.

        Raises:
            ExecutionError: AWS refused, or steps were selected, which only SageMaker pipelines know.
        """
        if selection is not None:
            raise ExecutionError(
                "A state machine runs as a whole.", code="PC705", hint="Leave out --only and --from."
            )
        if parameters:
            raise ExecutionError(
                "A state machine takes an input, not parameters.", code="PC705", hint="Use --input JSON."
            )
        with self.errors(f"the start of {document.name}"):
            started = self.client("stepfunctions").start_execution(
                stateMachineArn=self._find(document.name), input=json.dumps({} if input is None else input)
            )
        return str(started["executionArn"])

    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        """Look once at an execution: its status, and the events since the last look."""
        with self.errors("a look at the execution"):
            found = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
            steps = self._steps(execution_arn)
        return ExecutionSnapshot(
            execution_arn=execution_arn,
            pipeline=found["stateMachineArn"].rsplit(":", 1)[-1],
            engine=self.name,
            target=self.target,
            status=found["status"],
            failure_reason=reason(found),
            input=_json(found.get("input")),
            output=_json(found.get("output")),
            steps=steps,
            started=epoch(found.get("startDate")),
            ended=epoch(found.get("stopDate")),
        )

    def definition(self, execution_arn: str) -> Document:
        """Return the definition that this execution runs; it never changes, so it is asked for once."""
        if execution_arn not in self._documents:
            with self.errors("the definition of the execution"):
                found = self.client("stepfunctions").describe_state_machine_for_execution(
                    executionArn=execution_arn
                )
            self._documents[execution_arn] = read_document(found["definition"], name=found["name"])
        return self._documents[execution_arn]

    def stop(self, execution_arn: str) -> None:
        """Stop an execution; jobs that it runs with ``.sync`` are stopped too."""
        with self.errors("to stop the execution"):
            self.client("stepfunctions").stop_execution(executionArn=execution_arn)

    def retry(self, execution_arn: str) -> None:
        """Go on with a failed execution: states that succeeded stay as they are."""
        with self.errors("to redrive the execution"):
            self.client("stepfunctions").redrive_execution(executionArn=execution_arn)

    def why_not_redriven(self, execution_arn: str) -> str:
        """Return why a failed execution cannot be redriven; empty when it can."""
        with self.errors("a look at the execution"):
            found = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
        if found.get("redriveStatus") == "REDRIVABLE":
            return ""
        return str(found.get("redriveStatusReason") or "It cannot be redriven.")

    def try_state(
        self,
        document: Document,
        state: str,
        *,
        kind: str,
        input: Any,  # noqa: A002 - the state's own word
        mock: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        role: str = "",
    ) -> Trial:
        """Try one state with TestState.

        Args:
            document: the machine.
            state: its name.
            kind: its type.
            input: what it is given.
            mock: ``{"result": …}`` or ``{"error": …, "cause": …}`` instead of what it calls.
            variables: workflow variables.
            context: the context object.
            role: role that a call is made with.

        Raises:
            ExecutionError: AWS refused.
        """
        request: dict[str, Any] = {
            "definition": json.dumps(document.body, ensure_ascii=False),
            "stateName": state,
            "input": json.dumps(input, ensure_ascii=False),
            "inspectionLevel": "DEBUG",
        }
        if mock is not None:
            request["mock"] = _mock(mock)
        elif role:
            request["roleArn"] = role
        for key, value in (("variables", variables), ("context", context)):
            if value is not None:
                request[key] = json.dumps(value, ensure_ascii=False)
        with self.errors(f"to try {state}", step=state):
            answer = self.client("stepfunctions").test_state(**request)
        return read_trial(
            answer, state=state, kind=kind, target=self.target, mocked=mock is not None, given=input
        )

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        """Return the newest executions of one state machine, or of all here."""
        machines = {name: arn for name, arn in self._state_machines().items() if pipeline in (None, name)}
        rows = [row for name, arn in machines.items() for row in self._rows(name, arn, limit)]
        return sorted(rows, key=lambda row: row.started or 0, reverse=True)[:limit]

    def ended(self, row: ExecutionSummary) -> float | None:
        """Return when an execution of a list ended, epoch seconds; None while it runs."""
        return row.ended

    def _rows(self, name: str, arn: str, limit: int) -> list[ExecutionSummary]:
        with self.errors(f"to list executions of {name}"):
            found = self.client("stepfunctions").list_executions(
                stateMachineArn=arn, maxResults=min(limit, _PAGE)
            )
        return [
            ExecutionSummary(
                execution_arn=entry["executionArn"],
                pipeline=name,
                engine=self.name,
                target=self.target,
                status=entry["status"],
                started=epoch(entry.get("startDate")),
                ended=epoch(entry.get("stopDate")),
            )
            for entry in found["executions"]
        ]

    def _state_machines(self) -> dict[str, str]:
        with self.errors("to list state machines"):
            pages = self.client("stepfunctions").get_paginator("list_state_machines").paginate()
            return {
                entry["name"]: entry["stateMachineArn"]
                for page in pages
                for entry in page["stateMachines"]
                if entry.get("type") != "EXPRESS"  # an express machine keeps no list of executions
            }

    def _find(self, name: str) -> str:
        if name not in self._machines:
            self._machines.update(self._state_machines())
        if name not in self._machines:
            raise ExecutionError(f"There is no state machine {name}.", code="PC712")
        return self._machines[name]

    def _steps(self, execution_arn: str) -> tuple[StepSnapshot, ...]:
        """Read the events since the last look; return the states as they are now."""
        client = self.client("stepfunctions")
        history = self._histories.setdefault(execution_arn, _History())
        with history.lock:
            return self._read_on(client, execution_arn, history)

    def _read_on(self, client: Any, execution_arn: str, history: _History) -> tuple[StepSnapshot, ...]:
        while True:
            request: dict[str, Any] = {"executionArn": execution_arn, "maxResults": _PAGE}
            if history.token is not None:
                request["nextToken"] = history.token
            page = client.get_execution_history(**request)
            history.reader.feed(page["events"])
            token = page.get("nextToken")
            if token is None:
                break
            history.token = token
        runs = history.reader.map_runs
        return tuple(
            self._with_items(client, history, step, runs[step.name]) if step.name in runs else step
            for step in history.reader.snapshots()
        )

    def _with_items(self, client: Any, history: _History, step: StepSnapshot, run_arn: str) -> StepSnapshot:
        """Return a distributed Map with its items counted; asked for once more after the run has ended."""
        counts = history.map_runs.get(run_arn)
        if counts is None:
            counts = counted(client.describe_map_run(mapRunArn=run_arn)["itemCounts"])
            if step.ended is not None:
                history.map_runs[run_arn] = counts
        return replace(step, metadata={**step.metadata, "Iterations": counts})


def _mock(mock: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in mock or "cause" in mock:
        return {"errorOutput": {key: str(mock[key]) for key in ("error", "cause") if key in mock}}
    return {"result": json.dumps(mock["result"], ensure_ascii=False), "fieldValidationMode": "PRESENT"}


def _json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
