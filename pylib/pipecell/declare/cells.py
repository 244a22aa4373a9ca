"""One run of one ``%%pipeline`` or ``%%step`` cell, and what several of them amount to.

Names are what joins cells. A step that is declared again replaces the older one wherever it is
held, also inside a condition of a cell that was not run again: references between steps are by
name, so the newer object fits. Nothing here imports an SDK; its objects are read by their attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipecell.errors import DeclarationError

if TYPE_CHECKING:
    from pipecell.declare.capture import Capture
    from pipecell.declare.jobs.cell import StepCell
    from pipecell.declare.sagemaker_v2.context import Offline
    from pipecell.definition.document import EngineName

ANONYMOUS = "anonymous-"
"""How the key of a cell starts that the front end gives no id."""


@dataclass(frozen=True, eq=False)
class CellRun:
    """The last successful run of a cell.

    Attributes:
        key: identity of the cell: the front end's id, else one of our own.
        number: execution count; None where the front end gives none.
        sequence: position among all runs of the notebook's cells; later wins.
        source: the cell's body.
        engine: the engine named by ``--engine``; None when left to what the body creates.
        capture: what it created.
        offline: what it uploaded and held back.
        job: what a ``%%step`` cell says, read; None for a ``%%pipeline`` cell.
    """

    key: str
    number: int | None
    sequence: int
    source: str
    engine: EngineName | None
    capture: Capture
    offline: Offline
    job: StepCell | None = None

    @property
    def is_anonymous(self) -> bool:
        """Say whether the front end gave the cell no id."""
        return self.key.startswith(ANONYMOUS)

    def units(self, engine: EngineName) -> list[Any]:
        """Return what the cell declared by name: steps and collections, or states.

        Steps that a collection made for itself are part of the collection.
        """
        if engine == "stepfunctions":
            return self.capture.of("state")
        made = self.capture.of("step", "collection")
        inner = {id(step) for unit in made for step in members(unit)}
        return [unit for unit in made if id(unit) not in inner]

    def names(self, engine: EngineName) -> list[str]:
        """Return the names that the cell declares, made or not."""
        return [self.job.name] if self.job is not None else [name_of(unit) for unit in self.units(engine)]


@dataclass(frozen=True, eq=False)
class Unit:
    """The object that holds a name now, and the run that made it."""

    thing: Any
    run: CellRun


def name_of(unit: Any) -> str:
    """Return the name of a step, collection or state."""
    return str(unit.state_id if hasattr(type(unit), "to_dict") else unit.name)


def step_of(item: Any) -> Any:
    """Return the step behind an item of a list of steps: itself, or what a ``@step`` result stands for."""
    step = vars(item).get("_step") if hasattr(item, "__dict__") else None
    return item if step is None else step


def members(unit: Any) -> list[Any]:
    """Return the steps inside a step collection; none for a step."""
    return list(unit.steps) if hasattr(type(unit), "request_dicts") else []


def branches(unit: Any) -> list[Any]:
    """Return the direct children of a condition step, both branches; none for other steps."""
    if "if_steps" not in vars(unit):  # states answer None to any attribute
        return []
    return [step_of(item) for item in [*unit.if_steps, *unit.else_steps]]


def holders(runs: Iterable[CellRun], engine: EngineName) -> dict[str, Unit]:
    """Return who holds each name: of two runs that declare it, the later."""
    found: dict[str, Unit] = {}
    for run in sorted(runs, key=lambda run: run.sequence):
        for unit in run.units(engine):
            found[name_of(unit)] = Unit(unit, run)
    return found


def refuse_duplicates(run: CellRun, engine: EngineName) -> None:
    """Raise if one run declares two steps of one name and leaves open which is meant.

    Raises:
        DeclarationError: ``PC602``. A cell that builds its own ``Pipeline(...)`` says itself which.
    """
    if run.capture.of("pipeline", "workflow"):
        return
    seen: dict[str, Any] = {}
    for unit in run.units(engine):
        name = name_of(unit)
        if name in seen:
            raise DeclarationError(
                f"This cell declares two steps named {name}.",
                code="PC602",
                step=name,
                cell=run.number,
                hint="Give each step a name of its own.",
            )
        seen[name] = unit


def merge_order(order: Iterable[str], declared: Iterable[str], alive: Iterable[str]) -> list[str]:
    """Return the names in the order of their first declaration.

    Args:
        order: the order so far.
        declared: names of the run that was just made, in its order; new ones come after their
            neighbour in that run, or at the end.
        alive: names that are held by some run; any that are new to the order come at its end.
    """
    merged = list(order)
    place: int | None = None
    for name in declared:
        if name in merged:
            place = merged.index(name)
        else:
            place = len(merged) - 1 if place is None else place
            merged.insert(place + 1, name)
            place += 1
    keep = dict.fromkeys(alive)
    return [name for name in dict.fromkeys([*merged, *keep]) if name in keep]


def top_level(order: Iterable[str], held: Mapping[str, Unit]) -> list[Any]:
    """Return the held steps that no condition and no collection contains, in order."""
    inside: set[str] = set()
    for unit in held.values():
        inside.update(name_of(child) for child in [*branches(unit.thing), *members(unit.thing)])
    return [held[name].thing for name in order if name not in inside]


def walk(steps: Iterable[Any], held: Mapping[str, Unit]) -> Iterator[Any]:
    """Yield steps, collections and all they contain, each as the object that holds its name now."""
    for item in steps:
        step = step_of(item)
        unit = held.get(name_of(step))
        step = unit.thing if unit is not None else step
        yield step
        yield from walk([*branches(step), *members(step)], held)


def cell_numbers(held: Mapping[str, Unit]) -> dict[str, int]:
    """Return the execution count of the cell behind each step, inner ones of collections included."""
    numbers: dict[str, int] = {}
    for name, unit in held.items():
        if unit.run.number is not None:
            numbers[name] = unit.run.number
            for inner in members(unit.thing):
                numbers.setdefault(name_of(inner), unit.run.number)
    return numbers


def live_parameters(runs: Iterable[CellRun]) -> tuple[tuple[Any, int | None], ...]:
    """Return the parameters that the cells declare now, with the execution counts of their cells.

    Of cells without an id, the later one replaces parameters of the same name, as it does steps.
    """
    live: list[tuple[Any, CellRun]] = []
    for run in sorted(runs, key=lambda run: run.sequence):
        made = run.capture.of("parameter")
        if run.is_anonymous:
            names = {parameter.name for parameter in made}
            live = [(old, by) for old, by in live if not (by.is_anonymous and old.name in names)]
        live += [(parameter, run) for parameter in made]
    return tuple((parameter, run.number) for parameter, run in live)


def latest_jobs(runs: Iterable[CellRun]) -> dict[str, CellRun]:
    """Return the last run of a ``%%step`` cell for each step's name."""
    ordered = sorted(runs, key=lambda run: run.sequence)
    return {run.job.name: run for run in ordered if run.job is not None}


def needed(
    runs: Mapping[str, CellRun], held: Mapping[str, Unit], engine: EngineName, made: CellRun | None = None
) -> dict[str, CellRun]:
    """Return the runs that count, by key: the one that was just made, and those that still hold something."""
    latest = latest_jobs(runs.values())
    return {
        key: run for key, run in runs.items() if run is made or is_needed(run, runs, held, latest, engine)
    }


def is_needed(
    run: CellRun,
    runs: Mapping[str, CellRun],
    held: Mapping[str, Unit],
    latest: Mapping[str, CellRun],
    engine: EngineName,
) -> bool:
    """Say whether a run still counts: later runs may have taken all that it declared.

    Args:
        run: in question.
        runs: all of its pipeline.
        held: who holds each name.
        latest: what `latest_jobs` gives for the runs.
        engine: of the pipeline.
    """
    if run.job is not None and run.is_anonymous:
        return latest.get(run.job.name, run) is run
    if run.units(engine):
        return any(unit.run is run for unit in held.values())
    if not run.is_anonymous or run.capture.of("pipeline", "workflow"):
        return True
    later = {
        parameter.name
        for other in runs.values()
        if other.is_anonymous and other.sequence > run.sequence
        for parameter in other.capture.of("parameter")
    }
    mine = {parameter.name for parameter in run.capture.of("parameter")}
    return not mine or not mine <= later


def engine_of(name: str, runs: Iterable[CellRun]) -> EngineName:
    """Return the engine of a pipeline: the one its cells name, else the one whose objects they create.

    Raises:
        DeclarationError: ``PC608``, the cells disagree.
    """
    runs = list(runs)
    named = {run.engine: run for run in runs if run.engine is not None}
    if len(named) > 1:
        raise DeclarationError(
            f"The cells of {name} name two engines: "
            + " and ".join(f"{engine}{_in_cell(run)}" for engine, run in named.items())
            + ".",
            code="PC608",
            hint="One pipeline has one engine; give one of them another name.",
        )
    for engine in named:
        return engine
    kinds = {kind for run in runs for kind, _ in run.capture.created}
    jobs = any(run.job is not None for run in runs)
    sagemaker = jobs or bool(kinds & {"step", "collection", "pipeline"})
    if (sagemaker and "workflow" in kinds) or (jobs and "state" in kinds):
        raise DeclarationError(
            f"The cells of {name} create SageMaker steps and a Step Functions workflow.",
            code="PC608",
            hint="Declare them as two pipelines, or say which is meant with --engine.",
        )
    return "stepfunctions" if kinds & {"state", "workflow"} and not sagemaker else "sagemaker"


def _in_cell(run: CellRun) -> str:
    return "" if run.number is None else f" (cell {run.number})"


def built(engine: EngineName, runs: Iterable[CellRun]) -> list[Any]:
    """Return the Pipelines or Workflows that the cells build, the latest last.

    A ``Pipeline(name)`` without steps is a handle on one that exists, and not built here.
    """
    kind: Literal["pipeline", "workflow"] = "pipeline" if engine == "sagemaker" else "workflow"
    made = [thing for run in sorted(runs, key=lambda run: run.sequence) for thing in run.capture.of(kind)]
    return [thing for thing in made if kind == "workflow" or thing.steps]


def adopted(name: str, found: Iterable[Any]) -> Any:
    """Return which of the Pipelines or Workflows is meant: the one called ``name``, else the latest."""
    found = list(found)
    same = [thing for thing in found if thing.name == name]
    return (same or found or [None])[-1]
