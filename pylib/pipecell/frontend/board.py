"""What there is to tell front ends, and who is told when.

The board listens to the workspace: a pipeline that was declared, an execution that was met, a profile
that was chosen. It tells of each in the teller's thread, never in the one that runs cells, and keeps
what it told, so that a page hears of an execution only what has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipecell import targets
from pipecell.errors import PipecellError
from pipecell.frontend import executions, pipelines
from pipecell.frontend.pace import Pace
from pipecell.loaded import loaded

if TYPE_CHECKING:
    from pipecell.declare.declaration import Declaration
    from pipecell.engines.engine import ExecutionSummary
    from pipecell.execution import Execution
    from pipecell.frontend.refusals import Refusals
    from pipecell.pipelines import Pipeline
    from pipecell.workspace import Workspace

Message = Mapping[str, Any]
Tell = Callable[[Message], None]

ROWS = 12
"""Executions of a pipeline that are listed."""


class Board:
    """What one kernel has to tell.

    Args:
        shell: the IPython shell.
        workspace: the kernel's pipelines and executions.
        refusals: what was wrong with cells that declared nothing.
        tell: sends a message to every page.
        later: does something in the teller's thread.
    """

    def __init__(
        self,
        shell: Any,
        workspace: Workspace,
        refusals: Refusals,
        tell: Tell,
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._shell = shell
        self._workspace = workspace
        self._refusals = refusals
        self._tell = tell
        self._later = later
        self._closed = False
        self._pipelines: dict[str, _Declared] = {}
        self._pace = Pace(self._tell_pipeline, later)
        self._told_refusals: set[str] = set()
        self._watched: dict[str, _Watched] = {}
        self._target = ""

    def close(self) -> None:
        """Tell nothing any more."""
        self._closed = True
        if self in self._workspace.observers:
            self._workspace.observers.remove(self)

    # What the workspace and the shell say, in the kernel's own threads

    def declared(self, name: str) -> None:
        """Take in a pipeline that a cell has just declared and compiled."""
        self._pace.put(name, _Declared(self._workspace.last_declared[name], self._declaration(name)))

    def profiled(self, name: str) -> None:
        """Take in that another profile, or other values, are in force."""
        self._later(lambda: self._tell_again(name))

    def met(self, execution: Execution) -> None:
        """Take in an execution that was started or asked for here."""
        self._later(lambda: self._follow(execution))

    def progressed(self, name: str, what: str, share: float) -> None:
        """Take in how far something is that happens before a run."""
        self._later(lambda: self._tell({"type": "progress", "pipeline": name, "what": what, "share": share}))

    def cell_ran(self, cell: str | None) -> None:
        """Take in that a cell ended: with an error of ours, another target, one pipeline less."""
        self._later(lambda: self._settle(cell))

    # What is told, in the teller's thread

    def tell_everything(self, tell: Tell) -> None:
        """Tell one page all there is."""
        tell(self.place())
        self._pace.hasten()
        self._keep_up()
        for pipeline in list(self._pipelines.values()):
            tell(self._describe(pipeline))
        for problem in self._refusals:
            tell({"type": "refused", "cell": problem["cell"], "problem": problem})
            self._told_refusals.add(problem["cell"])
        for name in list(self._pipelines):
            tell(self._list(name))
        for watched in list(self._watched.values()):
            tell(watched.whole())

    def listed(self, name: str, on: str) -> dict[str, Any]:
        """Return the executions of a pipeline in a place, as a message."""
        return self._list(name, on)

    def relist(self, name: str, on: str) -> None:
        """Have every page told of the executions of a pipeline."""
        self._later(lambda: self._tell(self._list(name, on)))

    def forgot(self, cell: str) -> None:
        """Have every page told that a cell is gone, and of pipelines that no cell declares any more."""
        self._refusals.forget(cell)
        self._later(lambda: self._tell_refusal(cell))
        self._later(self._keep_up)

    def moved(self) -> None:
        """Have every page told where calls go now."""
        self._later(lambda: self._tell(self.place()))

    def place(self) -> dict[str, Any]:
        """Return where calls go now, as a message; waits where that is being chosen."""
        self._settle_target()
        target = targets.current()
        return {
            "type": "place",
            "target": target.name,
            "region": target.region,
            "line": targets.one_line(),
            "aws": targets.aws_configured(),
        }

    def attach(self, execution: Execution) -> dict[str, Any]:
        """Follow an execution, and return it whole, as a message."""
        watched = self._watched.get(execution.execution_arn) or self._begin(execution)
        return watched.whole()

    def _settle_target(self) -> None:
        """Wait for the target that is being chosen: pages open when pipecell has just been loaded."""
        magics = loaded(self._shell)
        activation = magics.activation if magics is not None else None
        if activation is not None:
            activation.wait()

    def _settle(self, cell: str | None) -> None:
        if cell is not None:
            self._tell_refusal(cell)
        place = self.place()
        if place["target"] != self._target:
            self._target = place["target"]
            self._tell(place)
        self._keep_up()

    def _tell_refusal(self, cell: str) -> None:
        problem = self._refusals.of(cell)
        if problem is not None or cell in self._told_refusals:
            self._tell({"type": "refused", "cell": cell, "problem": problem})
        if problem is not None:
            self._told_refusals.add(cell)
        else:
            self._told_refusals.discard(cell)

    def _keep_up(self) -> None:
        """Compile what was declared before anybody listened, and drop what is declared no more."""
        names = self._workspace.names()
        gone = [name for name in self._pipelines if name not in names]
        for name in gone:
            del self._pipelines[name]
        if gone:
            self._tell({"type": "gone", "pipelines": gone})
        for name in names:
            if name not in self._pipelines:
                declaration = self._declaration(name)
                pipeline = self._workspace.last_declared.get(name) or self._workspace.pipeline(name)
                self._pipelines[name] = _Declared(pipeline, declaration)

    def _tell_pipeline(self, declared: _Declared) -> None:
        name = declared.pipeline.name
        if self._closed or name not in self._workspace.names():
            return  # its cells were deleted, or said %reset, while it waited
        self._pipelines[name] = declared
        self._tell(self._describe(declared))
        self._tell(self._list(name))

    def _tell_again(self, name: str) -> None:
        self._pace.hasten()
        if name in self._pipelines:
            self._tell(self._describe(self._pipelines[name]))

    def _declaration(self, name: str) -> Declaration:
        notebook = self._workspace.notebook
        assert notebook is not None  # noqa: S101 - a kernel's workspace has one
        return notebook.get(name)

    def _describe(self, declared: _Declared) -> dict[str, Any]:
        declaration = declared.declaration
        texts = self._shell.history_manager.input_hist_raw
        runs = (*declaration.runs, *declaration.outdone)
        numbers = [run.number for run in runs if run.number is not None]
        sources = {number: texts[number] for number in numbers if number < len(texts)}
        described = pipelines.describe(declared.pipeline, declaration, sources)
        return {"type": "pipeline", "pipeline": described}

    def _list(self, name: str, on: str = "local") -> dict[str, Any]:
        message: dict[str, Any] = {
            "type": "executions",
            "pipeline": name,
            "on": on,
            "trouble": "",
            "rows": [],
        }
        try:
            if on == "local":
                self._workspace.connect("local", start=False)  # nobody asked for an endpoint to be started
            found = self._workspace.executions(on, self._deployed(name), ROWS)
        except PipecellError as error:
            return {**message, "trouble": str(error)}
        for summary in found:
            message["rows"].append(executions.row(summary) | {"ended": self._ended(summary)})
        if found and on == "local":
            newest = self._workspace.execution(found[0].execution_arn, on=on)
            if newest.execution_arn not in self._watched:
                self._tell(self._begin(newest).whole())
            message["changed"] = self._changed(name, newest)
        return message

    def _ended(self, row: ExecutionSummary) -> float | None:
        try:
            return self._workspace.engine(row.engine, row.target).ended(row)
        except PipecellError:
            return None  # its row stays without a time

    def _changed(self, name: str, execution: Execution) -> list[str]:
        """Return the steps that are declared otherwise than in an execution of the pipeline."""
        try:
            return executions.changed(self._pipelines[name].pipeline.document, execution.document)
        except (KeyError, PipecellError):
            return []  # it does not compile now: its problems say so

    def _deployed(self, name: str) -> str:
        notebook = self._workspace.notebook
        return notebook.get(name).deployed_name if notebook is not None else name

    def _follow(self, execution: Execution) -> None:
        self._pace.hasten()  # a page turns to the pipeline of a run, which it must know
        if execution.execution_arn not in self._watched:
            self._tell(self._begin(execution).whole())

    def _begin(self, execution: Execution) -> _Watched:
        watched = _Watched(execution)
        self._watched[execution.execution_arn] = watched
        execution.listen(lambda: self._later(lambda: self._tell_change(watched)))
        return watched

    def _tell_change(self, watched: _Watched) -> None:
        change = watched.change()
        if change is not None and not self._closed:
            self._tell(change)


@dataclass(frozen=True)
class _Declared:
    """A pipeline and the cells that it was compiled from: a cell that runs meanwhile is another one's."""

    pipeline: Pipeline
    declaration: Declaration


class _Watched:
    """An execution that front ends follow, and what they know of it."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._row: dict[str, Any] = {}
        self._steps: dict[str, dict[str, Any]] = {}

    def whole(self) -> dict[str, Any]:
        """Return all of it as a message."""
        self._look()
        return {
            "type": "execution",
            "arn": self._execution.execution_arn,
            "row": self._row,
            "steps": self._steps,
        }

    def change(self) -> dict[str, Any] | None:
        """Return what changed since the last message; None when nothing did."""
        row, steps = self._row, self._steps
        self._look()
        rows, told = executions.changes(row, self._row), executions.changes(steps, self._steps)
        told |= dict.fromkeys(name for name in steps if name not in self._steps)  # it begins anew
        if not rows and not told:
            return None
        return {"type": "delta", "arn": self._execution.execution_arn, "row": rows, "steps": told}

    def _look(self) -> None:
        seen = self._execution.last_seen
        self._row = executions.row(seen, profile=self._execution.profile)
        self._steps = executions.steps(self._execution, seen)
