"""What declaring finds worth saying: nothing here stops a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.declare.cells import CellRun, Unit, branches, name_of

if TYPE_CHECKING:
    from pipecell.declare.jobs.assembly import StepProblem
    from pipecell.definition.checks.diagnostic import Diagnostic
    from pipecell.definition.document import EngineName


_CONSEQUENCES: Mapping[str, tuple[str, ...]] = {"PC647": ("PC105", "PC110"), "PC653": ("PC105",)}
"""What the definition's rules find in a step because of what its cell says already."""


def of_declaration(
    name: str,
    built: Iterable[Any],
    adopted: Any,
    *,
    held: Mapping[str, Unit],
    runs: Iterable[CellRun],
    is_superseded: Callable[[Any], bool],
) -> Iterator[Diagnostic]:
    """Yield what there is to say about a pipeline's cells.

    ``PC603`` a condition holds a step that its cell no longer declares; ``PC604`` a launch was held
    back; ``PC606`` the adopted pipeline has another name; ``PC611`` others were built beside it.
    """
    runs = list(runs)
    yield from _others(built, adopted)
    yield from _other_name(name, adopted, runs)
    yield from _stale_children(held, is_superseded)
    yield from _held_launches(runs)


def unsaid(declared: Iterable[Diagnostic], ruled: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield what rules find in a definition but what its cells were told already: a fault is told once.

    Args:
        declared: what declaring found.
        ruled: what rules found in the definition.
    """
    told: set[tuple[str | None, str]] = set()
    follows: set[tuple[str | None, str]] = set()
    for found in declared:
        told.add((found.step, found.message))
        follows.update((found.step, code) for code in _CONSEQUENCES.get(found.code, ()))
    for found in ruled:
        if (found.step, found.message) not in told and (found.step, found.code) not in follows:
            yield found


def of_jobs(problems: Iterable[StepProblem]) -> Iterator[Diagnostic]:
    """Yield what is wrong between ``%%step`` cells, such as an output that another cell no longer has."""
    for found in problems:
        yield _diagnostic(
            code=found.problem.code,
            severity=found.problem.severity,
            step=found.step,
            message=found.problem.message,
            hint=found.problem.hint,
            cell=found.cell,
        )


def of_copies(held: Mapping[str, Unit], runs: Iterable[CellRun], engine: EngineName) -> Iterator[Diagnostic]:
    """Yield ``PC612`` for each step that another cell declares, too: a copied cell hides the one before.

    Args:
        held: who holds each name.
        runs: of the cells that are known to stand as they ran, whether they count or not.
        engine: of the pipeline.
    """
    declaring: dict[str, list[CellRun]] = {}
    for run in runs:
        # Without the front end's ids nobody can tell another cell from the same one that was edited.
        for name in () if run.is_anonymous else run.names(engine):
            declaring.setdefault(name, []).append(run)
    for name, unit in held.items():
        others = [run for run in declaring.get(name, ()) if run.key != unit.run.key]
        if not others or unit.run.is_anonymous:
            continue
        numbers = sorted(run.number for run in others if run.number is not None)
        which = f"cell {', '.join(map(str, numbers))}" if numbers else "another cell"
        yield _diagnostic(
            code="PC612",
            severity="warning",
            step=name,
            message=f"{name} is declared by {which}, too. This cell ran last, so its {name} counts.",
            hint="Give one of them another name, or delete the cell that you do not mean.",
            cell=unit.run.number,
        )


def _diagnostic(**fields: Any) -> Diagnostic:
    # Here, for `definition` loads its checks with it, and a cell that declares needs none of them.
    from pipecell.definition.checks.diagnostic import Diagnostic

    return Diagnostic(**{"step": None, "path": "", **fields})


def _other_name(name: str, adopted: Any, runs: Iterable[CellRun]) -> Iterator[Diagnostic]:
    own = getattr(adopted, "name", "") or name
    if own == name:
        return
    cell = next(
        (run.number for run in runs for thing in run.capture.of("pipeline", "workflow") if thing is adopted),
        None,
    )
    yield _diagnostic(
        code="PC606",
        severity="info",
        message=f"{type(adopted).__name__}({own!r}) keeps its own name; this notebook calls it {name}.",
        hint=f"Write %%pipeline {own} to call it the same everywhere.",
        cell=cell,
    )


def _others(built: Iterable[Any], adopted: Any) -> Iterator[Diagnostic]:
    others = list(dict.fromkeys(thing.name for thing in built if thing.name != adopted.name))
    if others:
        yield _diagnostic(
            code="PC611",
            severity="warning",
            message=f"Of several {type(adopted).__name__}s only {adopted.name!r} is used, "
            f"not {', '.join(map(repr, others))}.",
            hint="Give each a %%pipeline of its own.",
        )


def _stale_children(held: Mapping[str, Unit], is_superseded: Callable[[Any], bool]) -> Iterator[Diagnostic]:
    for name, unit in held.items():
        for child in branches(unit.thing):
            if name_of(child) not in held and is_superseded(child):
                yield _diagnostic(
                    code="PC603",
                    severity="warning",
                    step=name,
                    message=f"{name} still holds the step {name_of(child)}, which no cell declares any more.",
                    hint="Run this cell again.",
                    cell=unit.run.number,
                )


def _held_launches(runs: Iterable[CellRun]) -> Iterator[Diagnostic]:
    for run in runs:
        calls = [f"{call.method}()" for call in run.offline.held]
        if calls:
            yield _diagnostic(
                code="PC604",
                severity="info",
                message=f"A %%pipeline cell starts nothing; held back: {', '.join(dict.fromkeys(calls))}.",
                hint="Use %pipeline run.",
                cell=run.number,
            )


def left_out(adopted: Any, held: Mapping[str, Unit], compiled: Iterable[str]) -> Iterator[Diagnostic]:
    """Yield ``PC605`` for steps that cells declare and that an adopted pipeline does not contain."""
    compiled = set(compiled)
    hint = (
        "a.next(b) gives b, not both: write definition=Chain([a, b])."
        if type(adopted).__name__ == "Workflow"
        else "Add it to the steps there, or leave that object out: pipecell collects the steps itself."
    )
    for name, unit in held.items():
        inner = {name, *(name_of(step) for step in getattr(unit.thing, "steps", None) or ())}
        if not inner & compiled:
            yield _diagnostic(
                code="PC605",
                severity="warning",
                step=name,
                message=f"{name} is declared, but not held by {type(adopted).__name__}({adopted.name!r}).",
                hint=hint,
                cell=unit.run.number,
            )


def overwritten(keys: Iterable[str]) -> Iterator[Diagnostic]:
    """Yield ``PC609`` for S3 keys to which the pipeline uploads different files: the last one wins."""
    for key in dict.fromkeys(keys):
        yield _diagnostic(
            code="PC609",
            severity="warning",
            message=f"Two different files are uploaded to the key {key}; only the last one will be there.",
            hint="Give them different names, or the steps different inputs.",
        )
