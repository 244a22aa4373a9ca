"""``%%step`` cells converted to cells of the SageMaker SDK, shown only if the definition stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.conversion.cells import Conversion
from pipecell.conversion.differences import differences, made_up_names, uploads_that_differ
from pipecell.declare.cells import members, name_of
from pipecell.definition.sagemaker import iterate_steps
from pipecell.errors import DeclarationError, UsageError

if TYPE_CHECKING:
    from pipecell.declare.cells import Unit
    from pipecell.declare.declaration import Declaration
    from pipecell.declare.sagemaker_v2.uploads import Source


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
    wanted = compile_declaration(declaration)
    order = [view.name for view in iterate_steps(wanted.document)]
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
    compiled = compile_declaration(made)
    left = [str(found) for found in differences(wanted, compiled)]
    left += [f"the upload {uri}" for uri in uploads_that_differ(wanted, compiled)]
    if left:
        raise DeclarationError(
            f"The SDK code of {declaration.name} would give another definition, so it is not shown. "
            f"It differs in {'; '.join(left)}.",
            code="PC656",
            hint="%pipeline export --format python writes any pipeline.",
        )
    made_of: dict[str, list[str]] = {}
    for unit, body in zip(units, bodies, strict=True):
        made_of.setdefault(unit.run.source, []).append(f"%%pipeline {declaration.name}\n{body}")
    before = tuple(made_of)
    after = tuple(map(tuple, made_of.values()))
    return Conversion(declaration.name, before, after, tuple(made_up_names(wanted, compiled)))


def _jobs(declaration: Declaration) -> list[Unit]:
    """Return what the ``%%step`` cells made: of a condition cell the outermost condition."""
    found = []
    for name, unit in declaration.held.items():
        job = unit.run.job
        if job is not None and (job.name == name or job.kind != "condition"):
            found.append(unit)
    return found


def _place(unit: Unit, order: list[str]) -> tuple[bool, int]:
    """Return where a step's cell stands: conditions come after the steps in their branches."""
    names = [name_of(step) for step in members(unit.thing)] or [name_of(unit.thing)]
    return hasattr(unit.thing, "if_steps"), -order.index(names[0]) if hasattr(
        unit.thing, "if_steps"
    ) else order.index(names[0])


def _uploads(declaration: Declaration) -> list[Source]:
    """Return the local files and folders that the cells upload."""
    sources = (source for run in declaration.runs for source in run.offline.recorder.sources)
    return [source for source in sources if source.path.exists()]  # the SDK's own temporary files are gone
