"""What a step type must be able to do, and what it has at hand.

A handler begins a step inside a transaction: what it writes is committed together with the step's
own row, so that a crash leaves either both or neither. What reaches outside the database (starting
a process, sending a message) it does in `Handler.act`, after the commit; after a crash that is
called again, so it must do no harm twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from pipecell.definition.foreknown import without_nulls
from pipecell.definition.references import resolve
from pipecell.definition.sagemaker import StepView
from pipecell.local.objects import ObjectStore
from pipecell.local.records import names, tags
from pipecell.local.records.executions import ExecutionRecord, StepRecord
from pipecell.local.store import Store
from pipecell.local.work.lifecycle import Lifecycle
from pipecell.local.work.pipelines.scope import RunScope

PIPELINE_TAG = "sagemaker:pipeline-execution-arn"
STEP_TAG = "sagemaker:pipeline-step-name"


Others = Callable[[str], Mapping[str, Any]]
"""Returns the arguments of a step by its name, as far as they are known before a run."""


class Invoke(Protocol):
    """Calls an operation of SageMaker on this endpoint, checked like a request that came in."""

    def __call__(self, operation: str, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        """Return the operation's output; a refusal is a `ServiceError`."""


@dataclass(frozen=True)
class Began:
    """The step runs now.

    Attributes:
        metadata: for ListPipelineExecutionSteps.
        job: kind and name of the job that does the work.
        token: a callback token.
        due: when to look again without being told, epoch seconds.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    job: tuple[str, str] | None = None
    token: str | None = None
    due: float | None = None


@dataclass(frozen=True)
class Ended:
    """The step is over.

    Attributes:
        status: how.
        metadata: replaces what was known, unless empty.
        properties: what other steps may refer to.
        failure_reason: AWS's words.
        fault: the exception type, in the words of retry policies; None when the user is at fault.
        outcome: the branch that a Condition step chose.
    """

    status: Literal["Succeeded", "Failed", "Stopped"] = "Succeeded"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    fault: str | None = None
    outcome: bool | None = None


@dataclass(frozen=True)
class Platform:
    """What steps are carried out with.

    Attributes:
        store: the endpoint's state.
        objects: its S3.
        lifecycle: its jobs.
        invoke: its SageMaker operations.
        check: checks a request like the operation of that name would, without doing anything.
        client: makes a boto3 client of another service of this endpoint, for example ``sqs``.
        handlers: what each step type does, by its word in the definition.
        finish: ends a running step: execution's id, step's name, how.
    """

    store: Store
    objects: ObjectStore
    lifecycle: Lifecycle
    invoke: Invoke
    check: Callable[[str, Mapping[str, Any]], None]
    client: Callable[[str, str], Any]
    handlers: Mapping[str, Handler]
    finish: Callable[[str, str, Ended], bool]


@dataclass(frozen=True)
class StepRun:
    """One attempt at one step.

    Attributes:
        platform: what it is carried out with.
        execution: the execution it belongs to.
        view: the step in the definition.
        record: how far it has come.
        scope: what its references mean.
    """

    platform: Platform
    execution: ExecutionRecord
    view: StepView
    record: StepRecord
    scope: RunScope

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """The step's arguments with every reference resolved; what is null is left out."""
        resolved = without_nulls(resolve(self.view.arguments, self.scope))
        assert isinstance(resolved, dict)  # noqa: S101 - for the type checker: documents are checked when read
        return resolved

    @property
    def region(self) -> str:
        """The region of the execution."""
        return names.region_of(self.execution.arn)

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of everything that this step creates, besides its own."""
        return [
            *(dict(tag) for tag in self.execution.tags),
            {"Key": PIPELINE_TAG, "Value": self.execution.arn},
            {"Key": STEP_TAG, "Value": self.view.name},
        ]

    def tagged(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request with the execution's tags under its own."""
        return {**request, "Tags": tags.merged(self.tags, request.get("Tags"))}

    def name(self, given: str = "", *, longest: int = names.LONGEST_NAME) -> str:
        """Return a name for what the step creates; ``given`` is the user's custom prefix."""
        return names.job_name(self.execution.id, self.view.name, prefix=given, longest=longest)


class Handler:
    """What a type of step does. Subclasses say which types, and override what differs."""

    types: tuple[str, ...] = ()
    acts_once: bool = False
    """Whether `act` must not be repeated once it is known to have been done."""
    at_once: bool = False
    """Whether the step has ended as soon as it has begun."""

    def refusal(self, view: StepView, resolved: Mapping[str, Any], others: Others) -> str | None:
        """Say why this step cannot run here, before anything runs; None when it can.

        Args:
            view: the step.
            resolved: its arguments, as far as they are known before the run.
            others: returns the same of another step.
        """
        return None

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Begin the step inside the open transaction."""
        raise NotImplementedError

    def act(self, run: StepRun) -> None:
        """Do what begins outside the database; repeated after a crash, unless known to be done."""

    def act_again(self, run: StepRun) -> Ended | None:
        """Restore, after a crash, what `act` did before it; or say that the step is over."""
        if not self.acts_once:
            self.act(run)
        return None

    def look(self, run: StepRun) -> Ended | None:
        """Tell whether a running step has ended."""
        return None

    def stop(self, run: StepRun) -> Ended | None:
        """Ask a running step to stop; repeated after a crash. By default it runs to its end."""
        return None
