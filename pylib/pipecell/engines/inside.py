"""What steps start that has steps of its own: the trials of a tuning job, and other executions.

A state may start another state machine, or a SageMaker pipeline; both may do so again. What has ended
never changes and is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipecell.engines.engine import Engine, ExecutionSnapshot, Inside, StepSnapshot
from pipecell.engines.sagemaker import SageMaker
from pipecell.engines.stepfunctions import StepFunctions
from pipecell.engines.tuning import look_at_trials, tuning_arn
from pipecell.errors import PipecellError

DEEPEST = 6
"""Executions within executions that are looked at: machines may start themselves."""

_STARTS = {"startExecution": "ExecutionArn", "startPipelineExecution": "PipelineExecutionArn"}


class Insides:
    """What the steps of one execution started.

    Args:
        engine: where the execution runs.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._engines: dict[str, Engine] = {engine.name: engine}
        self._ended: dict[tuple[tuple[str, ...], str], Inside] = {}

    def look(self, seen: ExecutionSnapshot) -> ExecutionSnapshot:
        """Return an execution with what its steps started."""
        inside = tuple(self._within(self._engine, seen.steps, ()))
        return replace(seen, inside=inside) if inside else seen

    def _within(
        self, engine: Engine, steps: tuple[StepSnapshot, ...], path: tuple[str, ...]
    ) -> Iterator[Inside]:
        for step in steps:
            tuning, started = tuning_arn(step.metadata), started_arn(step)
            if not (tuning or started):
                continue
            found = self._known((*path, step.name), tuning or started, engine, trials=bool(tuning))
            yield found
            if found.kind == "execution" and found.steps and len(found.path) < DEEPEST:
                yield from self._within(engine_for(engine, found.engine), found.steps, found.path)

    def _known(self, path: tuple[str, ...], arn: str, engine: Engine, *, trials: bool) -> Inside:
        """Return what is at a path now; a look that fails is told, for it must not end the others."""
        known = self._ended.get((path, arn))
        if known is not None:
            return known
        try:
            found = (
                look_at_trials(engine.connection, arn, path, engine.name)
                if trials
                else self._execution(path, arn)
            )
        except PipecellError as error:
            if trials:
                return Inside(path, "trials", arn, engine.name, "", trouble=str(error))
            return Inside(path, "execution", arn, engine_name(arn), "", trouble=str(error))
        if not found.running:
            self._ended[path, arn] = found
        return found

    def _execution(self, path: tuple[str, ...], arn: str) -> Inside:
        name = engine_name(arn)
        if name not in self._engines:
            self._engines[name] = engine_for(self._engine, name)
        engine = self._engines[name]
        seen = engine.describe(arn)
        document = engine.definition(arn)
        return Inside(path, "execution", arn, name, seen.status, seen.steps, document=document)


def started_arn(step: StepSnapshot) -> str:
    """Return the ARN of the execution that a state started; empty where it started none.

    States that wait for one, such as those that poll it, name it too: only the call that starts it counts.
    """
    action = str(step.metadata.get("Resource") or "").partition(".")[0]
    arn = step.metadata.get(_STARTS.get(action, ""))
    return arn if isinstance(arn, str) and engine_name(arn) else ""


def engine_name(execution_arn: str) -> str:
    """Return the engine that an execution's ARN belongs to; empty where nobody can look into it.

    An express execution keeps no history that can be read.
    """
    service, _, rest = execution_arn.removeprefix("arn:").partition(":")[2].partition(":")
    if service == "sagemaker" and "/execution/" in rest:
        return "sagemaker"
    return "stepfunctions" if service == "states" and ":execution:" in rest else ""


def engine_for(engine: Engine, name: str) -> Engine:
    """Return the engine of a name in the place of another one."""
    if engine.name == name:
        return engine
    make = SageMaker if name == "sagemaker" else StepFunctions
    made: Engine = make(lambda: engine.connection)
    return made
