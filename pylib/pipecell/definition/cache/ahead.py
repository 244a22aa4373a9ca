"""What references mean in a run that has not begun: as far as parameters and reused results tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.cache.past import Past, PastStep
from pipecell.definition.paths import read_path
from pipecell.definition.sagemaker import StepView
from pipecell.errors import DefinitionError

_NEW_EACH_TIME = frozenset(
    {"PipelineExecutionId", "PipelineExecutionArn", "StartDateTime", "CurrentDateTime"}
)
_JOB_NAMES = frozenset({"TrainingJobName", "ProcessingJobName"})


@dataclass(frozen=True)
class Unknown:
    """Stands for a value that is known only in the run.

    Attributes:
        reason: why, a phrase for people.
    """

    reason: str


class NotKnownError(DefinitionError):
    """A value that is known only in the run; its message is the reason."""

    code = "PC118"


@dataclass
class Ahead:
    """The scope of a run to come; it grows as steps are foreseen.

    Attributes:
        parameters: the bound values.
        views: the definition's steps by name.
        past: the earlier executions.
        pipeline_arn: the pipeline's ARN; empty before it is deployed.
        pipeline: its name.
        reused: the steps whose results will be taken, by name.
        arguments: the arguments, as far as known, of the steps that will run, by name.
        skipped: the steps that will not run.
        echoes: values that steps which will run are known to have as properties, and those steps.
    """

    parameters: Mapping[str, Any]
    views: Mapping[str, StepView]
    past: Past
    pipeline: str
    pipeline_arn: str = ""
    reused: dict[str, PastStep] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    outcomes: dict[str, bool] = field(default_factory=dict)
    echoes: dict[str, str] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """Return the bound value of a pipeline parameter."""
        if name not in self.parameters:
            raise DefinitionError(f'The pipeline declares no parameter "{name}".', code="PC130")
        return self.parameters[name]

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step whose result is reused, or one that its arguments already tell."""
        if step in self.reused:
            properties = self.reused[step].properties
            return read_path(properties, property_path) if property_path else properties
        if step in self.outcomes and property_path == "Outcome":
            return str(self.outcomes[step])
        return self._echo(step, property_path)

    def execution(self, variable: str) -> Any:
        """Return an execution variable that is the same in each run."""
        if variable == "PipelineName":
            return self.pipeline
        if variable == "PipelineArn" and self.pipeline_arn:
            return self.pipeline_arn
        if variable in _JOB_NAMES:
            return ""  # decided after the cache has been asked
        words = "is new in each run" if variable in _NEW_EACH_TIME else "is known only in the run"
        raise NotKnownError(f"{variable} {words}")

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        """Return a value of the property file of a step whose result is reused."""
        if step not in self.reused:
            raise NotKnownError(f"{step} will run")
        view = self.views.get(step)
        for each in (view.body.get("PropertyFiles") or []) if view else []:
            if each.get("PropertyFileName") == file_name:
                base = self.step_property(
                    step, f"ProcessingOutputConfig.Outputs['{each['OutputName']}'].S3Output.S3Uri"
                )
                return read_path(
                    self.past.json(f"{str(base).rstrip('/')}/{each['FilePath'].lstrip('/')}"), json_path
                )
        raise DefinitionError(f'Step "{step}" has no property file "{file_name}".', code="PC105")

    def s3_json(self, uri: str, json_path: str) -> Any:
        """Return a value of a JSON object in S3, unless a step that will run may write it."""
        for echoed, step in self.echoes.items():
            if uri.startswith(echoed):
                raise NotKnownError(f"{step} will run")
        return read_path(self.past.json(uri), json_path)

    def writer_of(self, value: Any) -> str:
        """Return the step that will run and that a value comes from; empty when there is none."""
        if not isinstance(value, str):
            return ""
        return next((step for echoed, step in self.echoes.items() if echoed and echoed in value), "")

    def _echo(self, step: str, property_path: str) -> Any:
        """Return a property that is an argument of the step, such as the address of an output."""
        first = property_path.partition(".")[0].partition("[")[0]
        if step not in self.arguments or first.endswith("Name"):
            raise NotKnownError(f"{step} will run")
        try:
            value = read_path(self.arguments[step], property_path)
        except DefinitionError as error:
            raise NotKnownError(f"{step} will run") from error
        if isinstance(value, Unknown):
            raise NotKnownError(f"{step} will run")
        if isinstance(value, str):
            self.echoes[value] = step
        return value
