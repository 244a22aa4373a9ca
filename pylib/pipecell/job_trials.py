"""One job now, on this machine: the step of a cell, with the latest outputs of the steps that it reads.

The step becomes a pipeline of its own, ``NAME-try``, in which references to other steps are what these left
in their latest successful run, whether the whole pipeline ran or somebody tried them. A step that never
succeeded is run first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipecell.declare.compiled import Compiled
from pipecell.definition.document import Document
from pipecell.definition.excerpt import excerpt, steps_read
from pipecell.definition.parameters import declared
from pipecell.definition.sagemaker import dependencies, iterate_steps
from pipecell.engines.jobs import describe_job
from pipecell.errors import ExecutionError, PipecellError, UsageError, did_you_mean
from pipecell.targets import PLACES

if TYPE_CHECKING:
    from pipecell.engines.engine import Engine, StepSnapshot
    from pipecell.engines.scope import RunScope
    from pipecell.execution import Execution

ENDING = "-try"
"""What the pipeline of trials is called, after the pipeline's own name."""

_RECENT = 20
_LONGEST_NAME = 256


@dataclass(frozen=True)
class Trial:
    """What is to be run.

    Attributes:
        step: the step that is tried.
        document: it, and the steps that must run before it, as a pipeline of their own.
        first: the steps that never succeeded and so are run first.
        reused: the other steps that it reads, whose latest outputs it gets.
    """

    step: str
    document: Document
    first: tuple[str, ...]
    reused: tuple[str, ...]

    @property
    def line(self) -> str:
        """What runs first and what is reused, in one line."""
        first = f"{', '.join(self.first)} first, which never ran; " if self.first else ""
        reused = f"latest outputs of {', '.join(self.reused)}; " if self.reused else ""
        return f"{self.step}: {first}{reused}{PLACES['local']}."

    def compiled(self, whole: Compiled) -> Compiled:
        """Return it ready to be deployed, with the uploads and the role of the whole pipeline.

        No step takes a cached result: a trial is asked for to see the job run.
        """
        return Compiled(
            without_cache(self.document), uploads=whole.uploads, role=whole.role, region=whole.region
        )

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the whole pipeline's parameter values that it has a parameter for."""
        names = {parameter.name for parameter in declared(self.document)}
        return {key: value for key, value in values.items() if key in names}


def trial_name(pipeline: str) -> str:
    """Return the name of the pipeline that a pipeline's trials run under."""
    return f"{pipeline[: _LONGEST_NAME - len(ENDING)]}{ENDING}"


def plan_trial(document: Document, step: str, engine: Engine, remember: Callable[[str], Execution]) -> Trial:
    """Work out what must run, and what the other steps left.

    Args:
        document: the whole pipeline.
        step: the step's name in the definition.
        engine: where earlier executions ran.
        remember: gives an execution by its ARN.

    Raises:
        UsageError: there is no such step (``PC924``).
    """
    known = dependencies(document)
    if step not in known:
        raise UsageError(
            f'{document.name} has no step "{step}".', code="PC924", hint=did_you_mean(step, known)
        )
    latest = _Latest(document, engine, remember, (document.name, trial_name(document.name)))
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
    return Trial(step, made, tuple(name for name in run if name != step), tuple(reused))


@dataclass
class _Latest:
    """The latest success of each step: a scope for references to them."""

    document: Document
    engine: Engine
    remember: Callable[[str], Execution]
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
            self._executions = [self.remember(row.execution_arn) for row in rows]
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
        return run.scope, seen

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
        job = describe_job(scope.engine.connection, seen.metadata)
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
    """Return a pipeline whose steps run although they ran before."""
    steps = [
        {key: value for key, value in step.items() if key != "CacheConfig"} for step in document.body["Steps"]
    ]
    return replace(document, body={**document.body, "Steps": steps})
