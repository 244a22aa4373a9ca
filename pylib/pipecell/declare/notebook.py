"""The pipelines that the cells of one notebook declare.

A ``%%pipeline`` cell runs in the user's namespace while the SDKs are hooked (``capture``) and offline
(``sagemaker_v2``). What it created becomes a :class:`CellRun`; a pipeline is the sum of the last runs of
its cells. A cell that raises leaves its pipeline as it was; its namespace keeps what Python left there.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipecell.declare import cells, findings
from pipecell.declare.capture import capturing
from pipecell.declare.cells import CellRun, EngineName
from pipecell.declare.declaration import Declaration
from pipecell.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled

Run = Callable[[str, MutableMapping[str, Any]], None]
"""Runs a cell's body in a namespace and lets its exception out.

The magics pass one that shows the body's last expression as Jupyter does.
"""


@dataclass(eq=False)
class _Pipeline:
    """The last runs of one pipeline's cells, and the order of its step names."""

    runs: dict[str, CellRun] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class Notebook:
    """The pipelines of one kernel; ``declare`` is called once for each run of a ``%%pipeline`` cell."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pipelines: dict[str, _Pipeline] = {}
        self._declarations: dict[str, Declaration] = {}
        self._sequence = 0
        self._latest: str | None = None
        self._seen: dict[int, weakref.ref[Any]] = {}

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
            how = stepfunctions.machine_runner(capture) if as_machine else run or run_as_script
            how(source, namespace)
        with self._lock:
            self._sequence += 1
            made = CellRun(key, cell, self._sequence, source, engine, capture, offline)
            return self._take(name, made)

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

    def forget(self, cell_id: str) -> None:
        """Drop what a cell declared, for a front end that knows that the cell was deleted."""
        with self._lock:
            for name in [name for name, pipeline in self._pipelines.items() if cell_id in pipeline.runs]:
                self._drop(name, cell_id)

    def clear(self, name: str) -> None:
        """Drop a whole pipeline.

        Raises:
            UsageError: there is no such pipeline.
        """
        with self._lock:
            name = self.get(name).name
            del self._pipelines[name], self._declarations[name]

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
        pipeline = self._pipelines.get(name, _Pipeline())
        runs = {**pipeline.runs, made.key: made}
        engine = cells.engine_of(name, runs.values())
        cells.refuse_duplicates(made, engine)
        held = cells.holders(runs.values(), engine)
        runs = {
            key: run for key, run in runs.items() if run is made or cells.is_needed(run, runs, held, engine)
        }
        order = cells.merge_order(pipeline.order, map(cells.name_of, made.units(engine)), held)
        self._remember(made)
        declaration = self._assemble(name, engine, runs, order)
        self._pipelines[name] = _Pipeline(runs, order)
        self._declarations[name] = declaration
        self._latest = name
        for other in [n for n, p in self._pipelines.items() if n != name and made.key in p.runs]:
            self._drop(other, made.key)
        return declaration

    def _remember(self, made: CellRun) -> None:
        """Note what was ever declared, so that leftovers in other cells can be told from plain objects."""
        alive = {number: seen for number, seen in self._seen.items() if seen() is not None}
        self._seen = alive | {id(thing): weakref.ref(thing) for _, thing in made.capture.created}

    def _drop(self, name: str, key: str) -> None:
        runs = {other: run for other, run in self._pipelines[name].runs.items() if other != key}
        if not runs:
            del self._pipelines[name], self._declarations[name]
            return
        engine = cells.engine_of(name, runs.values())
        order = cells.merge_order(self._pipelines[name].order, (), cells.holders(runs.values(), engine))
        self._declarations[name] = self._assemble(name, engine, runs, order)
        self._pipelines[name] = _Pipeline(runs, order)

    def _assemble(
        self, name: str, engine: EngineName, runs: Mapping[str, CellRun], order: list[str]
    ) -> Declaration:
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
            diagnostics=tuple(
                findings.of_declaration(
                    name, built, adopted, held=held, runs=runs.values(), is_superseded=is_superseded
                )
            ),
            adopted=adopted,
            held=held,
            parameters=parameters,
            runs=tuple(runs.values()),
            is_superseded=is_superseded,
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


def run_as_script(source: str, namespace: MutableMapping[str, Any]) -> None:
    """Run a body as a script, so that tracebacks show its lines."""
    import linecache

    filename = f"<pipeline cell {_digest(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)  # type: ignore[arg-type]  # noqa: S102 - the user's own code


def _digest(source: str) -> str:
    import hashlib

    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]
