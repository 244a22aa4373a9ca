"""Where the engine meets what carries tasks out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pipecell.definition.asl.resources import Resource


@dataclass(frozen=True)
class TaskRequest:
    """One attempt of a task, for the integration that carries it out.

    Attributes:
        execution_arn: whose task it is.
        resource: the ``Resource`` of the state.
        arguments: what the state passes.
        token: identifies the attempt; the same again after a crash, so that names derived from it are too.
        again: whether an earlier process may have begun it.
        job: what ``Submitted`` left for polling and cancelling.
    """

    execution_arn: str
    resource: str
    arguments: Any
    token: str
    again: bool = False
    job: Any = None


@dataclass(frozen=True)
class Done:
    """A task's result as JSON text."""

    output: str


@dataclass(frozen=True)
class Submitted:
    """A request that was taken; its job is polled, or awaited, or its token comes back.

    Attributes:
        output: the response, for history.
        job: JSON data for ``poll``; None where nothing is polled.
        awaits: ARN of the execution whose end is the task's.
    """

    output: Any
    job: Any = None
    awaits: str = ""


class Integrations(Protocol):
    """What carries tasks out. Methods run on worker threads and raise ``Failure``."""

    def perform(self, request: TaskRequest) -> Done | Submitted:
        """Begin a task."""

    def poll(self, request: TaskRequest) -> Done | None:
        """Look after a submitted job; None while it runs."""

    def cancel(self, request: TaskRequest) -> None:
        """Stop what a task started."""

    def read_items(self, request: dict[str, Any]) -> list[Any]:
        """Return an ItemReader's items."""

    def write_results(self, request: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
        """Write a Map run's results; return ``ResultWriterDetails``."""

    def stand_in(self, resource: Resource) -> tuple[str, ...] | None:
        """Return the command that the user let stand in for a task, None without one."""

    def implements(self, service: str, operation: str) -> bool:
        """Tell whether anything answers for an operation, by botocore's names."""

    def execution_result(self, resource: str, described: dict[str, Any]) -> Done:
        """Return the result of ``states:startExecution.sync`` from the ended execution."""
