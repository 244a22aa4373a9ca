"""One state tried on its own: what TestState answers, stage by stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STAGES = (
    ("input", "input"),
    ("afterInputPath", "InputPath"),
    ("afterItemsPath", "ItemsPath"),
    ("afterItemsPointer", "ItemsPointer"),
    ("afterItemSelector", "ItemSelector"),
    ("afterItemBatcher", "ItemBatcher"),
    ("afterParameters", "Parameters"),
    ("afterArguments", "Arguments"),
    ("result", "result"),
    ("afterResultSelector", "ResultSelector"),
    ("afterResultPath", "ResultPath"),
)
"""TestState's names of the stages in the order of the data, and the fields that make them."""


@dataclass(frozen=True)
class Stage:
    """The data at one stage of a state.

    Attributes:
        name: the field that made it, or ``input``, ``result``, ``output``, ``variables``.
        value: the data.
        changed: whether it differs from the stage before.
    """

    name: str
    value: Any
    changed: bool = True


@dataclass(frozen=True)
class Trial:
    """What came of trying a state.

    Attributes:
        state, type: the state.
        status: TestState's word: SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR.
        target: where it was tried.
        next_state: where the machine would go on; None at an end.
        error, cause: of a failure; empty without one.
        stages: the data on its way, first to last.
        mocked: whether the call was mocked.
    """

    state: str
    type: str
    status: str
    target: str
    next_state: str | None = None
    error: str = ""
    cause: str = ""
    stages: tuple[Stage, ...] = ()
    mocked: bool = False

    @property
    def output(self) -> Any:
        """What the state puts out; None where it failed."""
        return next((stage.value for stage in self.stages if stage.name == "output"), None)

    def to_json(self) -> dict[str, Any]:
        """Return what ``try --json`` prints."""
        return {
            "state": self.state,
            "type": self.type,
            "status": self.status,
            "target": self.target,
            "mocked": self.mocked,
            "next_state": self.next_state,
            "error": self.error or None,
            "cause": self.cause or None,
            "stages": [{"name": stage.name, "value": stage.value} for stage in self.stages],
        }


def read_trial(
    answer: Mapping[str, Any], *, state: str, kind: str, target: str, mocked: bool, given: Any
) -> Trial:
    """Read TestState's answer.

    Args:
        answer: the answer, inspected at level DEBUG.
        state: its name.
        kind: its type.
        target: ``local`` or ``aws``.
        mocked: whether the call was mocked.
        given: the input, for services that do not repeat it.
    """
    seen = {"input": json.dumps(given), **answer.get("inspectionData", {})}
    stages: list[Stage] = []
    for key, name in (*_STAGES, ("output", "output")):
        text = answer.get("output") if key == "output" else seen.get(key)
        if text is not None:
            value = _json(text)
            stages.append(Stage(name, value, not stages or stages[-1].value != value))
    if seen.get("variables") not in (None, "{}"):
        stages.append(Stage("variables", _json(seen["variables"])))
    return Trial(
        state=state,
        type=kind,
        status=answer["status"],
        target=target,
        next_state=answer.get("nextState"),
        error=answer.get("error") or "",
        cause=answer.get("cause") or "",
        stages=tuple(stages),
        mocked=mocked,
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
