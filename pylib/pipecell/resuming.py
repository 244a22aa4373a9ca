"""From one step on: how a run that ended can go on from there, or why it cannot.

The service's own retry goes on from what failed, in the same execution. From a step that did not fail, a
SageMaker pipeline runs anew with selective execution: that step and all that wait for it, the rest is
taken over. A state machine knows no such thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipecell.definition.sagemaker import dependencies
from pipecell.engines.engine import SUCCEEDED, Selection
from pipecell.engines.stepfunctions import StepFunctions
from pipecell.errors import UsageError
from pipecell.launching import selected_steps

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.engines.engine import Engine, ExecutionSnapshot

_ENDED_BADLY = frozenset({"Failed", "Stopped"})
_NAMED = 3  # steps that a sentence names


@dataclass(frozen=True)
class Resumption:
    """How a run goes on from a step.

    Attributes:
        way: ``retry`` this execution, start a ``new`` one, or ``none``.
        words: what happens then, or why nothing can; for people.
        steps: the steps of a new execution that run.
    """

    way: Literal["retry", "new", "none"]
    words: str
    steps: tuple[str, ...] = ()


def resumption(engine: Engine, document: Document, seen: ExecutionSnapshot, step: str) -> Resumption:
    """Return how a run can go on from a step.

    Args:
        engine: where it ran.
        document: what it ran.
        seen: the run as it was last.
        step: a step that it has.

    Raises:
        ExecutionError: AWS refused to be looked at.
    """
    if seen.running:
        return Resumption("none", "It still runs: stop it first, or wait for its end.")
    entry = seen.step(step)
    failed = entry is not None and entry.status in _ENDED_BADLY
    if isinstance(engine, StepFunctions):
        return _machine(engine, seen, failed=failed)
    if failed and seen.status in _ENDED_BADLY:
        return Resumption("retry", "Goes on from this step in the same execution: what succeeded stays.")
    return _pipeline(document, seen, step)


def resume(engine: Engine, document: Document, seen: ExecutionSnapshot, step: str) -> str:
    """Go on from a step; return the ARN of the execution that does: the same one, or a new one.

    Args:
        engine: where it ran.
        document: what it ran.
        seen: the run as it was last.
        step: a step that it has.

    Raises:
        UsageError: it cannot go on from there (``PC936``).
        ExecutionError: AWS refused.
    """
    found = resumption(engine, document, seen, step)
    if found.way == "none":
        raise UsageError(f"{step}: {found.words}", code="PC936")
    if found.way == "retry":
        engine.retry(seen.execution_arn)
        return seen.execution_arn
    deployed = engine.deployed(document.name)
    if deployed is None or deployed.document.body != document.body:
        raise UsageError(
            f"{document.name} is not deployed as this execution ran it.",
            code="PC936",
            hint=f"`run --from {step}` deploys it as it is declared now, and runs it from there.",
        )
    return engine.start(
        document, parameters=seen.parameters, selection=Selection(found.steps, seen.execution_arn)
    )


def _machine(engine: StepFunctions, seen: ExecutionSnapshot, *, failed: bool) -> Resumption:
    if seen.succeeded:
        return Resumption("none", "It succeeded: a state machine only goes on from a failure.")
    refusal = engine.why_not_redriven(seen.execution_arn)
    if refusal:
        return Resumption("none", refusal)
    if not failed:
        return Resumption("none", "A state machine goes on from the state that failed, from no other.")
    return Resumption("retry", "Redrives the execution from this state: what succeeded stays.")


def _pipeline(document: Document, seen: ExecutionSnapshot, step: str) -> Resumption:
    steps = selected_steps(document, (), step)
    waits = dependencies(document)
    ended_well = {each.name for each in seen.steps if each.status in SUCCEEDED}
    needed = {name for chosen in steps for name in waits[chosen]} - set(steps)
    missing = sorted(needed - ended_well)
    if missing:
        return Resumption("none", f"{missing[0]}, which it waits for, did not succeed: go on from there.")
    more = len(steps) - _NAMED
    listed = ", ".join(steps[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    verb = "runs" if len(steps) == 1 else "run"
    return Resumption(
        "new", f"Starts a new execution: {listed} {verb}, the rest is taken over from this one.", steps
    )
