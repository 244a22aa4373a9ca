"""What one step needs to know of another: its kind, its outputs, its names in the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.declare.cells import members, name_of
from pipecell.declare.jobs.cell import StepCell

_KINDS: Mapping[str, str] = {
    "ProcessingStep": "processing",
    "TrainingStep": "training",
    "TuningStep": "tuning",
    "TransformStep": "transform",
    "CreateModelStep": "model",
    "RegisterModel": "register",
    "ConditionStep": "condition",
    "FailStep": "fail",
    "LambdaStep": "lambda",
    "CallbackStep": "callback",
    "NotebookJobStep": "notebook",
    "QualityCheckStep": "quality-check",
    "ClarifyCheckStep": "clarify-check",
    "EMRStep": "emr",
    "_CreateModelStep": "model",
    "_RegisterModelStep": "register",
}
"""Kinds by the name of the SDK's class."""


@dataclass(frozen=True)
class StepFacts:
    """What is known of a step.

    Attributes:
        kind: its kind; empty for a class of the SDK that ``%%step`` does not write.
        names: its steps in the definition: itself, or what the SDK's collection makes.
        outputs: the outputs that it declares; None where that is not known.
        image: the image that its job runs; None where that is not known.
        cell: its ``%%step`` cell; None when a ``%%pipeline`` cell declared it.
    """

    kind: str
    names: tuple[str, ...]
    outputs: tuple[str, ...] | None = None
    image: Any = None
    cell: StepCell | None = None


def of_cell(cell: StepCell) -> StepFacts:
    """Return the facts of a ``%%step`` cell."""
    endings = {"model": "-CreateModel", "register": "-RegisterModel"}
    outputs: tuple[str, ...] | None = cell.outputs
    if cell.kind in ("training", "tuning"):
        outputs = ("model",)
    elif cell.kind == "transform":
        outputs = cell.outputs or ("predictions",)
    elif cell.kind in ("lambda", "callback"):
        outputs = tuple(name.partition(":")[0] for name in cell.outputs)
    elif cell.kind != "processing":
        outputs = None
    ending = "" if cell.settings.get("plain_name") else endings.get(cell.kind, "")
    return StepFacts(cell.kind, (cell.name + ending,), outputs, cell.image, cell)


def of_object(thing: Any) -> StepFacts:
    """Return the facts of a step or collection that a ``%%pipeline`` cell made."""
    steps = members(thing) or [thing]
    kinds = [_KINDS.get(type(step).__name__, "") for step in steps]
    kind = _KINDS.get(type(thing).__name__) or next((each for each in reversed(kinds) if each), "")
    arguments = getattr(getattr(thing, "step_args", None), "func_args", ())
    job = (
        arguments[0] if arguments else getattr(thing, "estimator", None) or getattr(thing, "processor", None)
    )
    names = tuple(name_of(step) for step in steps)
    return StepFacts(kind, names, _outputs_of(thing), getattr(job, "image_uri", None))


def _outputs_of(thing: Any) -> tuple[str, ...] | None:
    """Return the outputs that the SDK's object was given; None where that cannot be seen."""
    given = getattr(getattr(thing, "step_args", None), "func_kwargs", {}).get("outputs")
    names = [getattr(output, "output_name", None) for output in given or ()]
    return tuple(map(str, names)) if names and all(isinstance(name, str) for name in names) else None
