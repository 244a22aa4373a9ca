"""``%%step`` cells converted to cells of the SageMaker SDK, shown only if the definition stays the same."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.declare.cells import members, name_of
from pipecell.declare.jobs.values import LocalPath
from pipecell.definition.sagemaker import iterate_steps
from pipecell.errors import DeclarationError, UsageError

if TYPE_CHECKING:
    from pipecell.declare.cells import Unit
    from pipecell.declare.declaration import Declaration


@dataclass(frozen=True)
class Conversion:
    """Converted cells.

    Attributes:
        pipeline: the pipeline's name.
        before: the ``%%step`` cells, first lines included, in the order of the definition.
        after: the ``%%pipeline`` cell of each.
    """

    pipeline: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def diff(self) -> str:
        """Return a unified diff, a cell at a time."""
        lines: list[str] = []
        for number, (old, new) in enumerate(zip(self.before, self.after, strict=True), 1):
            name = f"cell {number}"
            lines += difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="", n=1)
        return "\n".join(lines)

    def script(self) -> str:
        """Return the new cells as a file of cells: ``# %%`` starts one."""
        return "\n".join(f"# %%\n{cell}" for cell in self.after)


def to_sdk(declaration: Declaration, namespace: Mapping[str, Any]) -> Conversion:
    """Convert the ``%%step`` cells of a pipeline.

    Args:
        declaration: the pipeline.
        namespace: the notebook's variables, which the new cells use.

    Raises:
        UsageError: ``PC925``, there is no ``%%step`` cell, or a step is still missing.
        DeclarationError: ``PC655``, a step cannot be written as SDK code; ``PC656``, what was written would
            give another definition.
    """
    from pipecell.declare import sagemaker_v2
    from pipecell.declare.notebook import Notebook, compile_declaration

    if not any(run.job is not None for run in declaration.runs):
        raise UsageError(f"{declaration.name} has no %%step cell.", code="PC925")
    if declaration.missing:
        names = ", ".join(dict.fromkeys(missed.name for missed in declaration.missing))
        raise UsageError(f"No cell declares {names} yet.", code="PC925", hint="Run its cell first.")
    document = compile_declaration(declaration).document
    order = [view.name for view in iterate_steps(document)]
    units = sorted(_jobs(declaration), key=lambda unit: _place(unit, order))
    bodies = sagemaker_v2.write_cells((unit.thing for unit in units), namespace, _uploads(declaration))
    scratch, space = Notebook(), dict(namespace)
    made = None
    for number, body in enumerate(bodies):
        made = scratch.declare(declaration.name, body, space, cell_id=str(number))
    assert made is not None  # noqa: S101 - there is a job
    others = {name for name, unit in declaration.held.items() if unit.run.job is None}
    if others:
        raise UsageError(
            f"{', '.join(sorted(others))}: declared by %%pipeline cells beside the %%step cells.",
            code="PC925",
            hint="Only a pipeline of %%step cells alone is converted.",
        )
    if compile_declaration(made).document.body != document.body:
        raise DeclarationError(
            f"The SDK code of {declaration.name} would give another definition, so it is not shown.",
            code="PC656",
            hint="%pipeline export --format python writes any pipeline.",
        )
    before = tuple(unit.run.source for unit in units)
    after = tuple(f"%%pipeline {declaration.name}\n{body}" for body in bodies)
    return Conversion(declaration.name, before, after)


def _jobs(declaration: Declaration) -> list[Unit]:
    """Return what each ``%%step`` cell made: of a condition cell the outermost condition."""
    found = []
    for name, unit in declaration.held.items():
        job = unit.run.job
        if job is not None and job.name == name:
            found.append(unit)
    return found


def _place(unit: Unit, order: list[str]) -> tuple[bool, int]:
    """Return where a step's cell stands: conditions come after the steps in their branches."""
    names = [name_of(step) for step in members(unit.thing)] or [name_of(unit.thing)]
    return hasattr(unit.thing, "if_steps"), -order.index(names[0]) if hasattr(
        unit.thing, "if_steps"
    ) else order.index(names[0])


def _uploads(declaration: Declaration) -> dict[str, tuple[str, str]]:
    """Return the local paths of inputs by the URI that they are uploaded to, with their prefix there."""
    found: dict[str, tuple[str, str]] = {}
    for run in declaration.runs:
        for value in run.job.inputs.values() if run.job is not None else ():
            if isinstance(value, LocalPath):
                for upload in run.offline.recorder.uploads:
                    prefix, _, name = upload.key.rpartition("/")
                    if name == value.path.name:
                        folder = Path.cwd()
                        path = value.path
                        shown = path.relative_to(folder) if path.is_relative_to(folder) else path
                        found[upload.uri] = (str(shown), prefix)
    return found
