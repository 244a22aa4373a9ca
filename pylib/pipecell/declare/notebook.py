"""The pipelines that the cells of one notebook declare.

A ``%%pipeline`` cell runs in the user's namespace while the SDKs are hooked (``capture``) and offline
(``sagemaker_v2``). What it created becomes a :class:`CellRun`; a pipeline is the sum of the last runs of
its cells. A cell that raises leaves its pipeline as it was; its namespace keeps what Python left there.
A ``%%step`` cell is only read when it runs (``jobs``); its objects are made when its pipeline is put
together, since they depend on cells that may run later.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.declare import cells, findings
from pipecell.declare.capture import Capture, capturing
from pipecell.declare.cells import CellRun
from pipecell.declare.declaration import Declaration
from pipecell.declare.jobs.assembly import Assembled, Assembler
from pipecell.definition.document import EngineName
from pipecell.errors import MissingDependencyError, UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.declare.jobs.cell import StepCell
    from pipecell.declare.jobs.scope import Scope
    from pipecell.declare.sagemaker_v2.context import Offline

Run = Callable[[str, MutableMapping[str, Any]], None]
"""Runs a cell's body in a namespace and lets its exception out.

The magics pass one that shows the body's last expression as Jupyter does.
"""


UNNAMED = "Pipeline"
"""The pipeline of ``%%step`` cells that run before any is named; the first that is named takes them."""


@dataclass(eq=False)
class _Pipeline:
    """The last runs of one pipeline's cells, the order of its step names, and the maker of its jobs.

    Attributes:
        outdone: runs of cells that are still there, though later cells declare all that they do.
    """

    runs: dict[str, CellRun] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    assembler: Assembler = field(default_factory=lambda: Assembler(build_job))
    outdone: dict[str, CellRun] = field(default_factory=dict)

    @property
    def all_runs(self) -> dict[str, CellRun]:
        """Every cell's last run, by key."""
        return {**self.outdone, **self.runs}


class Notebook:
    """The pipelines of one kernel; ``declare`` is called once for each run of a ``%%pipeline`` cell."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pipelines: dict[str, _Pipeline] = {}
        self._declarations: dict[str, Declaration] = {}
        self._sequence = 0
        self._latest: str | None = None
        self._seen: dict[int, weakref.ref[Any]] = {}
        self._has_unnamed = False
        self._edited: set[str] = set()

    def declare(
        self,
        name: str,
        source: str,
        namespace: MutableMapping[str, Any],
        *,
        engine: EngineName | None = None,
        cell_id: str | None = None,
        cell: int | None = None,
        run: Run | None = None,
    ) -> Declaration:
        """Run a cell's body and take what it creates into the pipeline ``name``.

        Args:
            name: the pipeline's name.
            source: the body, plain Python, or a whole state machine in JSON or YAML.
            namespace: the user's namespace, changed as the body says.
            engine: whose SDK the body uses; by default seen from what it creates.
            cell_id: the front end's identity of the cell. A cell that runs again replaces all that it
                declared. Without one, a body that ran before is the same cell, and else only the steps
                of the same names are replaced.
            cell: execution count, for diagnostics and graph nodes.
            run: runs the body; by default as a script, without display.

        Returns:
            The pipeline as it is now.

        Raises:
            DeclarationError: what the cell declares is impossible; the pipeline stays as it was.
            MissingDependencyError: the body imports an SDK that is not installed; likewise.
            BaseException: whatever the body raises, with its own traceback; likewise.
        """
        from pipecell.declare import sagemaker_v2, stepfunctions
        from pipecell.declare.sagemaker_v2.context import Offline

        key = self._key(name, source, cell_id)
        offline = Offline(
            owner=_digest(source),
            taken_names=self._names_of_others(name, key),
        )
        with capturing() as capture, sagemaker_v2.offline_cell(offline), stepfunctions.offline_cell(cell):
            as_machine = stepfunctions.is_machine(source, engine)
            how = stepfunctions.machine_runner(capture, cell) if as_machine else run or run_as_script
            try:
                how(source, namespace)
            except ModuleNotFoundError as error:
                _explain(error)
                raise
        with self._lock:
            self._sequence += 1
            made = CellRun(key, cell, self._sequence, source, engine, capture, offline)
            return self._take(name, made)

    def declare_step(
        self,
        kind: str,
        options: Mapping[str, Any],
        body: str,
        namespace: Mapping[str, Any],
        *,
        line: str = "",
        cell_id: str | None = None,
        cell: int | None = None,
    ) -> Declaration:
        """Take a ``%%step`` cell into its pipeline.

        Args:
            kind: the step's kind.
            options: the words of its line, by option.
            body: the cell below its first line.
            namespace: the user's namespace; read, not changed.
            line: its first line after ``%%step``, as it was typed.
            cell_id: as for `declare`.
            cell: execution count.

        Returns:
            The pipeline as it is now: the one of ``--pipeline``, else the one that the cell belongs to
            already, else the one that was opened last.

        Raises:
            DeclarationError: what the cell says is impossible; the pipeline stays as it was.
        """
        from pipecell.declare.jobs.bodies import Surroundings
        from pipecell.declare.jobs.reading import read_cell
        from pipecell.declare.sagemaker_v2.context import Offline

        with self._lock:
            name, is_unnamed = self._pipeline_of_step(options, cell_id)
            source = f"%%step {line or f'{kind} {options}'}\n{body}"
            key = self._key(name, source, cell_id)
            runs = self._pipelines.get(name, _Pipeline()).runs
            others = [run for run in runs.values() if run.key != key]
            around = Surroundings(
                namespace, Path.cwd(), name, tuple(cells.holders(others, "sagemaker")), cell
            )
            job = read_cell(kind, options, body, around)
            self._sequence += 1
            made = CellRun(
                key, cell, self._sequence, source, "sagemaker", Capture(), Offline(owner=job.name), job
            )
            declaration = self._take(name, made)
            self._has_unnamed = self._has_unnamed or is_unnamed
            return declaration

    @property
    def declarations(self) -> Mapping[str, Declaration]:
        """Pipelines by the name after ``%%pipeline``, in the order of their first cell."""
        with self._lock:
            return dict(self._declarations)

    def get(self, name: str | None = None) -> Declaration:
        """Return one pipeline.

        Args:
            name: the name after ``%%pipeline``, or the own name of an adopted ``Pipeline``; by default the
                pipeline whose cell ran last.

        Raises:
            UsageError: there is no such pipeline.
        """
        declarations = self.declarations
        if name is None:
            if self._latest is None or self._latest not in declarations:
                raise UsageError(
                    "This notebook declares no pipeline yet.", hint="Start a cell with %%pipeline NAME."
                )
            return declarations[self._latest]
        if name in declarations:
            return declarations[name]
        for declaration in declarations.values():
            if declaration.deployed_name == name:
                return declaration
        raise UsageError(
            f'There is no pipeline "{name}" in this notebook.', hint=did_you_mean(name, declarations)
        )

    def forget(self, cell_id: str) -> list[str]:
        """Drop what a cell declared, for a front end that knows that the cell was deleted.

        Returns:
            The pipelines that it belonged to.
        """
        with self._lock:
            names = self._names_with(cell_id)
            for name in names:
                gone = self._pipelines[name].all_runs[cell_id]
                self._settle(name, gone=cell_id)
                self._remove_scripts([gone])
            self._edited.discard(cell_id)
            return names

    def edited(self, cell_id: str, is_edited: bool) -> list[str]:
        """Take in whether a cell reads otherwise than when it ran: what it says now nobody knows.

        Returns:
            The pipelines of which there is something else to say now.
        """
        with self._lock:
            if is_edited == (cell_id in self._edited):
                return []
            (self._edited.add if is_edited else self._edited.discard)(cell_id)
            names = self._names_with(cell_id)
            before = {name: self._declarations[name].diagnostics for name in names}
            for name in names:
                self._settle(name)
            return [name for name in names if self._declarations[name].diagnostics != before[name]]

    def clear(self, name: str) -> None:
        """Drop a whole pipeline.

        Raises:
            UsageError: there is no such pipeline.
        """
        with self._lock:
            name = self.get(name).name
            self._has_unnamed = self._has_unnamed and name != UNNAMED
            del self._pipelines[name], self._declarations[name]

    def _pipeline_of_step(self, options: Mapping[str, Any], cell_id: str | None) -> tuple[str, bool]:
        """Return the pipeline that a ``%%step`` cell belongs to, and whether nobody has named one yet."""
        if options.get("pipeline"):
            return str(options["pipeline"]), False
        for name, pipeline in self._pipelines.items():
            for run in pipeline.runs.values():
                same = run.key == cell_id if cell_id is not None else _names(run, options.get("name"))
                if run.job is not None and same:
                    return name, name == UNNAMED and self._has_unnamed
        if self._latest is not None and self._latest in self._pipelines:
            return self._latest, self._latest == UNNAMED and self._has_unnamed
        return UNNAMED, True

    def _adopt_unnamed(self, name: str) -> None:
        """Give the cells that ran before any pipeline was named to the first one that is."""
        if not self._has_unnamed or name == UNNAMED:
            return
        self._has_unnamed = False
        before = self._pipelines.pop(UNNAMED, None)
        self._declarations.pop(UNNAMED, None)
        if before is None:
            return
        moved = {key: _moved(run, name) for key, run in before.runs.items()}
        known = self._pipelines.get(name, _Pipeline())
        self._pipelines[name] = _Pipeline(
            {**moved, **known.runs}, before.order, outdone={**before.outdone, **known.outdone}
        )

    def _key(self, name: str, source: str, cell_id: str | None) -> str:
        if cell_id is not None:
            return cell_id
        runs = self._pipelines.get(name, _Pipeline()).runs
        same = [key for key, run in runs.items() if run.is_anonymous and run.source == source]
        return same[0] if same else f"{cells.ANONYMOUS}{self._sequence + 1}"

    def _names_of_others(self, name: str, key: str) -> frozenset[str]:
        """Return the step names that a new ``@step`` of this cell must not take."""
        runs = self._pipelines.get(name, _Pipeline()).runs.values()
        return frozenset(
            cells.name_of(unit) for run in runs if run.key != key for unit in run.units("sagemaker")
        )

    def _take(self, name: str, made: CellRun) -> Declaration:
        self._adopt_unnamed(name)
        pipeline = self._pipelines.get(name, _Pipeline())
        runs = {**pipeline.runs, made.key: made}
        engine = cells.engine_of(name, runs.values())
        assembled = pipeline.assembler.assemble(name, runs, made)
        runs = assembled.runs
        made = runs[made.key]
        cells.refuse_duplicates(made, engine)
        held = cells.holders(runs.values(), engine)
        needed = cells.needed(runs, held, engine, made)
        order = cells.merge_order(pipeline.order, map(cells.name_of, made.units(engine)), held)
        self._edited.discard(made.key)
        outdone = _outdone({**pipeline.outdone, **runs}, needed)
        declaration = self._assemble(name, engine, replace(assembled, runs=needed), order, outdone)
        replaced = [run for key, run in pipeline.runs.items() if key not in needed or key == made.key]
        self._pipelines[name] = _Pipeline(needed, order, pipeline.assembler, outdone)
        self._declarations[name] = declaration
        self._latest = name
        for other in self._names_with(made.key):
            if other != name:
                replaced.append(self._pipelines[other].all_runs[made.key])
                self._settle(other, gone=made.key)
        self._remove_scripts(replaced)
        return declaration

    def _names_with(self, key: str) -> list[str]:
        """Return the pipelines that a cell belongs to."""
        return [name for name, pipeline in self._pipelines.items() if key in pipeline.all_runs]

    def _remove_scripts(self, gone: Iterable[CellRun]) -> None:
        """Remove the scripts of runs that are gone, except those that a cell still has."""
        from pipecell.declare.jobs import script

        scripts = [run.job.script for run in gone if run.job is not None and run.job.script is not None]
        if not scripts:
            return
        alive = {
            run.job.script.path
            for pipeline in self._pipelines.values()
            for run in pipeline.runs.values()
            if run.job is not None and run.job.script is not None
        }
        for old in scripts:
            if old.path not in alive and not old.own:
                script.remove(old.path, old.text)

    def _remember(self, runs: Iterable[CellRun]) -> None:
        """Note what was ever declared, so that leftovers in other cells can be told from plain objects."""
        alive = {number: seen for number, seen in self._seen.items() if seen() is not None}
        created = (thing for run in runs for _, thing in run.capture.created)
        self._seen = alive | {id(thing): weakref.ref(thing) for thing in created}

    def _settle(self, name: str, *, gone: str = "") -> None:
        """Put a pipeline together again, without the cell that is gone: others get back what it took."""
        pipeline = self._pipelines[name]
        left, outdone = (
            {key: run for key, run in runs.items() if key != gone}
            for runs in (pipeline.runs, pipeline.outdone)
        )
        if not left and not outdone:
            del self._pipelines[name], self._declarations[name]
            return
        engine = cells.engine_of(name, (left or outdone).values())
        runs = {**{key: run for key, run in outdone.items() if run.names(engine)}, **left}
        assembled = pipeline.assembler.assemble(name, runs)
        held = cells.holders(assembled.runs.values(), engine)
        needed = cells.needed(assembled.runs, held, engine)
        outdone = _outdone(assembled.runs, needed)
        order = cells.merge_order(pipeline.order, (), held)
        self._declarations[name] = self._assemble(
            name, engine, replace(assembled, runs=needed), order, outdone
        )
        self._pipelines[name] = _Pipeline(needed, order, pipeline.assembler, outdone)

    def _assemble(
        self,
        name: str,
        engine: EngineName,
        assembled: Assembled,
        order: list[str],
        outdone: Mapping[str, CellRun],
    ) -> Declaration:
        runs = assembled.runs
        self._remember(runs.values())
        unedited = [run for key, run in {**outdone, **runs}.items() if key not in self._edited]
        held = cells.holders(runs.values(), engine)
        built = cells.built(engine, runs.values())
        adopted = cells.adopted(name, built)
        parameters = cells.live_parameters(runs.values())
        is_superseded = self._superseded(runs.values(), parameters)
        steps = cells.top_level(order, held) if adopted is None else list(getattr(adopted, "steps", ()))
        return Declaration(
            name=name,
            engine=engine,
            deployed_name=getattr(adopted, "name", "") or name,
            steps=tuple(steps),
            cells=cells.cell_numbers(held),
            diagnostics=(
                *findings.of_declaration(
                    name, built, adopted, held=held, runs=runs.values(), is_superseded=is_superseded
                ),
                *findings.of_jobs(assembled.problems),
                *findings.of_copies(held, unedited, engine),
            ),
            adopted=adopted,
            held=held,
            parameters=parameters,
            runs=tuple(runs.values()),
            missing=assembled.missing,
            is_superseded=is_superseded,
            outdone=tuple(outdone.values()),
        )

    def _superseded(
        self, runs: Iterable[CellRun], parameters: tuple[tuple[Any, int | None], ...]
    ) -> Callable[[Any], bool]:
        alive = {id(thing) for run in runs for kind, thing in run.capture.created if kind != "parameter"}
        alive |= {id(parameter) for parameter, _ in parameters}
        seen = self._seen

        def is_superseded(thing: Any) -> bool:
            known = seen.get(id(thing))
            return known is not None and known() is thing and id(thing) not in alive

        return is_superseded


def compile_declaration(declaration: Declaration) -> Compiled:
    """Compile a pipeline with the SDK of its engine, without any network.

    Raises:
        DefinitionError: the SDK refuses, in its own words, with step and cell.
        DeclarationError: the declaration contradicts itself.
        MissingDependencyError: the SDK is not installed.
    """
    from pipecell.declare import sagemaker_v2, stepfunctions

    if declaration.engine == "stepfunctions":
        return stepfunctions.compile(declaration)
    return sagemaker_v2.compile(declaration)


def build_job(job: StepCell, scope: Scope) -> tuple[Any, Capture, Offline]:
    """Make the SDK's objects of a ``%%step`` cell, without any network.

    Raises:
        DeclarationError: the cell says something impossible; ``PC620``, the SDK refuses, in its own words.
        MissingDependencyError: the SDK is not installed.
    """
    from pipecell.declare import sagemaker_v2
    from pipecell.declare.sagemaker_v2.context import Offline

    offline = Offline(owner=job.name)
    with capturing() as capture, sagemaker_v2.offline_cell(offline):
        thing = sagemaker_v2.build_step(job, scope)
    return thing, capture, offline


def _names(run: CellRun, step: Any) -> bool:
    return run.is_anonymous and run.job is not None and run.job.name == step


def _outdone(runs: Mapping[str, CellRun], needed: Mapping[str, CellRun]) -> dict[str, CellRun]:
    """Return the runs that do not count, of cells that a front end tells apart: others are forgotten."""
    return {key: run for key, run in runs.items() if key not in needed and not run.is_anonymous}


def _moved(run: CellRun, pipeline: str) -> CellRun:
    """Return a ``%%step`` run whose script belongs to another pipeline."""
    job = run.job
    if job is None or job.script is None or job.script.own:
        return run
    from pipecell.declare.jobs import script

    script.remove(job.script.path, job.script.text)
    path = job.script.path.parent.parent / pipeline / job.script.path.name
    return replace(run, job=replace(job, script=replace(job.script, path=path)))


def run_as_script(source: str, namespace: MutableMapping[str, Any]) -> None:
    """Run a body as a script, so that tracebacks show its lines."""
    import linecache

    filename = f"<pipeline cell {_digest(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)  # type: ignore[arg-type]  # noqa: S102 - the user's own code


def _explain(missing: ModuleNotFoundError) -> None:
    """Say how an SDK that a body imports is installed; what else is missing is the body's own."""
    sdk = {"sagemaker": "SageMaker SDK, version 2,", "stepfunctions": "Step Functions SDK"}.get(
        missing.name or ""
    )
    if sdk:
        raise MissingDependencyError(
            f"The {sdk} is not installed in this kernel.", hint='Install it with: pip install "pipecell[v2]"'
        ) from missing


def _digest(source: str) -> str:
    import hashlib

    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]
