"""One job now, on this machine: the step of a cell, with the latest outputs of the steps that it reads.

The step becomes a pipeline of its own, ``NAME-try``, in which references to other steps are what these left
in their latest successful run, whether the whole pipeline ran or somebody tried them. A step that never
succeeded is run first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipecell.definition.document import Document
from pipecell.definition.excerpt import excerpt, steps_read
from pipecell.definition.parameters import declared
from pipecell.definition.sagemaker import dependencies, iterate_steps
from pipecell.engines.jobs import describe_job
from pipecell.errors import CheckFailedError, ExecutionError, PipecellError, UsageError, did_you_mean
from pipecell.execution import PLACES
from pipecell.live.comparisons import RunScope

if TYPE_CHECKING:
    from pipecell.engines.engine import Engine, Progress, StepSnapshot
    from pipecell.execution import Execution
    from pipecell.pipeline import Pipeline
    from pipecell.workspace import Workspace

ENDING = "-try"
"""What the pipeline of trials is called, after the pipeline's own name."""

_RECENT = 20
_LONGEST_NAME = 256


@dataclass(frozen=True)
class Trial:
    """What is to be run.

    Attributes:
        document: the step, and the steps that must run before it, as a pipeline of their own.
        first: the steps that never succeeded and so are run first.
        reused: the other steps that it reads, whose latest outputs it gets.
    """

    document: Document
    first: tuple[str, ...]
    reused: tuple[str, ...]


def try_job(
    pipeline: Pipeline,
    workspace: Workspace,
    step: str,
    *,
    say: Callable[[str], None] | None,
    progress: Progress | None,
) -> Execution:
    """Run one step's job now, on this machine; as `Pipeline.try_job` says."""
    document = pipeline.document
    if step not in dependencies(document):
        hint = did_you_mean(step, dependencies(document))
        raise UsageError(f'{pipeline.name} has no step "{step}".', code="PC924", hint=hint)
    place = workspace.engine(pipeline.engine, "local", pipeline.compiled.region)
    trial = plan_trial(document, step, workspace, place)
    involved = {step, *trial.first}
    wrong = [found for found in pipeline.check().errors if found.step in involved]
    if wrong:
        raise CheckFailedError(f"{step} was not tried.", diagnostics=wrong)
    if say is not None:
        first = f"{', '.join(trial.first)} first, which never ran; " if trial.first else ""
        reused = f"latest outputs of {', '.join(trial.reused)}; " if trial.reused else ""
        say(f"{step}: {first}{reused}{PLACES['local']}.")
    tried = without_cache(trial.document)
    compiled = pipeline.compiled
    with pipeline.uploading(compiled, progress) as told:
        place.deploy(tried, role=compiled.role, uploads=compiled.uploads, progress=told)
    chosen = workspace.profile(pipeline.name)
    names = {parameter.name for parameter in declared(tried)}
    values = {key: value for key, value in pipeline.profile_values(chosen, {}).items() if key in names}
    return workspace.remember(place, place.start(tried, parameters=values), profile=chosen.name)


def trial_name(pipeline: str) -> str:
    """Return the name of the pipeline that a pipeline's trials run under."""
    return f"{pipeline[: _LONGEST_NAME - len(ENDING)]}{ENDING}"


def plan_trial(document: Document, step: str, workspace: Workspace, engine: Engine) -> Trial:
    """Work out what must run, and what the other steps left.

    Args:
        document: the whole pipeline.
        step: the step's name in the definition.
        workspace: knows earlier executions.
        engine: where they ran.
    """
    latest = _Latest(document, workspace, engine, (document.name, trial_name(document.name)))
    run: dict[str, None] = {}
    reused: dict[str, None] = {}

    def need(name: str) -> None:
        run[name] = None
        for other in steps_read(document, name):
            if other in run:
                continue
            if latest.find(other) is None:
                need(other)
            else:
                reused[other] = None

    need(step)
    made = excerpt(document, run, latest, trial_name(document.name))
    return Trial(made, tuple(name for name in run if name != step), tuple(reused))


@dataclass
class _Latest:
    """The latest success of each step: a scope for references to them."""

    document: Document
    workspace: Workspace
    engine: Engine
    pipelines: tuple[str, ...]
    _found: dict[str, tuple[Execution, StepSnapshot] | None] = field(default_factory=dict)
    _executions: list[Execution] | None = None

    def find(self, step: str) -> tuple[Execution, StepSnapshot] | None:
        """Return the latest execution in which a step succeeded, with the step; None where none did."""
        if step not in self._found:
            seen = ((run, run.snapshot.step(step)) for run in self._newest())
            self._found[step] = next(
                ((run, found) for run, found in seen if found is not None and found.status == "Succeeded"),
                None,
            )
        return self._found[step]

    def _newest(self) -> Sequence[Execution]:
        if self._executions is None:
            rows = [row for name in self.pipelines for row in self._rows(name)]
            rows.sort(key=lambda row: -(row.started or 0))
            self._executions = [self.workspace.remember(self.engine, row.execution_arn) for row in rows]
        return self._executions

    def _rows(self, pipeline: str) -> Iterator[Any]:
        try:
            yield from self.engine.executions(pipeline, _RECENT)
        except PipecellError:
            return  # a pipeline that was never deployed has none

    def _scope(self, step: str) -> tuple[RunScope, StepSnapshot]:
        found = self.find(step)
        assert found is not None  # noqa: S101 - only steps that were found are left out
        run, seen = found
        return RunScope(run), seen

    def step_property(self, step: str, property_path: str) -> Any:
        """Return a property of a step's latest job, model or answer."""
        scope, seen = self._scope(step)
        for kind, member in (("Model", "ModelName"), ("RegisterModel", "ModelPackageArn")):
            arn = (seen.metadata.get(kind) or {}).get("Arn")
            if arn and property_path == member:
                return arn.rpartition("/")[2] if kind == "Model" else arn
        for kind in ("Lambda", "Callback"):
            for answer in (seen.metadata.get(kind) or {}).get("OutputParameters") or ():
                if property_path == f"OutputParameters['{answer['Name']}']":
                    return answer["Value"]
        return scope.step_property(step, property_path)

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        """Return a value of the JSON file that a step wrote last; where it is, the step says now."""
        scope, seen = self._scope(step)
        job = describe_job(scope.run.engine.connection, seen.metadata)
        body = next(view.body for view in iterate_steps(self.document) if view.name == step)
        for entry in body.get("PropertyFiles") or ():
            for place in job.outputs if job is not None else ():
                if entry["PropertyFileName"] == file_name and place.label == entry["OutputName"]:
                    return scope.s3_json(f"{place.uri.rstrip('/')}/{entry['FilePath']}", json_path)
        raise ExecutionError(f"{step} left no {file_name}.", code="PC707", step=step)

    def parameter(self, name: str) -> Any:
        """Not asked: parameters stay references."""
        raise KeyError(name)

    def execution(self, variable: str) -> Any:
        """Not asked: execution variables stay references."""
        raise KeyError(variable)

    def s3_json(self, uri: str, json_path: str) -> Any:
        """Not asked: an object's URI is put in, its content read when the step runs."""
        raise KeyError(uri)


def without_cache(document: Document) -> Document:
    """Return a pipeline whose steps run although they ran before: a trial is asked for to see the job run."""
    steps = [
        {key: value for key, value in step.items() if key != "CacheConfig"} for step in document.body["Steps"]
    ]
    return replace(document, body={**document.body, "Steps": steps})
