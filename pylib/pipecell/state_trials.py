"""Trying one state of a pipeline by itself, on this machine or on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipecell.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.engines.engine import ExecutionSnapshot
    from pipecell.engines.trial import Trial

LAST = "last"
"""As an input: what the state was given in the newest execution."""


@dataclass(frozen=True)
class TrialReport:
    """A trial, ready to be shown."""

    trial: Trial

    def bundle(self) -> dict[str, str]:
        """Return the stages as HTML and text in one MIME bundle."""
        from pipecell.view.trial import to_html, to_text

        return {"text/plain": to_text(self.trial), "text/html": to_html(self.trial)}

    def __str__(self) -> str:
        return self.bundle()["text/plain"]

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.bundle()


def find_state(document: Document, name: str) -> Mapping[str, Any]:
    """Return a state of a machine, wherever it is nested.

    Raises:
        UsageError: it is a SageMaker pipeline (``PC918``), or there is no such state (``PC924``).
    """
    from pipecell.definition.asl.machine import states

    if document.engine != "stepfunctions":
        raise UsageError(
            f"{document.name} is a SageMaker pipeline; single states are tried of state machines.",
            code="PC918",
        )
    known = {state.name: state.body for state in states(document)}
    if name not in known:
        raise UsageError(
            f'{document.name} has no state "{name}".', code="PC924", hint=did_you_mean(name, known)
        )
    return known[name]


def last_input(seen: ExecutionSnapshot, state: str) -> Any:
    """Return what a state was given in an execution.

    Raises:
        UsageError: it was not entered there (``PC925``).
    """
    step = seen.step(state)
    if step is None or "Input" not in step.metadata:
        raise UsageError(
            f"{state} was not entered in the newest execution.",
            code="PC925",
            hint="Give its input with --input JSON.",
        )
    return step.metadata["Input"]
