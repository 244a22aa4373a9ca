"""Executions as the extension reads them: whole once, then only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.definition.sagemaker import iterate_steps
from pipecell.view.metrics import clean

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.engines.engine import ExecutionSnapshot, ExecutionSummary
    from pipecell.execution import Execution


REASON = 600
"""Characters of a reason that are told; the log holds the rest."""


def row(seen: ExecutionSnapshot | ExecutionSummary, *, profile: str = "") -> dict[str, Any]:
    """Return one row of the list of executions; times are epoch seconds."""
    from pipecell.engines.engine import RUNNING, ExecutionSnapshot
    from pipecell.live.runs import failure_of
    from pipecell.view.theme import mark_of_status

    reason = failure_of(seen) if isinstance(seen, ExecutionSnapshot) and not seen.succeeded else ""
    mark = mark_of_status(seen.status)
    return {
        "arn": seen.execution_arn,
        "pipeline": seen.pipeline,
        "engine": seen.engine,
        "on": seen.target,
        "status": seen.status,
        "running": seen.status in RUNNING,
        "sign": mark.sign,
        "ink": mark.ink,
        "started": seen.started,
        "ended": getattr(seen, "ended", None),
        "reason": _short(reason),
        "profile": profile,
    }


def steps(execution: Execution, seen: ExecutionSnapshot) -> dict[str, dict[str, Any]]:
    """Return the state of each step that has one, by name, the branches not taken included."""
    from pipecell.live.inside import whole
    from pipecell.view.theme import mark_of

    values = whole(execution.graph, seen).values(seen)
    states = execution.picture(seen).states
    names = {node.id: node.name for node in execution.graph.nodes}
    told = {}
    for identity, state in states.items():
        mark = mark_of(state)
        told[names[identity]] = {
            "status": state.status,
            "sign": mark.sign,
            "ink": mark.ink,
            "word": mark.word,
            "cached": state.cached,
            "started": state.started,
            "ended": state.ended,
            "reason": _short(state.failure_reason),
            "value": values.get(identity, ""),
        }
    return told


def _short(reason: str) -> str:
    """Return a reason without terminals' colours, and no longer than people read."""
    text = clean(reason)
    return text if len(text) <= REASON else f"{text[:REASON]}…"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of ``after`` that ``before`` has not, or has otherwise."""
    return {key: value for key, value in after.items() if before.get(key, ...) != value}


def changed(here: Document, ran: Document) -> list[str]:
    """Return the names of steps that a run had otherwise, or had not at all."""
    before = _bodies(ran)
    return [name for name, body in _bodies(here).items() if before.get(name) != body]


def _bodies(document: Document) -> dict[str, Any]:
    """Return each step without what is inside of it: those are steps of their own."""
    if document.engine == "stepfunctions":
        return dict(document.body["States"])
    return {
        step.name: {
            **step.body,
            "Arguments": {
                key: value
                for key, value in step.arguments.items()
                if step.type != "Condition" or key not in ("IfSteps", "ElseSteps")
            },
        }
        for step in iterate_steps(document)
    }
