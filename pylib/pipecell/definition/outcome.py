"""What a run made of its definition: the branches that it did not take, and the values that it ran with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipecell.definition.asl.machine import states as every_state
from pipecell.definition.document import Document
from pipecell.definition.sagemaker import iterate_steps
from pipecell.graph import NodeState


def with_values(document: Document, values: Mapping[str, Any]) -> Document:
    """Return the definition with the values of a run as its defaults, so that it is drawn with them."""
    parameters = document.body.get("Parameters")
    if document.engine != "sagemaker" or not isinstance(parameters, list):
        return document
    valued = [
        {**entry, "DefaultValue": values[entry["Name"]]} if entry.get("Name") in values else entry
        for entry in parameters
    ]
    return replace(document, body={**document.body, "Parameters": valued})


def not_taken(document: Document, states: Mapping[str, NodeState], running: bool) -> list[str]:
    """Return the steps of branches that a condition did not choose, those inside them included.

    Of a state machine that may loop, that is known when it has ended.
    """
    if document.engine != "sagemaker":
        visible = () if running else every_state(document)
        return [state.name for state in visible if not state.elsewhere and state.name not in states]
    skipped: list[str] = []
    for step in iterate_steps(document):
        if step.parent is None:
            continue
        condition = states.get(step.parent)
        outcome = str((condition.metadata.get("Condition") or {}).get("Outcome", "")) if condition else ""
        other = bool(outcome) and step.branch is not None and outcome.lower() != step.branch
        if (other or step.parent in skipped) and step.name not in states:
            skipped.append(step.name)
    return skipped
