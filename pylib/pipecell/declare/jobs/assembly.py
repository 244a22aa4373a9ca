"""From the ``%%step`` cells of one pipeline to SDK objects, whatever order the cells ran in.

A cell's objects depend on the cell and on a few facts about the steps that it names: their kinds, outputs and
images, and who reads JSON from its own outputs. They are made again only when one of these has changed, so a
cell that runs again costs its own step and those that really touch it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pipecell.declare.capture import Capture
from pipecell.declare.cells import CellRun, holders, live_parameters, members, name_of
from pipecell.declare.compiled import Missing
from pipecell.declare.jobs import facts as known
from pipecell.declare.jobs.cell import StepCell
from pipecell.declare.jobs.facts import StepFacts
from pipecell.declare.jobs.scope import Problem, Scope
from pipecell.errors import DeclarationError

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.context import Offline

Build = Callable[[StepCell, Scope], "tuple[Any, Capture, Offline]"]
"""Makes a cell's SDK objects: the outermost, all that were created, and what was uploaded meanwhile."""


_ALMOST_THE_SAME = 0.85
"""Names of one pipeline often start alike; only a slip of the pen is taken for another step."""


_READS_CELLS = frozenset({"tuning", "register", "model", "transform"})
"""Kinds that read more of another cell than its outputs: its image, its script, its values."""


@dataclass(frozen=True)
class StepProblem:
    """A problem between cells, with the step whose cell has it."""

    step: str
    cell: int | None
    problem: Problem


@dataclass(frozen=True)
class Assembled:
    """The cells' objects.

    Attributes:
        runs: all runs, those of ``%%step`` cells with what they created.
        missing: steps that are named and not declared.
        problems: what is wrong between cells.
    """

    runs: dict[str, CellRun]
    missing: tuple[Missing, ...] = ()
    problems: tuple[StepProblem, ...] = ()


@dataclass(frozen=True, eq=False)
class _Built:
    """A cell's objects and what they were made from."""

    key: tuple[Any, ...]
    run: CellRun
    thing: Any
    scope: Scope


@dataclass(eq=False)
class Assembler:
    """Makes the objects of one pipeline's ``%%step`` cells and keeps them while they hold.

    Args:
        build: makes the objects of one cell.
    """

    build: Build
    _built: dict[str, _Built] = field(default_factory=dict)

    def assemble(self, pipeline: str, runs: Mapping[str, CellRun], made: CellRun | None = None) -> Assembled:
        """Return the runs with the objects of their ``%%step`` cells.

        Args:
            pipeline: the pipeline's name.
            runs: its cells' last runs.
            made: the run that is new: what is wrong with its own cell is raised.

        Raises:
            DeclarationError: the new cell cannot be made.
        """
        jobs = {run.job.name: run for run in _by_sequence(runs.values()) if run.job is not None}
        if not jobs:
            self._built.clear()
            return Assembled(dict(runs))
        plain = [run for run in runs.values() if run.job is None]
        objects = {name: unit.thing for name, unit in holders(plain, "sagemaker").items()}
        objects |= {name_of(inner): inner for thing in list(objects.values()) for inner in members(thing)}
        facts = {name: known.of_object(thing) for name, thing in objects.items()}
        facts |= {name: known.of_cell(run.job) for name, run in jobs.items() if run.job is not None}
        files = _files_read(jobs.values(), facts)
        parameters = {parameter.name: parameter for parameter, _ in live_parameters(plain)}
        built: dict[str, _Built] = {}
        problems: list[StepProblem] = []
        for name in _children_first(jobs):
            run = jobs[name]
            assert run.job is not None  # noqa: S101 - jobs are runs that have one
            named = sorted(run.job.steps_named())
            things = {other: built[other].thing if other in built else objects.get(other) for other in named}
            scope = Scope(
                pipeline,
                {other: facts.get(other) for other in named},
                {other: thing for other, thing in things.items() if thing is not None},
                tuple(sorted(files.get(name, ()))),
                parameters,
            )
            try:
                built[name] = self._make(run, scope, _key(pipeline, run, scope))
            except DeclarationError as error:
                if made is not None and run.key == made.key:
                    raise
                self._built.pop(run.key, None)
                problems.append(StepProblem(name, run.number, Problem(error.code, error.message, error.hint)))
        self._built = {one.run.key: one for one in built.values()}
        new_runs = {
            key: self._built[key].run if key in self._built else _without_objects(run)
            for key, run in runs.items()
        }
        for name, one in built.items():
            problems += [StepProblem(name, one.run.number, problem) for problem in one.scope.problems]
        missing = [missed for one in built.values() for missed in one.scope.missing]
        problems += [_of_missing(missed, jobs, facts) for missed in missing if missed.kind != "data"]
        problems += _shared_children(jobs.values())
        return Assembled(new_runs, tuple(dict.fromkeys(missing)), tuple(problems))

    def _make(self, run: CellRun, scope: Scope, key: tuple[Any, ...]) -> _Built:
        before = self._built.get(run.key)
        if before is not None and before.key == key:
            return before
        assert run.job is not None  # noqa: S101 - asked of runs that have one
        thing, capture, offline = self.build(run.job, scope)
        return _Built(key, replace(run, capture=capture, offline=offline), thing, scope)


def _without_objects(run: CellRun) -> CellRun:
    """Return a ``%%step`` run that could not be made, or that a later cell replaced, without old objects."""
    return run if run.job is None else replace(run, capture=Capture())


def _by_sequence(runs: Iterable[CellRun]) -> list[CellRun]:
    return sorted(runs, key=lambda run: run.sequence)


def _key(pipeline: str, run: CellRun, scope: Scope) -> tuple[Any, ...]:
    """Return what the cell's objects are made from; equal keys make equal objects."""
    whole = run.job is not None and run.job.kind in _READS_CELLS
    seen = tuple(
        (name, _facts_key(found, whole), name in scope.things) for name, found in scope.facts.items()
    )
    used = tuple((name, id(parameter)) for name, parameter in sorted(scope.parameters.items()))
    return (pipeline, id(run.job), seen, scope.files, used)


def _facts_key(found: StepFacts | None, whole: bool) -> tuple[Any, ...] | None:
    if found is None:
        return None
    cell = id(found.cell) if whole else None
    files = found.cell.files if found.cell is not None else ()
    return (found.kind, found.names, found.outputs, id(found.image), cell, files)


def _files_read(runs: Iterable[CellRun], facts: Mapping[str, StepFacts]) -> dict[str, set[tuple[str, str]]]:
    """Return the JSON files that cells read, as (output, file) by the step that writes them.

    What a cell reads that the step does not write is that cell's error, and nothing that the step declares.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for run in runs:
        for output in run.job.outputs_read() if run.job is not None else ():
            step = facts.get(output.step)
            known = step.outputs if step is not None else None
            if output.path and (known is None or output.output in known):
                found.setdefault(output.step, set()).add((output.output, output.json_file))
    return found


def _children_first(jobs: Mapping[str, CellRun]) -> list[str]:
    """Return the names so that the steps in a condition's branches come before it; else by name."""
    done: dict[str, None] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        run = jobs.get(name)
        if run is None or name in done or name in above:
            return
        if run.job is not None and run.job.branching is not None:
            for child in run.job.branching.steps():
                visit(child, above | {name})
        done[name] = None

    for name in sorted(jobs):
        visit(name, frozenset())
    return list(done)


def _of_missing(missed: Missing, jobs: Mapping[str, CellRun], facts: Mapping[str, StepFacts]) -> StepProblem:
    others = [name for name in facts if name != missed.user]
    close = get_close_matches(missed.name, others, n=1, cutoff=_ALMOST_THE_SAME)
    hint = f"Did you mean {close[0]}? Else run its cell." if close else "Run its cell, or correct the name."
    return StepProblem(
        missed.user,
        jobs[missed.user].number,
        Problem("PC648", f"No cell declares {missed.name} yet.", hint),
    )


def _shared_children(runs: Iterable[CellRun]) -> list[StepProblem]:
    """Return the steps that stand in branches of two conditions."""
    holder: dict[str, str] = {}
    found = []
    for run in sorted(runs, key=lambda run: run.job.name if run.job is not None else ""):
        if run.job is None or run.job.branching is None:
            continue
        for child in dict.fromkeys(run.job.branching.steps()):
            if child in holder:
                problem = Problem(
                    "PC652",
                    f"{child} stands in branches of {holder[child]} and of {run.job.name}.",
                    "A step can follow one condition only.",
                )
                found.append(StepProblem(run.job.name, run.number, problem))
            holder.setdefault(child, run.job.name)
    return found
