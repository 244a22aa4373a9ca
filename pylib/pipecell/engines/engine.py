"""What every engine can do with an execution, and what it says of one.

An engine is SageMaker Pipelines or Step Functions, reached over AWS's own APIs. The local
endpoint speaks the same APIs, so the same engine serves both targets: only the `Connection`
differs. Nothing here knows how a definition was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pipecell.definition.document import Document
from pipecell.graph import NodeState

if TYPE_CHECKING:
    from pipecell.engines.connection import Connection

RUNNING = frozenset({"", "Starting", "Executing", "Running", "Stopping", "RUNNING", "PENDING_REDRIVE"})
"""Status words of AWS, of executions and steps, that will still change."""

SUCCEEDED = frozenset({"Succeeded", "SUCCEEDED"})
"""Status words of AWS that mean success."""

TargetName = str
"""``local`` or ``aws``."""


class Uploadable(Protocol):
    """An object that must be in S3 before a definition can run."""

    @property
    def source(self) -> Path | bytes:
        """The content, or the file that holds it."""

    @property
    def bucket(self) -> str:
        """The bucket that the definition expects it in."""

    @property
    def key(self) -> str:
        """The key that the definition expects it under."""

    @property
    def kms_key(self) -> str:
        """The key to encrypt it with; empty when none."""


@dataclass(frozen=True)
class StepSnapshot:
    """One started step, in AWS's own words.

    Attributes:
        name, type: as the definition gives them.
        status: AWS's status word.
        started, ended: epoch seconds; None before.
        cached: an earlier result was reused.
        failure_reason: AWS's FailureReason; empty when there is none.
        metadata: AWS's Metadata of the step: the ARN of its job, a condition's outcome, and so on;
            ``Attempts`` where there was more than one, and of a state ``Retried``: why those before failed;
            of a Map ``FailedItems``: the indices of the first items that failed.
    """

    name: str
    type: str
    status: str
    started: float | None = None
    ended: float | None = None
    cached: bool = False
    failure_reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the step as DESIGN's ``run`` row gives it; times are ISO 8601 in UTC."""
        return {
            "name": self.name,
            "type": self.type,
            "status": self.status,
            "started": iso_time(self.started),
            "ended": iso_time(self.ended),
            "cached": self.cached,
            "failure_reason": self.failure_reason or None,
            "metadata": dict(self.metadata),
        }

    def node_state(self) -> NodeState:
        """Return what a picture of the run needs."""
        return NodeState(
            self.status, self.started, self.ended, self.cached, self.failure_reason, dict(self.metadata)
        )


@dataclass(frozen=True)
class Inside:
    """What a step has started that has steps of its own: a tuning job's trials, or another execution.

    Attributes:
        path: the step's name, after those of the steps around it.
        kind: ``trials`` or ``execution``.
        arn: the tuning job's or the execution's.
        engine: ``sagemaker`` or ``stepfunctions``; for trials that of the step.
        status: AWS's status word.
        steps: the trials in the order of their creation, or the steps that started.
        total: how many trials there will be at most; None for an execution.
        best: name of the best trial so far; empty without any.
        objective: name of the metric that trials are judged by.
        document: the definition of an execution; None for trials.
        trouble: why it could not be looked at; empty when it could.
    """

    path: tuple[str, ...]
    kind: Literal["trials", "execution"]
    arn: str
    engine: str
    status: str
    steps: tuple[StepSnapshot, ...] = ()
    total: int | None = None
    best: str = ""
    objective: str = ""
    document: Document | None = field(default=None, repr=False, compare=False)
    trouble: str = ""

    @property
    def running(self) -> bool:
        """Whether it will still change."""
        return self.status in RUNNING


@dataclass(frozen=True)
class ExecutionSnapshot:
    """One execution at one moment.

    Attributes:
        execution_arn: the execution's ARN.
        pipeline: the pipeline's or state machine's name.
        engine: ``sagemaker`` or ``stepfunctions``.
        target: ``local`` or ``aws``.
        status: AWS's status word.
        failure_reason: AWS's FailureReason, or a state machine's error and cause; empty when none.
        parameters: the values that this execution runs with; empty for a state machine.
        input, output: a state machine's input and output; None for a SageMaker pipeline.
        steps: the steps that started, in the order they did.
        started, ended: epoch seconds.
        inside: what steps started that has steps of its own; the monitor alone looks there.
    """

    execution_arn: str
    pipeline: str
    engine: str
    target: TargetName
    status: str
    failure_reason: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    input: Any = None
    output: Any = None
    steps: tuple[StepSnapshot, ...] = ()
    started: float | None = None
    ended: float | None = None
    inside: tuple[Inside, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the execution will still change."""
        return self.status in RUNNING

    @property
    def succeeded(self) -> bool:
        """Whether the execution ended well."""
        return self.status in SUCCEEDED

    def step(self, name: str) -> StepSnapshot | None:
        """Return a step that started, or None."""
        return next((step for step in self.steps if step.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return exactly DESIGN's ``run`` object."""
        return {
            "execution_arn": self.execution_arn,
            "pipeline": self.pipeline,
            "engine": self.engine,
            "target": self.target,
            "status": self.status,
            "failure_reason": self.failure_reason or None,
            "parameters": dict(self.parameters),
            "input": self.input,
            "output": self.output,
            "steps": [step.to_json() for step in self.steps],
        }


@dataclass(frozen=True)
class ExecutionSummary:
    """One row of a list of executions.

    Attributes:
        started, ended: epoch seconds; ``ended`` is None where the list does not tell it.
    """

    execution_arn: str
    pipeline: str
    engine: str
    target: TargetName
    status: str
    started: float | None = None
    ended: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row with its time in ISO 8601."""
        return {
            "execution_arn": self.execution_arn,
            "pipeline": self.pipeline,
            "engine": self.engine,
            "target": self.target,
            "status": self.status,
            "started": iso_time(self.started),
        }


@dataclass(frozen=True)
class LogLine:
    """One line of a job's log.

    Attributes:
        time: epoch seconds.
        stream: the log stream; several when a job has several instances.
        message: the line without its end.
    """

    time: float
    stream: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the line with its time in ISO 8601."""
        return {"time": iso_time(self.time), "stream": self.stream, "message": self.message}


@dataclass(frozen=True)
class Selection:
    """Run some steps only, and take the others' results from an earlier execution."""

    steps: tuple[str, ...]
    source_execution_arn: str | None = None


Progress = Callable[[str, int, int], None]
"""Told of each piece of an upload: (what, bytes so far, bytes in all)."""


@dataclass(frozen=True)
class Deployed:
    """What is deployed under a name.

    Attributes:
        arn: the pipeline's or state machine's ARN.
        document: its definition.
        modified: when it was last changed, epoch seconds; None where that is not told.
    """

    arn: str
    document: Document
    modified: float | None = None


class Engine(Protocol):
    """Executions of one kind, in one place."""

    @property
    def name(self) -> str:
        """``sagemaker`` or ``stepfunctions``."""

    @property
    def target(self) -> TargetName:
        """``local`` or ``aws``."""

    @property
    def poll_seconds(self) -> tuple[float, float]:
        """The shortest and the longest time between two looks at an execution, in seconds."""

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
        """Put the uploads and the definition in place, creating or updating; return the pipeline's ARN.

        Args:
            document: the definition.
            role: the role that it runs under.
            uploads: objects to put in S3 first.
            tags: ``{"Key": …, "Value": …}``; on an update they are added to those that are there.
            parallelism: ``{"MaxParallelExecutionSteps": n}``, of SageMaker pipelines alone.
            progress: told how far the uploads are.

        Raises:
            ExecutionError: AWS refused.
            EndpointError: the local endpoint does not answer.
        """

    def deployed(self, name: str) -> Deployed | None:
        """Return what is deployed under a name, None when nothing is."""

    def start(
        self,
        document: Document,
        *,
        parameters: Mapping[str, Any],
        input: Any = None,  # noqa: A002 - the state machine's own word
        selection: Selection | None = None,
    ) -> str:
        """Start the deployed pipeline; return the execution's ARN."""

    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        """Look once at an execution."""

    def definition(self, execution_arn: str) -> Document:
        """Return the definition that this execution runs."""

    def stop(self, execution_arn: str) -> None:
        """Ask an execution to stop."""

    def retry(self, execution_arn: str) -> None:
        """Go on with a failed execution from where it failed."""

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        """Return executions, newest first: of one pipeline, or of all in this place."""

    def ended(self, row: ExecutionSummary) -> float | None:
        """Return when an execution of a list ended, epoch seconds; None while it runs."""

    def logs(self, execution_arn: str, step: str, *, follow: bool = False) -> Iterator[LogLine]:
        """Yield a step's log, to the end of its job when following."""

    def tail(self, execution_arn: str, step: str) -> Iterator[list[LogLine]]:
        """Yield the new lines of a step's log after each look, none too, until its job has ended."""

    @property
    def connection(self) -> Connection:
        """The connection in use."""

    def reconnect(self) -> bool:
        """Look again for the place this engine talks to; tell whether it moved."""


def epoch(value: datetime | float | None) -> float | None:
    """Return epoch seconds of what botocore parsed as a time."""
    return value.timestamp() if isinstance(value, datetime) else value


def iso_time(seconds: float | None) -> str | None:
    """Return ISO 8601 with milliseconds and zone, None for no time."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
