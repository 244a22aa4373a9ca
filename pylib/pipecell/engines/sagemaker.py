"""Executions of SageMaker Pipelines, over the service's own API."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.definition.document import Document, read_document
from pipecell.definition.parameters import bind
from pipecell.definition.sagemaker import iterate_steps
from pipecell.engines import uploads as objects
from pipecell.engines.base import AwsEngine
from pipecell.engines.connection import Connect, error_code
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
from pipecell.errors import ExecutionError, PipecellError

MAX_INLINE_BYTES = 100 * 1024
"""A longer definition goes to S3, where the SDK puts it too."""

_REUSE = ("CacheHitResult", "SelectiveExecutionResult")
_ENDED = frozenset({"Succeeded", "CompletedWithFailures", "Failed", "Stopped"})


class SageMaker(AwsEngine):
    """SageMaker Pipelines in one place."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(connect)
        self._documents: dict[str, Document] = {}
        self._parameters: dict[str, dict[str, Any]] = {}
        self._ends: dict[tuple[str, str], float | None] = {}

    @property
    def name(self) -> str:
        """``sagemaker``."""
        return "sagemaker"

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
        """Put uploads and definition in place; tags are added to those of a pipeline that is there."""
        if uploads:
            objects.put(self.connection, uploads, progress)
        request: dict[str, Any] = {"PipelineName": document.name, "RoleArn": role, **self._body(document)}
        if parallelism:
            request["ParallelismConfiguration"] = dict(parallelism)
        client = self.client("sagemaker")
        with self.errors(f"creating pipeline {document.name}"):
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
        with self.errors(f"updating pipeline {document.name}"):
            arn = str(client.update_pipeline(**request)["PipelineArn"])
            if tags:
                client.add_tags(ResourceArn=arn, Tags=[dict(tag) for tag in tags])
            return arn

    def deployed(self, name: str) -> Deployed | None:
        """Return the pipeline that is deployed under a name, None when none is.

        Raises:
            ExecutionError: AWS refused.
        """
        client = self.client("sagemaker")
        with self.errors(f"a look at pipeline {name}"):
            try:
                found = client.describe_pipeline(PipelineName=name)
            except client.exceptions.ResourceNotFound:
                return None
        document = read_document(found["PipelineDefinition"], name=name)
        return Deployed(str(found["PipelineArn"]), document, epoch(found.get("LastModifiedTime")))

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
        with self.errors(f"the start of {document.name}"):
            return str(self.client("sagemaker").start_pipeline_execution(**request)["PipelineExecutionArn"])

    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        """Look once at an execution: two calls, after the first two that never need repeating."""
        client = self.client("sagemaker")
        document = self.definition(execution_arn)
        parameters = self._parameters_of(execution_arn, document)
        with self.errors("a look at the execution"):
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
            with self.errors("the definition of the execution"):
                found = self.client("sagemaker").describe_pipeline_definition_for_execution(
                    PipelineExecutionArn=execution_arn
                )
            document = read_document(found["PipelineDefinition"], name=self._name_of(execution_arn))
            self._documents[execution_arn] = document
        return document

    def stop(self, execution_arn: str) -> None:
        """Ask an execution to stop; its running jobs are stopped too."""
        with self.errors("to stop the execution"):
            self.client("sagemaker").stop_pipeline_execution(
                PipelineExecutionArn=execution_arn, ClientRequestToken=str(uuid.uuid4())
            )

    def retry(self, execution_arn: str) -> None:
        """Go on with a failed or stopped execution: steps that succeeded stay as they are."""
        with self.errors("to retry the execution"):
            self.client("sagemaker").retry_pipeline_execution(
                PipelineExecutionArn=execution_arn, ClientRequestToken=str(uuid.uuid4())
            )

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        """Return the newest executions of one pipeline, or of all pipelines here."""
        rows = [
            row for name in ([pipeline] if pipeline else self._pipelines()) for row in self._rows(name, limit)
        ]
        return sorted(rows, key=lambda row: row.started or 0, reverse=True)[:limit]

    def ended(self, row: ExecutionSummary) -> float | None:
        """Return when an execution of a list ended, epoch seconds; None while it runs.

        Its list does not tell, so each that has ended is looked at, once.
        """
        if row.status not in _ENDED:
            return None
        key = (row.execution_arn, row.status)
        if key not in self._ends:
            with self.errors("a look at the execution"):
                found = self.client("sagemaker").describe_pipeline_execution(
                    PipelineExecutionArn=row.execution_arn
                )
            self._ends[key] = epoch(found.get("LastModifiedTime"))
        return self._ends[key]

    def _body(self, document: Document) -> dict[str, Any]:
        """Return the request's part with the definition: inline, or its place in S3."""
        text = json.dumps(document.body, ensure_ascii=False)
        content = text.encode("utf-8")
        if len(content) < MAX_INLINE_BYTES:
            return {"PipelineDefinition": text}
        bucket = objects.default_bucket(self.connection)
        key = f"{document.name}/definition-{hashlib.sha256(content).hexdigest()[:16]}.json"
        objects.put_bytes(self.connection, content, bucket, key)
        return {"PipelineDefinitionS3Location": {"Bucket": bucket, "ObjectKey": key}}

    def _parameters_of(self, execution_arn: str, document: Document) -> dict[str, Any]:
        """Return the values of an execution in the types that its definition declares."""
        values = self._parameters.get(execution_arn)
        if values is None:
            with self.errors("the parameters of the execution"):
                pages = (
                    self.client("sagemaker")
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
        client = self.client("sagemaker")
        with self.errors(f"the pipeline of {execution_arn}"):
            try:
                return str(client.describe_pipeline(PipelineName=name)["PipelineName"])
            except client.exceptions.ResourceNotFound:
                return name  # deleted since; its executions are still there

    def _pipelines(self) -> list[str]:
        with self.errors("to list pipelines"):
            pages = self.client("sagemaker").get_paginator("list_pipelines").paginate()
            found = [entry for page in pages for entry in page["PipelineSummaries"]]
        return [entry["PipelineName"] for entry in found if entry.get("LastExecutionTime")]

    def _rows(self, pipeline: str, limit: int) -> list[ExecutionSummary]:
        with self.errors(f"to list executions of {pipeline}"):
            client = self.client("sagemaker")
            try:
                found = client.list_pipeline_executions(
                    PipelineName=pipeline,
                    SortBy="CreationTime",
                    SortOrder="Descending",
                    MaxResults=min(limit, 100),
                )
            except client.exceptions.ResourceNotFound:
                return []  # never deployed here, so never run
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
    attempts = entry.get("AttemptCount") or 0
    reused = {key: dict(entry[key]) for key in _REUSE if entry.get(key)}
    return StepSnapshot(
        name=name,
        type=types.get(name, next(iter(metadata), "")),
        status=entry.get("StepStatus", ""),
        started=epoch(entry.get("StartTime")),
        ended=epoch(entry.get("EndTime")),
        cached=bool(reused),
        failure_reason=entry.get("FailureReason", ""),
        metadata={**metadata, **reused, **({"Attempts": attempts} if attempts > 1 else {})},
    )


def _start_order(step: StepSnapshot) -> tuple[float, float]:
    return (step.started or float("inf"), step.ended or float("inf"))


def _text(value: Any) -> str:
    """Return a parameter value as the API takes it: always text."""
    return value if isinstance(value, str) else json.dumps(value)
