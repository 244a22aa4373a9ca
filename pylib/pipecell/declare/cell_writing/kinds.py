"""Which ``%%step`` cell says a step of a definition: one table of types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipecell.declare.cell_writing import checks, jobs, others
from pipecell.declare.cell_writing.common import cannot
from pipecell.declare.cell_writing.conditions import write_condition
from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Wording

_WRITERS: Mapping[str, Callable[[Wording, str, Mapping[str, Any], Any], CellText]] = {
    "Processing": jobs.write_processing,
    "Training": jobs.write_training,
    "Tuning": jobs.write_tuning,
    "Transform": jobs.write_transform,
    "Model": others.write_model,
    "RegisterModel": others.write_register,
    "Fail": others.write_fail,
    "Lambda": others.write_lambda,
    "Callback": others.write_callback,
    "EMR": others.write_emr,
    "QualityCheck": checks.write_quality_check,
    "ClarifyCheck": checks.write_clarify_check,
}


def write_cell(wording: Wording, name: str, step: Mapping[str, Any], thing: Any) -> CellText:
    """Return a proposal of the cell that makes a step.

    Args:
        wording: says values.
        name: the cell's name; of a model, the step's without the SDK's ending.
        step: the step of the definition.
        thing: the SDK's object, which knows the files of this machine.

    Raises:
        DeclarationError: ``PC657``, no cell says it; with the step and the field.
    """
    kind = type(thing).__name__
    if step["Type"] == "Condition":
        return write_condition(wording, name, step)
    if kind == "NotebookJobStep":
        return others.write_notebook(wording, name, step, thing)
    if kind == "_FunctionStep":
        raise cannot(name, "Type", "a function with @step")
    writer = _WRITERS.get(str(step["Type"]))
    if writer is None:
        raise cannot(name, "Type", f"a step of type {step['Type']}")
    return writer(wording, name, step, thing)
