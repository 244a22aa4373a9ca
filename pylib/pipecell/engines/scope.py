"""What references mean in one run: read where SageMaker reads it, from the steps' jobs and property files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.document import Document
from pipecell.definition.paths import read_path
from pipecell.definition.sagemaker import iterate_steps
from pipecell.engines.engine import Engine, ExecutionSnapshot
from pipecell.engines.jobs import describe_job
from pipecell.engines.listing import beginning
from pipecell.errors import ExecutionError

LARGEST = 1_000_000
"""Bytes of a property file that are read."""


@dataclass
class RunScope:
    """What references mean in one run that has come so far; the values of steps that have ended.

    Attributes:
        engine: where it runs.
        document: what it runs.
        seen: the run as it was last.
        files: property files that were read, by S3 URI.
    """

    engine: Engine
    document: Document
    seen: ExecutionSnapshot
    files: dict[str, Any] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """Return the value that the run has."""
        return self.seen.parameters[name]

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step's job."""
        seen = self.seen.step(step)
        job = describe_job(self.engine.connection, seen.metadata) if seen is not None else None
        if job is None:
            raise ExecutionError(f"{step} has no job to read.", code="PC707", step=step)
        return read_path(json.loads(json.dumps(job.description, default=str)), property_path)

    def execution(self, variable: str) -> Any:
        """Return a variable of the execution that its ARN tells."""
        known = {
            "PipelineExecutionArn": self.seen.execution_arn,
            "PipelineExecutionId": self.seen.execution_arn.rsplit("/", 1)[-1],
            "PipelineName": self.seen.pipeline,
        }
        return known[variable]

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        """Return a value of a step's property file."""
        return read_path(self.whole_file(step, file_name), json_path)

    def s3_json(self, uri: str, json_path: str) -> Any:
        """Return a value of a JSON object in S3."""
        return read_path(self._read(uri), json_path)

    def whole_file(self, step: str, file_name: str) -> Any:
        """Return a step's property file, parsed.

        Raises:
            ExecutionError: there is none, or it cannot be read.
        """
        body = {view.name: view.body for view in iterate_steps(self.document)}[step]
        for entry in body.get("PropertyFiles") or ():
            if entry.get("PropertyFileName") == file_name:
                seen = self.seen.step(step)
                job = describe_job(self.engine.connection, seen.metadata) if seen else None
                for place in job.outputs if job is not None else ():
                    if place.label == entry.get("OutputName"):
                        return self._read(f"{place.uri.rstrip('/')}/{entry.get('FilePath', '')}")
        raise ExecutionError(f"{step} has no property file {file_name}.", code="PC707", step=step)

    def _read(self, uri: str) -> Any:
        if uri not in self.files:
            content = beginning(self.engine.connection, uri, LARGEST)
            try:
                self.files[uri] = json.loads(content)
            except ValueError as error:
                raise ExecutionError(f"{uri} is not JSON.", code="PC707") from error
        return self.files[uri]
