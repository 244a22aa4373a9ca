"""What a plan may ask of earlier executions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol


class PastStep(Protocol):
    """A step that succeeded in an earlier execution by its own work, not by reuse."""

    @property
    def execution_arn(self) -> str:
        """The execution."""

    @property
    def ended(self) -> float:
        """When the step ended, epoch seconds."""

    @property
    def key(self) -> str | None:
        """What its result is found by; None where it is not."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What identified its work, code by address; empty where that cannot be told any more."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """What other steps may refer to."""

    @property
    def intact(self) -> bool:
        """Whether what it left in S3 is still there, unchanged, as far as the target looks."""

    @property
    def changed_inputs(self) -> Sequence[str]:
        """The S3 URIs of data that it read and that was written again since, as far as can be told."""


class Past(Protocol):
    """The earlier executions of one pipeline on one target."""

    def steps(self, name: str, step_type: str) -> Iterator[PastStep]:
        """Yield the runs of a step, newest first."""

    def json(self, uri: str) -> Any:
        """Return what the JSON object at an S3 URI holds now.

        Raises:
            DefinitionError: it is not there, or is no JSON.
        """
