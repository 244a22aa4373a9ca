"""Pipeline executions on the wire: start, stop, retry, describe, list, and their steps."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pipecell.definition.document import Document, read_document
from pipecell.definition.parameters import bind
from pipecell.definition.references import resolve, to_text
from pipecell.errors import UsageError
from pipecell.local.json_service import Operation
from pipecell.local.objects import ObjectStore
from pipecell.local.records import executions, names, now, pipelines, resources, tags, tokens, within
from pipecell.local.records.executions import ExecutionRecord, StepRecord
from pipecell.local.records.pipelines import PipelineRecord
from pipecell.local.services.sagemaker.paging import Listing, slice_page
from pipecell.local.services.sagemaker.pipelines import find_version, parallelism, require_named
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.pipelines.handler import Ended
from pipecell.local.work.pipelines.plan import Steps, read_steps
from pipecell.local.work.pipelines.refusals import refusals
from pipecell.local.work.pipelines.runner import Runner
from pipecell.local.work.pipelines.scope import RunScope
from pipecell.local.work.pipelines.selection import Reused, choose
from pipecell.local.work.pipelines.steps import Handlers
from pipecell.local.work.pipelines.steps.callback import succeeded


class ExecutionOperations:
    """What a client can do with executions.

    Args:
        store: where they are kept.
        objects: the endpoint's S3.
        runner: what drives them.
        handlers: which steps can run here.
    """

    def __init__(self, store: Store, objects: ObjectStore, runner: Runner, handlers: Handlers) -> None:
        self._store = store
        self._objects = objects
        self._runner = runner
        self._handlers = handlers

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        return {
            "StartPipelineExecution": self.start,
            "StopPipelineExecution": self.stop,
            "RetryPipelineExecution": self.retry,
            "UpdatePipelineExecution": self.update,
            "DescribePipelineExecution": self.describe,
            "DescribePipelineDefinitionForExecution": self.describe_definition,
            "ListPipelineExecutions": self.list,
            "ListPipelineExecutionSteps": self.list_steps,
            "ListPipelineParametersForExecution": self.list_parameters,
            "SendPipelineExecutionStepSuccess": self.send_success,
            "SendPipelineExecutionStepFailure": self.send_failure,
        }

    # Starting

    def start(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """StartPipelineExecution: whatever cannot run is refused before anything does."""
        pipeline, number = find_version(self._store, request, context)
        document = read_document(self._definition(pipeline.name, number), name=pipeline.name)
        steps = read_steps(document)
        parameters = _bind(document, request.get("PipelineParameters") or ())
        selection = request.get("SelectiveExecutionConfig") or {}
        chosen, reused = choose(self._store.query, pipeline, steps, selection)
        self._refuse(steps, chosen, parameters)
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, "StartPipelineExecution", request)
            if answer is not None:
                return answer
            record = self._new(pipeline, number, request, parameters, connection)
            record = _with_experiment(record, document, self._objects, connection)
            executions.insert(connection, record)
            for place, each in enumerate(reused):
                executions.save_step(connection, _reuse(each, record, place))
            answer = {"PipelineExecutionArn": record.arn}
            tokens.remember(connection, "StartPipelineExecution", request, answer)
        self._runner.wake(record.id)
        return answer

    def _refuse(self, steps: Steps, chosen: Collection[str], parameters: Mapping[str, Any]) -> None:
        reasons = refusals(steps, chosen, parameters, self._handlers)
        if reasons:
            raise ServiceError("ValidationException", " ".join(reasons))

    def _new(
        self,
        pipeline: PipelineRecord,
        number: int,
        request: Mapping[str, Any],
        parameters: Mapping[str, Any],
        connection: sqlite3.Connection,
    ) -> ExecutionRecord:
        created = now()
        execution_id = names.execution_id()
        limit = pipelines.parallelism_of(request)
        return ExecutionRecord(
            id=execution_id,
            arn=f"{pipeline.arn}/execution/{execution_id}",
            pipeline=pipeline.name,
            version=number,
            status="Executing",
            failure_reason=None,
            display_name=request.get("PipelineExecutionDisplayName") or f"execution-{int(created * 1000)}",
            description=request.get("PipelineExecutionDescription"),
            role_arn=request.get("RoleArn") or pipeline.role_arn,
            parameters=parameters,
            parallelism=limit if limit is not None else pipeline.parallelism,
            selection=request.get("SelectiveExecutionConfig") or {},
            experiment={},
            tags=tags.of(within(connection), pipeline.arn),
            stopping=False,
            created=created,
            modified=created,
        )

    # Changing

    def stop(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """StopPipelineExecution: what runs is asked to stop."""
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, "StopPipelineExecution", request)
        if answer is not None:
            return answer
        record = self._require(request)
        self._runner.stop(record.id)
        answer = {"PipelineExecutionArn": record.arn}
        with self._store.transaction() as connection:
            tokens.remember(connection, "StopPipelineExecution", request, answer)
        return answer

    def retry(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """RetryPipelineExecution: go on from the steps that failed or were stopped."""
        record = self._require(request)
        steps = self._steps(record)
        self._refuse(steps, self._unfinished(record, steps), record.parameters)
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, "RetryPipelineExecution", request)
            if answer is not None:
                return answer
            current = executions.find(within(connection), record.id)
            if current is None or current.status not in ("Failed", "Stopped"):
                status = current.status if current else "deleted"
                raise ServiceError(
                    "ConflictException",
                    f"Pipeline execution with ARN {record.arn} status {status}."
                    " Only pipelines with 'Failed' or 'Stopped' status can be retried.",
                )
            executions.prepare_retry(connection, record.id, pipelines.parallelism_of(request))
            answer = {"PipelineExecutionArn": record.arn}
            tokens.remember(connection, "RetryPipelineExecution", request, answer)
        self._runner.wake(record.id)
        return answer

    def update(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """UpdatePipelineExecution: its words, and how many steps may run at once."""
        record = self._require(request)
        limit = pipelines.parallelism_of(request)
        with self._store.transaction() as connection:
            executions.update(
                connection,
                record.id,
                display_name=request.get("PipelineExecutionDisplayName"),
                description=request.get("PipelineExecutionDescription"),
                parallelism=limit,
            )
        if limit is not None:
            self._runner.update(record.id, limit)
        return {"PipelineExecutionArn": record.arn}

    def send_success(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """SendPipelineExecutionStepSuccess."""
        step, record = self._callback(request)
        body = self._steps(record).views[step.name].body
        ended = succeeded(step.metadata, body, request.get("OutputParameters") or ())
        return self._send("SendPipelineExecutionStepSuccess", request, step, record, ended)

    def send_failure(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """SendPipelineExecutionStepFailure."""
        step, record = self._callback(request)
        reason = request.get("FailureReason") or "The callback reported a failure."
        return self._send(
            "SendPipelineExecutionStepFailure", request, step, record, Ended("Failed", failure_reason=reason)
        )

    def _callback(self, request: Mapping[str, Any]) -> tuple[StepRecord, ExecutionRecord]:
        step = executions.step_of_token(self._store.query, request["CallbackToken"])
        record = executions.find(self._store.query, step.execution) if step else None
        if step is None or record is None:
            raise ServiceError(
                "ResourceNotFound", f"Callback token {request['CallbackToken']} does not exist."
            )
        return step, record

    def _send(
        self,
        operation: str,
        request: Mapping[str, Any],
        step: StepRecord,
        record: ExecutionRecord,
        ended: Ended,
    ) -> dict[str, Any]:
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, operation, request)
        if answer is not None:
            return answer
        if not self._runner.finish_step(record.id, step.name, ended):
            raise ServiceError(
                "ValidationException",
                f"The step of callback token {request['CallbackToken']} has already ended.",
            )
        answer = {"PipelineExecutionArn": record.arn}
        with self._store.transaction() as connection:
            tokens.remember(connection, operation, request, answer)
        return answer

    # Looking

    def describe(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribePipelineExecution."""
        record = self._require(request)
        aliases = pipelines.aliases(self._store.query, record.pipeline)
        return {
            "PipelineArn": record.arn.partition("/execution/")[0],
            "PipelineExecutionArn": record.arn,
            "PipelineExecutionDisplayName": record.display_name,
            "PipelineExecutionStatus": record.status,
            "PipelineExecutionDescription": record.description,
            "PipelineExperimentConfig": record.experiment or None,
            "FailureReason": record.failure_reason,
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "CreatedBy": {},
            "LastModifiedBy": {},
            "ParallelismConfiguration": parallelism(record.parallelism),
            "SelectiveExecutionConfig": record.selection or None,
            "PipelineVersionId": record.version,
            "PipelineVersionAliases": [word for word, of in aliases.items() if of == record.version] or None,
            "RoleArn": record.role_arn,
        }

    def describe_definition(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribePipelineDefinitionForExecution."""
        record = self._require(request)
        version = pipelines.find_version(self._store.query, record.pipeline, record.version)
        if version is None:
            raise ServiceError("ResourceNotFound", f"The definition of {record.arn} does not exist.")
        return {"PipelineDefinition": version.definition, "CreationTime": version.created}

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListPipelineExecutions."""
        pipeline = require_named(self._store, request["PipelineName"], context)
        listing = Listing("execution", "id").where("pipeline = ?", pipeline.name)
        listing.between("created", request, "CreatedAfter", "CreatedBefore")
        aliases = pipelines.aliases(self._store.query, pipeline.name)
        alias = request.get("PipelineVersionAlias")
        if alias is not None:
            listing.where("version = ?", aliases.get(alias, 0))
        sort = "arn" if request.get("SortBy") == "PipelineExecutionArn" else "created"
        rows, token = listing.page(self._store.query, request, sort)
        summaries = [
            {
                "PipelineExecutionArn": each.arn,
                "StartTime": each.created,
                "PipelineExecutionStatus": each.status,
                "PipelineExecutionDescription": each.description,
                "PipelineExecutionDisplayName": each.display_name,
                "PipelineExecutionFailureReason": each.failure_reason,
                "PipelineVersionAliases": [word for word, of in aliases.items() if of == each.version]
                or None,
            }
            for each in map(executions.from_row, rows)
        ]
        return {"PipelineExecutionSummaries": summaries, "NextToken": token}

    def list_steps(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListPipelineExecutionSteps: those that have begun, the newest first unless asked otherwise."""
        if request.get("PipelineExecutionArn") is None:
            raise ServiceError("ValidationException", "PipelineExecutionArn must be specified.")
        record = self._require(request)
        listing = Listing("step", "name").where("execution = ?", record.id)
        rows, token = listing.page(self._store.query, request, "place")
        views = self._steps(record).views
        steps = [_step(each, views[each.name].body) for each in map(executions.step_from_row, rows)]
        return {"PipelineExecutionSteps": steps, "NextToken": token}

    def list_parameters(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListPipelineParametersForExecution."""
        record = self._require(request)
        entries = [{"Name": name, "Value": to_text(value)} for name, value in record.parameters.items()]
        page, token = slice_page(entries, request)
        return {"PipelineParameters": page, "NextToken": token}

    def _require(self, request: Mapping[str, Any]) -> ExecutionRecord:
        arn = request["PipelineExecutionArn"]
        record = executions.find(self._store.query, names.last_part(arn))
        if record is None or record.pipeline != names.pipeline_name(arn):
            raise ServiceError("ResourceNotFound", f"Pipeline execution with ARN {arn} does not exist.")
        return record

    def _definition(self, pipeline: str, number: int) -> str:
        version = pipelines.find_version(self._store.query, pipeline, number)
        if version is None:
            raise ServiceError("ResourceNotFound", f"Pipeline {pipeline} has no version {number}.")
        return version.definition

    def _steps(self, record: ExecutionRecord) -> Steps:
        return _read_steps(self._definition(record.pipeline, record.version), record.pipeline)

    def _unfinished(self, record: ExecutionRecord, steps: Steps) -> set[str]:
        begun = executions.steps(self._store.query, record.id)
        done = {step.name for step in begun if step.status == "Succeeded"}
        chosen = {each["StepName"] for each in record.selection.get("SelectedSteps", ())}
        return (chosen or set(steps.views)) - done


@lru_cache(maxsize=64)
def _read_steps(definition: str, pipeline: str) -> Steps:
    """Read a definition's steps; whoever watches an execution asks for the same ones again and again."""
    return read_steps(read_document(definition, name=pipeline))


def _bind(document: Document, given: Collection[Mapping[str, str]]) -> dict[str, Any]:
    values = {each["Name"]: each["Value"] for each in given}
    if len(values) < len(given):
        raise ServiceError("ValidationException", "A pipeline parameter is given more than once.")
    try:
        return bind(document, values)
    except UsageError as error:
        raise ServiceError("ValidationException", f"{error.message} {error.hint}".rstrip()) from error


def _with_experiment(
    record: ExecutionRecord, document: Document, objects: ObjectStore, connection: sqlite3.Connection
) -> ExecutionRecord:
    """Return the execution with its experiment and trial, which are created where they are missing."""
    given = document.body.get("PipelineExperimentConfig")
    if not given:
        return record
    found = resolve(given, RunScope(record, {}, {}, objects))
    experiment = {key: str(found[key]) for key in ("ExperimentName", "TrialName") if found.get(key)}
    region = names.region_of(record.arn)
    for kind, key in (("experiment", "ExperimentName"), ("trial", "TrialName")):
        name = experiment.get(key)
        if name:
            arn = names.arn(region, f"experiment{'-trial' if kind == 'trial' else ''}/{name}")
            resources.insert(connection, kind, name, arn, experiment if kind == "trial" else {key: name})
    return replace(record, experiment=experiment)


def _reuse(each: Reused, record: ExecutionRecord, place: int) -> StepRecord:
    return replace(
        each.step,
        execution=record.id,
        place=place,
        job_kind=None,
        job_name=None,
        token=None,
        cache_key=None,
        cache_source=None,
        selection_source=each.source_arn,
    )


def _step(step: StepRecord, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "StepName": step.name,
        "StepDisplayName": body.get("DisplayName"),
        "StepDescription": body.get("Description"),
        "StartTime": step.started,
        "EndTime": step.ended,
        "StepStatus": step.status,
        "CacheHitResult": {"SourcePipelineExecutionArn": step.cache_source} if step.cache_source else None,
        "SelectiveExecutionResult": (
            {"SourcePipelineExecutionArn": step.selection_source} if step.selection_source else None
        ),
        "FailureReason": step.failure_reason if step.status == "Failed" else None,
        "Metadata": step.metadata or None,
        "AttemptCount": step.attempt,
    }
