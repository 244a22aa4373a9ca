"""Earlier executions of a pipeline, as a plan asks for them: lazily, newest first, each call once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipecell.definition.cache.content import (
    ARTIFACTS_TAG,
    INPUTS_TAG,
    KEY_TAG,
    Fingerprints,
    digest,
    input_uris,
)
from pipecell.definition.cache.identity import identity, key_of, settings_of
from pipecell.definition.cache.past import PastStep
from pipecell.definition.document import Document, read_document
from pipecell.definition.foreknown import known, without_nulls
from pipecell.definition.parameters import bind
from pipecell.definition.paths import read_path
from pipecell.definition.sagemaker import StepView, iterate_steps
from pipecell.engines.connection import Connection, aws_errors
from pipecell.engines.engine import epoch
from pipecell.engines.objects import S3Objects
from pipecell.engines.properties import made_arn, properties_of
from pipecell.errors import DefinitionError, PipecellError

LOOK_BACK = {"local": 200, "aws": 25}
"""Executions of a pipeline that are looked at, the newest: on AWS each costs several calls."""


@dataclass(frozen=True)
class Took:
    """How long a step took in an execution.

    Attributes:
        seconds: from its start to its end.
        parameters: the execution's parameter values.
        document: what it ran.
    """

    seconds: float
    parameters: Mapping[str, Any]
    document: Document


class PastRuns:
    """The earlier executions of one pipeline.

    Args:
        connection: the way to the target.
        pipeline: the pipeline's name.
        objects: the target's S3 as it is now.
    """

    def __init__(self, connection: Connection, pipeline: str, objects: S3Objects) -> None:
        self._connection = connection
        self._pipeline = pipeline
        self._objects = objects
        self._known: dict[str, PastRun] = {}
        self._listed: list[str] = []
        self._rest: Iterator[str] = self._arns()
        self._fingerprints = Fingerprints(objects)

    @property
    def local(self) -> bool:
        """Whether the target is this machine's endpoint, which keeps cache keys in its jobs' tags."""
        return self._connection.target == "local"

    def json(self, uri: str) -> Any:
        """Return what the JSON object at an S3 URI holds now."""
        return self._objects.json(uri)

    def runs(self) -> Iterator[PastRun]:
        """Yield the executions, newest first."""
        for index in range(LOOK_BACK[self._connection.target]):
            if index == len(self._listed):
                arn = next(self._rest, None)
                if arn is None:
                    return
                self._listed.append(arn)
            yield self.run(self._listed[index])

    def run(self, arn: str) -> PastRun:
        """Return an execution by ARN."""
        if arn not in self._known:
            self._known[arn] = PastRun(self, arn)
        return self._known[arn]

    def steps(self, name: str, step_type: str) -> Iterator[PastStep]:
        """Yield the runs of a step that succeeded by its own work, newest first.

        Where a step's result was reused, the run that it is from counts in its place.
        """
        seen: set[str] = set()
        for run in self.runs():
            source = run.source_of(name)
            for each in (run, self.run(source) if source else None):
                found = each.step(name, step_type) if each is not None and each.arn not in seen else None
                if each is not None:
                    seen.add(each.arn)
                if found is not None:
                    yield found

    def times(self, name: str, most: int = 10) -> list[Took]:
        """Return how long a step took the last few times that it ran to its end."""
        found: list[Took] = []
        for run in self.runs():
            entry = run.entries.get(name)
            if entry is not None and run.worked(entry):
                seconds = (epoch(entry["EndTime"]) or 0.0) - (epoch(entry["StartTime"]) or 0.0)
                found.append(Took(seconds, run.parameters, run.document))
            if len(found) == most:
                break
        return found

    def ask(self, operation: str, **request: Any) -> Any:
        """Call SageMaker."""
        with aws_errors("a look at earlier executions", connection=self._connection):
            return getattr(self._connection.client("sagemaker"), operation)(**request)

    def pages(self, operation: str, member: str, **request: Any) -> Iterator[Any]:
        """Yield the entries of a list operation, page by page."""
        token: dict[str, str] = {}
        while True:
            page = self.ask(operation, **request, **token)
            yield from page[member]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def properties(self, metadata: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a step's properties; empty when what it made is gone."""
        client = self._connection.client("sagemaker")
        with aws_errors("a look at earlier jobs", connection=self._connection):
            try:
                return properties_of(client, metadata, body)
            except client.exceptions.ClientError:
                return {}

    def content(self, identifying: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what identifies work, code by content where the target compares it so."""
        if not self.local:
            return identifying
        found: Mapping[str, Any] = self._fingerprints.with_code_by_content(identifying)
        return found

    def artifacts(self, properties: Mapping[str, Any]) -> str:
        """Return a digest of what a step left, as it is now."""
        return digest(sorted(self._fingerprints.of_artifacts(properties).items()))

    def inputs(self, arguments: Mapping[str, Any]) -> list[str]:
        """Return a few characters for each input of a step, as it is now."""
        return self._fingerprints.of_inputs(arguments)

    def modified(self, uri: str) -> float | None:
        """Return when what is at a URI was last written, epoch seconds."""
        return self._objects.modified(uri)

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self._pipeline

    def _arns(self) -> Iterator[str]:
        client = self._connection.client("sagemaker")
        try:
            for entry in self.pages(
                "list_pipeline_executions",
                "PipelineExecutionSummaries",
                PipelineName=self._pipeline,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=min(100, LOOK_BACK[self._connection.target]),
            ):
                yield entry["PipelineExecutionArn"]
        except PipecellError as error:
            if not isinstance(error.__cause__, client.exceptions.ResourceNotFound):
                raise


class PastRun:
    """One earlier execution.

    Args:
        past: asks the target.
        arn: the execution.
    """

    def __init__(self, past: PastRuns, arn: str) -> None:
        self.past = past
        self.arn = arn

    @cached_property
    def entries(self) -> dict[str, Mapping[str, Any]]:
        """What AWS lists of each step, by name."""
        listed = self.past.pages(
            "list_pipeline_execution_steps", "PipelineExecutionSteps", PipelineExecutionArn=self.arn
        )
        return {entry["StepName"]: entry for entry in listed}

    @cached_property
    def document(self) -> Document:
        """The definition that it ran."""
        found = self.past.ask("describe_pipeline_definition_for_execution", PipelineExecutionArn=self.arn)
        return read_document(found["PipelineDefinition"], name=self.past.name)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The values that it ran with."""
        listed = self.past.pages(
            "list_pipeline_parameters_for_execution", "PipelineParameters", PipelineExecutionArn=self.arn
        )
        values = {entry["Name"]: entry["Value"] for entry in listed}
        try:
            return bind(self.document, values)
        except PipecellError:
            return values

    @cached_property
    def views(self) -> dict[str, StepView]:
        """Its steps by name."""
        return {step.name: step for step in iterate_steps(self.document)}

    def worked(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether a step succeeded by its own work."""
        reused = "CacheHitResult" in entry or "SelectiveExecutionResult" in entry
        return entry.get("StepStatus") == "Succeeded" and not reused and "EndTime" in entry

    def source_of(self, name: str) -> str:
        """Return the execution whose result the step took from the cache; empty when it took none."""
        entry = self.entries.get(name) or {}
        return str((entry.get("CacheHitResult") or {}).get("SourcePipelineExecutionArn") or "")

    def step(self, name: str, step_type: str) -> RanStep | None:
        """Return a step that succeeded by its own work, None when it did not."""
        entry = self.entries.get(name)
        if entry is None or not self.worked(entry):
            return None
        view = self.views.get(name)
        return RanStep(self, view, entry) if view is not None and view.type == step_type else None

    def begun(self, view: StepView) -> RanStep:
        """Return a step of this execution that has begun, whether it has ended or not."""
        return RanStep(self, view, self.entries.get(view.name) or {})

    # What references meant in this execution

    def parameter(self, name: str) -> Any:
        """Return the value of a parameter."""
        if name not in self.parameters:
            raise DefinitionError(f"There was no parameter {name}.", code="PC130")
        return self.parameters[name]

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step of this execution."""
        entry, view = self.entries.get(step), self.views.get(step)
        if entry is None or view is None:
            raise DefinitionError(f"{step} did not run.", code="PC102")
        found = self.past.properties(entry.get("Metadata") or {}, view.body)
        return read_path(found, property_path) if property_path else found

    def execution(self, variable: str) -> Any:
        """Return an execution variable."""
        pipeline_arn, _, execution_id = self.arn.partition("/execution/")
        values = {
            "PipelineExecutionId": execution_id,
            "PipelineExecutionArn": self.arn,
            "PipelineName": self.past.name,
            "PipelineArn": pipeline_arn,
            "TrainingJobName": "",
            "ProcessingJobName": "",
        }
        if variable not in values:
            raise DefinitionError(f"{variable} is not kept.", code="PC104")
        return values[variable]

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        """Refuse: what the file held then may have been overwritten since."""
        raise DefinitionError(f"What {file_name} of {step} held is not kept.", code="PC115")

    def s3_json(self, uri: str, json_path: str) -> Any:
        """Refuse: what the object held then may have been overwritten since."""
        raise DefinitionError(f"What {uri} held is not kept.", code="PC115")


class RanStep:
    """A step of an execution: one that succeeded by its own work, or has begun.

    Args:
        run: the execution.
        view: the step in its definition.
        entry: what AWS lists of it.
    """

    def __init__(self, run: PastRun, view: StepView, entry: Mapping[str, Any]) -> None:
        self._run = run
        self._view = view
        self._entry = entry

    @property
    def execution_arn(self) -> str:
        """The execution."""
        return self._run.arn

    @property
    def ended(self) -> float:
        """When it ended, epoch seconds."""
        return epoch(self._entry["EndTime"]) or 0.0

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """What identified its work, code by address."""
        view, run = self._view, self._run
        arguments = without_nulls(known(view.arguments, run))
        settings = without_nulls(known(settings_of(view.type, view.body), run))
        return identity(view.type, arguments, settings) or {}

    @cached_property
    def key(self) -> str | None:
        """What its result is found by: as its job's tags say, else as its definition tells."""
        told = self._tags.get(KEY_TAG)
        if told is not None:
            return told
        past = self._run.past
        return key_of(past.name, self._view.name, self._view.type, past.content(self.identity))

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """What other steps may refer to."""
        return self._run.past.properties(self._entry.get("Metadata") or {}, self._view.body)

    @property
    def intact(self) -> bool:
        """Whether what it left is as it left it, where its job's tags say how that was."""
        told = self._tags.get(ARTIFACTS_TAG)
        return told is None or told == self._run.past.artifacts(self.properties)

    @property
    def changed_inputs(self) -> list[str]:
        """The data that it read and that is not the same now: by content where its job's tags tell."""
        uris = input_uris(self.identity)
        told = self._tags.get(INPUTS_TAG)
        if told is not None:
            now = self._run.past.inputs(self.identity)
            return [uri for uri, then, here in zip(uris, told.split(), now, strict=False) if then != here]
        return [uri for uri in uris if (self._run.past.modified(uri) or 0.0) > self.ended]

    @cached_property
    def _tags(self) -> dict[str, str]:
        arn = made_arn(self._entry.get("Metadata") or {})
        if not arn or not self._run.past.local:
            return {}
        listed = self._run.past.pages("list_tags", "Tags", ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for tag in listed}
