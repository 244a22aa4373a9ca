"""What references mean during one execution: parameters, steps' properties, files in S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from pipecell.definition.cache.content import split_uri
from pipecell.definition.paths import read_path
from pipecell.definition.sagemaker import StepView
from pipecell.errors import DefinitionError
from pipecell.local.objects import ObjectStore
from pipecell.local.records.executions import ExecutionRecord, StepRecord
from pipecell.local.wire import ServiceError

MAX_JSON_BYTES = 10 * 1024 * 1024
"""The largest property file that is read."""


class RunScope:
    """Answers the references of one execution.

    Args:
        execution: the execution.
        views: the definition's steps by name.
        steps: the steps that have begun, by name; read again at every question.
        objects: where property files are.
        job_name: name of the job that the asking step will create, for the execution variables
            ``TrainingJobName`` and ``ProcessingJobName``.
    """

    def __init__(
        self,
        execution: ExecutionRecord,
        views: Mapping[str, StepView],
        steps: Mapping[str, StepRecord],
        objects: ObjectStore,
        job_name: str = "",
    ) -> None:
        self._execution = execution
        self._views = views
        self._steps = steps
        self._objects = objects
        self._job_name = job_name

    def for_job(self, job_name: str) -> RunScope:
        """Return the same scope for a step that creates a job of this name."""
        return RunScope(self._execution, self._views, self._steps, self._objects, job_name)

    def parameter(self, name: str) -> Any:
        """Return the bound value of a pipeline parameter."""
        try:
            return self._execution.parameters[name]
        except KeyError:
            raise DefinitionError(f'The pipeline declares no parameter "{name}".', code="PC130") from None

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step that has succeeded."""
        record = self._steps.get(step)
        if record is None or record.status != "Succeeded":
            raise DefinitionError(f'Step "{step}" has no properties: it did not run.', code="PC102")
        return read_path(record.properties, property_path) if property_path else record.properties

    def execution(self, variable: str) -> Any:
        """Return an execution variable."""
        here = self._execution
        values = {
            "PipelineExecutionId": here.id,
            "PipelineExecutionArn": here.arn,
            "PipelineName": here.pipeline,
            "PipelineArn": here.arn.partition("/execution/")[0],
            "StartDateTime": _iso(here.created),
            "CurrentDateTime": _iso(datetime.now(timezone.utc).timestamp()),
            "TrainingJobName": self._job_name,
            "ProcessingJobName": self._job_name,
        }
        if variable not in values:
            raise DefinitionError(
                f'"{variable}" is not an execution variable.',
                code="PC104",
                hint=f"They are {', '.join(values)}.",
            )
        return values[variable]

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        """Return the value at a path of a step's property file."""
        return self.s3_json(self._uri_of(step, file_name), json_path)

    def s3_json(self, uri: str, json_path: str) -> Any:
        """Return the value at a path of a JSON object in S3."""
        document = self._read_json(uri)
        try:
            return read_path(document, json_path)
        except DefinitionError as error:
            raise DefinitionError(
                f"{uri} has no value at {json_path}. {error.message}", code=error.code, hint=error.hint
            ) from error

    def _uri_of(self, step: str, file_name: str) -> str:
        view = self._views.get(step)
        files = (view.body.get("PropertyFiles") or []) if view else []
        for each in files:
            if each.get("PropertyFileName") == file_name:
                output = each["OutputName"]
                base = self.step_property(step, f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")
                return f"{str(base).rstrip('/')}/{each['FilePath'].lstrip('/')}"
        raise DefinitionError(f'Step "{step}" has no property file "{file_name}".', code="PC105")

    def _read_json(self, uri: str) -> Any:
        bucket, key = split_uri(uri)
        try:
            if self._objects.head(bucket, key).size > MAX_JSON_BYTES:
                raise DefinitionError(f"{uri} is larger than {MAX_JSON_BYTES} bytes.", code="PC115")
            return json.loads(self._objects.read(bucket, key))
        except ServiceError as error:
            raise DefinitionError(f"{uri} cannot be read: {error.message}", code="PC115") from error
        except ValueError as error:
            raise DefinitionError(f"{uri} is not JSON: {error}.", code="PC115") from error


def _iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
