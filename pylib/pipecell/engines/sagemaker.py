"""Executions of SageMaker Pipelines, over the service's own API."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipecell.definition.document import Document, read_document
from pipecell.definition.parameters import bind
from pipecell.definition.sagemaker import iterate_steps
from pipecell.engines import logs, uploads
from pipecell.engines.connection import Connect, Connection, aws_errors, error_code
from pipecell.engines.engine import (
    ExecutionSnapshot,
    ExecutionSummary,
    LogLine,
    Progress,
    Selection,
    StepSnapshot,
    Uploadable,
    epoch,
)
from pipecell.errors import EndpointError, ExecutionError, PipecellError

MAX_INLINE_BYTES = 100 * 1024
"""A longer definition goes to S3, where the SDK puts it too."""

_ENDED = frozenset({"Succeeded", "CompletedWithFailures", "Failed", "Stopped"})


class SageMaker:
    """SageMaker Pipelines in one place.

    Args:
        connect: finds the way there; asked again after `reconnect`.
    """

    name = "sagemaker"

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._documents: dict[str, Document] = {}
        self._parameters: dict[str, dict[str, Any]] = {}

    @property
    def connection(self) -> Connection:
        """The connection in use."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    @property
    def target(self) -> str:
        """``local`` or ``aws``."""
        return self.connection.target

    @property
    def poll_seconds(self) -> tuple[float, float]:
        """The shortest and the longest time between two looks, in seconds."""
        return (0.2, 1.0) if self.target == "local" else (2.0, 15.0)

    def reconnect(self) -> bool:
        """Look again for the endpoint; tell whether it moved."""
        try:
            found = self._connect()
        except EndpointError:
            return False  # still away; the next look says so again
        moved = found != self._connection
        if moved:
            self._connection = found
        return moved

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
        """Put uploads and definition in place: create the pipeline, or update the one of that name.

        Args:
            document: the definition.
            role: the role that the pipeline runs under.
            uploads: objects to put in S3 first.
            tags: ``{"Key": …, "Value": …}``; on an update they are added to those that are there.
            parallelism: ``{"MaxParallelExecutionSteps": n}``.
            progress: told how far the uploads are.

        Returns:
            The pipeline's ARN.

        Raises:
            ExecutionError: AWS refused.
            EndpointError: the local endpoint does not answer.
        """
        self._put(uploads, progress)
        request: dict[str, Any] = {"PipelineName": document.name, "RoleArn": role, **self._body(document)}
        if parallelism:
            request["ParallelismConfiguration"] = dict(parallelism)
        client = self._client()
        with self._errors(f"creating pipeline {document.name}"):
            try:
                created = client.create_pipeline(
                    **request,
                    ClientRequestToken=str(uuid.uuid4()),
                    **({"Tags": [dict(tag) for tag in tags]} if tags else {}),
                )
                return str(created["PipelineArn"])
            except client.exceptions.ClientError as error:
                # The service answers a name that exists with a validation error, as the SDK's upsert knows.
                exists = "already exists" in str(error)
                if error_code(error) not in ("ValidationException", "ConflictException") or not exists:
                    raise
        with self._errors(f"updating pipeline {document.name}"):
            arn = str(client.update_pipeline(**request)["PipelineArn"])
            if tags:
                client.add_tags(ResourceArn=arn, Tags=[dict(tag) for tag in tags])
            return arn

    def start(
        self,
        document: Document,
        *,
        parameters: Mapping[str, Any],
        input: Any = None,  # noqa: A002 - the protocol's name
        selection: Selection | None = None,
    ) -> str:
        """Start the deployed pipeline with these parameter values; return the execution's ARN.

        Raises:
            ExecutionError: AWS refused, or an ``input`` was given, which only state machines take.
        """
        if input is not None:
            raise ExecutionError(
                "A SageMaker pipeline takes parameters, not an input.",
                code="PC705",
                hint="Use --set NAME=VALUE.",
            )
        request: dict[str, Any] = {
            "PipelineName": document.name,
            "PipelineParameters": [
                {"Name": name, "Value": _text(value)} for name, value in parameters.items()
            ],
            "ClientRequestToken": str(uuid.uuid4()),
        }
        if selection is not None:
            request["SelectiveExecutionConfig"] = {
                "SelectedSteps": [{"StepName": name} for name in selection.steps],
                **(
                    {"SourcePipelineExecutionArn": selection.source_execution_arn}
                    if selection.source_execution_arn
                    else {}
                ),
            }
        with self._errors(f"the start of {document.name}"):
            return str(self._client().start_pipeline_execution(**request)["PipelineExecutionArn"])

    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        """Look once at an execution: two calls, after the first two that never need repeating."""
        client = self._client()
        document = self.definition(execution_arn)
        parameters = self._parameters_of(execution_arn, document)
        with self._errors("a look at the execution"):
            found = client.describe_pipeline_execution(PipelineExecutionArn=execution_arn)
            pages = client.get_paginator("list_pipeline_execution_steps").paginate(
                PipelineExecutionArn=execution_arn, SortOrder="Ascending"
            )
            entries = [entry for page in pages for entry in page["PipelineExecutionSteps"]]
        status = found["PipelineExecutionStatus"]
        types = {step.name: step.type for step in iterate_steps(document)}
        steps = [_step(entry, types) for entry in entries]
        return ExecutionSnapshot(
            execution_arn=execution_arn,
            pipeline=document.name,
            engine=self.name,
            target=self.target,
            status=status,
            failure_reason=found.get("FailureReason", ""),
            parameters=parameters,
            steps=tuple(sorted(steps, key=_start_order)),
            started=epoch(found.get("CreationTime")),
            ended=epoch(found.get("LastModifiedTime")) if status in _ENDED else None,
        )

    def definition(self, execution_arn: str) -> Document:
        """Return the definition that this execution runs; it never changes, so it is asked for once."""
        document = self._documents.get(execution_arn)
        if document is None:
            with self._errors("the definition of the execution"):
                found = self._client().describe_pipeline_definition_for_execution(
                    PipelineExecutionArn=execution_arn
                )
            document = read_document(found["PipelineDefinition"], name=self._name_of(execution_arn))
            self._documents[execution_arn] = document
        return document

    def stop(self, execution_arn: str) -> None:
        """Ask an execution to stop; its running jobs are stopped too."""
        with self._errors("to stop the execution"):
            self._client().stop_pipeline_execution(
                PipelineExecutionArn=execution_arn, ClientRequestToken=str(uuid.uuid4())
            )

    def retry(self, execution_arn: str) -> None:
        """Go on with a failed or stopped execution: steps that succeeded stay as they are."""
        with self._errors("to retry the execution"):
            self._client().retry_pipeline_execution(
                PipelineExecutionArn=execution_arn, ClientRequestToken=str(uuid.uuid4())
            )

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        """Return the newest executions of one pipeline, or of all pipelines here."""
        rows = [
            row for name in ([pipeline] if pipeline else self._pipelines()) for row in self._rows(name, limit)
        ]
        return sorted(rows, key=lambda row: row.started or 0, reverse=True)[:limit]

    def logs(self, execution_arn: str, step: str, *, follow: bool = False) -> Iterator[LogLine]:
        """Yield a step's log lines, oldest first.

        Args:
            execution_arn: the execution.
            step: the step's name.
            follow: go on until the step's job has ended.

        Raises:
            ExecutionError: the step has not started (``PC706``) or has no job that logs (``PC707``).
        """
        pause = self.poll_seconds[0]
        while True:
            found = self.describe(execution_arn)
            entry = found.step(step)
            source = logs.source_of(entry) if entry is not None else None
            if source is not None:
                break
            if not follow or not found.running:
                raise ExecutionError(
                    f"It has not started in this execution, which is {found.status}.", code="PC706", step=step
                )
            time.sleep(pause)

        def ended() -> bool:
            now = self.describe(execution_arn).step(step)
            return now is None or now.ended is not None

        with self._errors(f"the log of {step}", step=step):
            yield from logs.read(self.connection.client("logs"), source, pause, ended if follow else None)

    def _client(self) -> Any:
        return self.connection.client("sagemaker")

    def _errors(self, doing: str, step: str | None = None) -> Any:
        return aws_errors(doing, connection=self.connection, step=step)

    def _put(self, objects: Sequence[Uploadable], progress: Progress | None) -> None:
        if objects:
            uploads.put(self.connection, objects, progress)

    def _body(self, document: Document) -> dict[str, Any]:
        """Return the request's part with the definition: inline, or its place in S3."""
        text = json.dumps(document.body, ensure_ascii=False)
        content = text.encode("utf-8")
        if len(content) < MAX_INLINE_BYTES:
            return {"PipelineDefinition": text}
        bucket = uploads.default_bucket(self.connection)
        key = f"{document.name}/definition-{hashlib.sha256(content).hexdigest()[:16]}.json"
        uploads.put_bytes(self.connection, content, bucket, key)
        return {"PipelineDefinitionS3Location": {"Bucket": bucket, "ObjectKey": key}}

    def _parameters_of(self, execution_arn: str, document: Document) -> dict[str, Any]:
        """Return the values of an execution in the types that its definition declares."""
        values = self._parameters.get(execution_arn)
        if values is None:
            with self._errors("the parameters of the execution"):
                pages = (
                    self._client()
                    .get_paginator("list_pipeline_parameters_for_execution")
                    .paginate(PipelineExecutionArn=execution_arn)
                )
                listed = {
                    entry["Name"]: entry["Value"] for page in pages for entry in page["PipelineParameters"]
                }
            try:
                values = bind(document, listed)
            except PipecellError:
                values = dict(listed)  # made by something laxer than our own checks: show it as it is
            self._parameters[execution_arn] = values
        return values

    def _name_of(self, execution_arn: str) -> str:
        """Return the pipeline's name as it was given; AWS's ARNs hold it in lower case."""
        name = pipeline_name(execution_arn)
        client = self._client()
        with self._errors(f"the pipeline of {execution_arn}"):
            try:
                return str(client.describe_pipeline(PipelineName=name)["PipelineName"])
            except client.exceptions.ResourceNotFound:
                return name  # deleted since; its executions are still there

    def _pipelines(self) -> list[str]:
        with self._errors("to list pipelines"):
            pages = self._client().get_paginator("list_pipelines").paginate()
            found = [entry for page in pages for entry in page["PipelineSummaries"]]
        return [entry["PipelineName"] for entry in found if entry.get("LastExecutionTime")]

    def _rows(self, pipeline: str, limit: int) -> list[ExecutionSummary]:
        with self._errors(f"to list executions of {pipeline}"):
            found = self._client().list_pipeline_executions(
                PipelineName=pipeline,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=min(limit, 100),
            )
        return [
            ExecutionSummary(
                execution_arn=entry["PipelineExecutionArn"],
                pipeline=pipeline,
                engine=self.name,
                target=self.target,
                status=entry["PipelineExecutionStatus"],
                started=epoch(entry.get("StartTime")),
            )
            for entry in found["PipelineExecutionSummaries"]
        ]


def pipeline_name(execution_arn: str) -> str:
    """Return the pipeline's name in ``arn:…:pipeline/NAME/execution/ID``."""
    parts = execution_arn.split(":", 5)[-1].split("/")
    return parts[1] if len(parts) > 1 else execution_arn


def _step(entry: Mapping[str, Any], types: Mapping[str, str]) -> StepSnapshot:
    name = entry["StepName"]
    metadata = json.loads(json.dumps(entry.get("Metadata", {}), default=str))
    return StepSnapshot(
        name=name,
        type=types.get(name, next(iter(metadata), "")),
        status=entry.get("StepStatus", ""),
        started=epoch(entry.get("StartTime")),
        ended=epoch(entry.get("EndTime")),
        cached="CacheHitResult" in entry,
        failure_reason=entry.get("FailureReason", ""),
        metadata=metadata,
    )


def _start_order(step: StepSnapshot) -> tuple[float, float]:
    return (step.started or float("inf"), step.ended or float("inf"))


def _text(value: Any) -> str:
    """Return a parameter value as the API takes it: always text."""
    return value if isinstance(value, str) else json.dumps(value)
