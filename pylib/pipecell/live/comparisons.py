"""What a condition compared: read where SageMaker read it, from the steps' jobs and property files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipecell.definition.conditions import describe
from pipecell.definition.paths import read_path
from pipecell.definition.references import JSON_GET, function_of, resolve, to_text
from pipecell.definition.sagemaker import StepView, iterate_steps
from pipecell.engines.jobs import describe_job
from pipecell.engines.listing import beginning
from pipecell.errors import ExecutionError, PipecellError

if TYPE_CHECKING:
    from pipecell.execution import Execution

LARGEST = 1_000_000
"""Bytes of a property file that are read."""


@dataclass
class RunScope:
    """What references mean in one run that has come so far; the values of steps that have ended.

    Attributes:
        run: the execution.
        files: property files that were read, by S3 URI.
    """

    run: Execution
    files: dict[str, Any] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """Return the value that the run has."""
        return self.run.parameters[name]

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step's job."""
        seen = self.run.last_seen.step(step)
        job = describe_job(self.run.engine.connection, seen.metadata) if seen is not None else None
        if job is None:
            raise ExecutionError(f"{step} has no job to read.", code="PC707", step=step)
        return read_path(json.loads(json.dumps(job.description, default=str)), property_path)

    def execution(self, variable: str) -> Any:
        """Return a variable of the execution that its ARN tells."""
        known = {
            "PipelineExecutionArn": self.run.execution_arn,
            "PipelineExecutionId": self.run.execution_arn.rsplit("/", 1)[-1],
            "PipelineName": self.run.pipeline,
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
        body = _bodies(self.run)[step]
        for entry in body.get("PropertyFiles") or ():
            if entry.get("PropertyFileName") == file_name:
                seen = self.run.last_seen.step(step)
                job = describe_job(self.run.engine.connection, seen.metadata) if seen else None
                for place in job.outputs if job is not None else ():
                    if place.label == entry.get("OutputName"):
                        return self._read(f"{place.uri.rstrip('/')}/{entry.get('FilePath', '')}")
        raise ExecutionError(f"{step} has no property file {file_name}.", code="PC707", step=step)

    def _read(self, uri: str) -> Any:
        if uri not in self.files:
            content = beginning(self.run.engine.connection, uri, LARGEST)
            try:
                self.files[uri] = json.loads(content)
            except ValueError as error:
                raise ExecutionError(f"{uri} is not JSON.", code="PC707") from error
        return self.files[uri]


def compared(execution: Execution, node_id: str) -> str:
    """Return a condition with the values that it compared, ``0.86 ≥ 0.8``; empty where they are not known."""
    step = next((step for step in iterate_steps(execution.document) if step.name == node_id), None)
    if step is None:
        return ""
    scope = RunScope(execution)
    try:
        return describe([_with_values(condition, scope) for condition in step.arguments["Conditions"]])
    except (PipecellError, KeyError, TypeError):
        return ""  # its words are shown instead


def thresholds(execution: Execution, step: str) -> Mapping[str, float]:
    """Return what conditions compare values of a step's property files with, by JSON path."""
    found: dict[str, float] = {}
    for condition in _conditions(execution):
        left, right = condition.get("LeftValue"), condition.get("RightValue")
        if function_of(left) != JSON_GET or not isinstance(left, Mapping):
            continue
        call = left[JSON_GET]
        owner = (call.get("PropertyFile") or {}).get("Get", "") if isinstance(call, Mapping) else ""
        if not str(owner).startswith(f"Steps.{step}."):
            continue
        try:
            found[str(call.get("Path"))] = float(resolve(right, RunScope(execution)))
        except (PipecellError, KeyError, TypeError, ValueError):
            continue  # known only when another step has ended
    return found


def _conditions(execution: Execution) -> list[Mapping[str, Any]]:
    return [
        condition
        for step in iterate_steps(execution.document)
        if step.type == "Condition"
        for condition in step.arguments.get("Conditions") or ()
        if isinstance(condition, Mapping)
    ]


def _bodies(execution: Execution) -> dict[str, Mapping[str, Any]]:
    steps: tuple[StepView, ...] = iterate_steps(execution.document)
    return {step.name: step.body for step in steps}


def _with_values(condition: Any, scope: RunScope) -> Any:
    """Return a condition whose operands are values, numbers with as many digits as are worth reading."""
    if isinstance(condition, list):
        return [_with_values(item, scope) for item in condition]
    if not isinstance(condition, Mapping):
        return condition
    if function_of(condition) is not None:
        value = resolve(condition, scope)
        return float(f"{value:.4g}") if isinstance(value, float) else to_text(value)
    return {key: _with_values(item, scope) for key, item in condition.items()}
