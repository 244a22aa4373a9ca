"""Execution: one run of a pipeline, to look at, wait for, stop and read the logs of."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pipecell.definition.outcome import with_values
from pipecell.engines.engine import SUCCEEDED
from pipecell.engines.logs import Log
from pipecell.errors import EndpointError, ExecutionError, UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.definition.cache.hindsight import Verdict
    from pipecell.definition.document import Document
    from pipecell.engines.engine import Engine, ExecutionSnapshot, LogLine, StepSnapshot
    from pipecell.engines.monitor import Monitor, Watch
    from pipecell.engines.scope import RunScope
    from pipecell.graph import Graph, NodeState
    from pipecell.resuming import Resumption
    from pipecell.run_picture import RunPicture
    from pipecell.spending import Spending
    from pipecell.view.header import Header
    from pipecell.view.widget import DagWidget

PATIENCE = {"local": 30.0, "aws": 600.0}
"""Seconds for which `Execution.wait` bears looks that fail before it gives up."""


class Screen(Protocol):
    """What shows executions in a notebook."""

    def show(self, execution: Execution) -> None:
        """Show an execution in the running cell, live while it runs."""

    def widget(self, execution: Execution) -> DagWidget:
        """Return the live widget of an execution, made at the first call."""


class Execution:
    """One execution, wherever it runs.

    It holds no result of its own: everything is read from the engine, so an execution started by
    another notebook, or before the kernel was restarted, is the same object.

    Args:
        engine: where it runs.
        execution_arn: the execution.
        monitor: looks at it while someone watches.
        screen: shows it in a notebook.
        profile: name of the profile it was started with, where this process started it and one applies.
    """

    def __init__(
        self,
        engine: Engine,
        execution_arn: str,
        *,
        monitor: Monitor,
        screen: Screen,
        profile: str = "",
    ) -> None:
        self._engine = engine
        self._monitor = monitor
        self._screen = screen
        self._watch: Watch | None = None
        self._listeners: list[Callable[[], None]] = []
        self._seen: ExecutionSnapshot | None = None
        self._definition: tuple[Document, Graph] | None = None
        self._inner: dict[str, Execution] = {}
        self._verdicts: dict[tuple[str, float | None, bool], Verdict | None] = {}
        self.execution_arn = execution_arn
        self.profile = profile

    @property
    def target(self) -> str:
        """``local`` or ``aws``."""
        return self._engine.target

    @property
    def engine(self) -> Engine:
        """Where it runs."""
        return self._engine

    @property
    def trouble(self) -> str:
        """Why it could not be seen at the last look; empty when it could."""
        trouble = self._watch.trouble if self._watch is not None else None
        return str(trouble) if trouble is not None else ""

    @property
    def snapshot(self) -> ExecutionSnapshot:
        """The execution now; asked for anew unless it has ended or is being watched.

        Raises:
            ExecutionError: there is no such execution, or AWS refused.
            EndpointError: the local endpoint does not answer.
        """
        watched = self._watch.snapshot if self._watch is not None and not self._watch.trouble else None
        if watched is not None:
            self._seen = watched
        elif self._seen is None or self._seen.running:
            self._seen = self._engine.describe(self.execution_arn)
        return self._seen

    @property
    def last_seen(self) -> ExecutionSnapshot:
        """The execution as it was when it could last be seen: what there is to draw."""
        watched = self._watch.snapshot if self._watch is not None else None
        return watched if watched is not None else self.snapshot

    @property
    def pipeline(self) -> str:
        """Name of the pipeline."""
        return self.snapshot.pipeline

    @property
    def status(self) -> str:
        """AWS's status word, for example ``Executing`` or ``Succeeded``."""
        return self.snapshot.status

    @property
    def failure_reason(self) -> str:
        """Why it failed; empty when it did not."""
        return self.snapshot.failure_reason

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameter values that it runs with."""
        return self.snapshot.parameters

    @property
    def steps(self) -> tuple[StepSnapshot, ...]:
        """The steps that started, in that order."""
        return self.snapshot.steps

    @property
    def document(self) -> Document:
        """The definition that it runs."""
        return self._drawn()[0]

    @property
    def valued_document(self) -> Document:
        """The definition that it runs, with its own values as the defaults of the parameters."""
        return with_values(self.document, self.parameters)

    @property
    def graph(self) -> Graph:
        """The DAG that it runs."""
        return self._drawn()[1]

    @property
    def scope(self) -> RunScope:
        """What references mean in it, as far as its steps have ended."""
        from pipecell.engines.scope import RunScope

        return RunScope(self._engine, self.document, self.last_seen)

    def started_inside(self, execution_arn: str) -> Execution:
        """Return an execution that a step of this one started, in the same place."""
        from pipecell.engines.inside import engine_for, engine_name

        if execution_arn not in self._inner:
            place = engine_for(self._engine, engine_name(execution_arn))
            self._inner[execution_arn] = Execution(
                place, execution_arn, monitor=self._monitor, screen=self._screen
            )
        return self._inner[execution_arn]

    def watch(self) -> Watch:
        """Return the watch of this execution, begun at the first call."""
        if self._watch is None:
            self._watch = self._monitor.watch(self._engine, self.execution_arn, self._told)
        return self._watch

    def listen(self, on_change: Callable[[], None]) -> None:
        """Watch it, and call ``on_change`` in the monitor's thread whenever it has changed."""
        self._listeners.append(on_change)
        self.watch()

    def wait(self, timeout: float | None = None, *, raise_on_failure: bool = True) -> Execution:
        """Block until it has ended.

        Args:
            timeout: seconds to wait at most; None for ever.
            raise_on_failure: raise when it ended without success.

        Raises:
            ExecutionError: it failed or was stopped (``PC701``), or the time is over (``PC711``).
            EndpointError: the local endpoint went away and did not come back.
        """
        watch = self.watch()
        deadline = None if timeout is None else time.monotonic() + timeout
        while not watch.wait(0.2):
            self.check_reachable()
            if deadline is not None and time.monotonic() > deadline:
                raise ExecutionError(
                    f"{self.execution_arn} is still running after {timeout:g} s.",
                    code="PC711",
                    hint="It goes on; wait again, or watch it.",
                )
        from pipecell.engines.monitor import ended_badly

        error = ended_badly(watch)
        if error is not None and (raise_on_failure or watch.snapshot is None):
            raise error
        return self

    def stop(self) -> Execution:
        """Ask it to stop; its running jobs are stopped too."""
        self._engine.stop(self.execution_arn)
        self._forget()
        return self

    def beside(self, execution_arn: str) -> Execution:
        """Return another execution in the same place, run with the same profile."""
        return Execution(
            self._engine, execution_arn, monitor=self._monitor, screen=self._screen, profile=self.profile
        )

    def resumption(self, step: str) -> Resumption:
        """Return how it can go on from a step, or why it cannot.

        Raises:
            UsageError: there is no such step (``PC924``).
        """
        from pipecell.resuming import resumption

        self._require(step, self._names)
        return resumption(self._engine, self.document, self.last_seen, step)

    def resume(self, step: str) -> Execution:
        """Go on from a step: in this execution where it failed, else in a new one that takes over the rest.

        Raises:
            UsageError: there is no such step (``PC924``), or it cannot go on from there (``PC936``).
        """
        from pipecell.resuming import resume

        self._require(step, self._names)
        arn = resume(self._engine, self.document, self.last_seen, step)
        if arn != self.execution_arn:
            return self.beside(arn)
        self._forget()
        return self

    def retry(self) -> Execution:
        """Go on from where it failed: steps that succeeded stay as they are."""
        self._engine.retry(self.execution_arn)
        self._forget()
        return self

    def logs(self, step: str) -> Log:
        """Return a step's log as it is now.

        Raises:
            UsageError: no such step (``PC924``).
            ExecutionError: the step has not started, or has no job that logs.
        """
        return Log(list(self._lines(step, follow=False)))

    def follow(self, step: str) -> Iterator[LogLine]:
        """Yield a step's log lines until its job has ended."""
        return self._lines(step, follow=True)

    def tail(self, step: str) -> Iterator[list[LogLine]]:
        """Yield the new lines of a step's log after each look, none too, until its job has ended."""
        return self._engine.tail(self.execution_arn, step)

    def expected_seconds(self, runs: int = 3) -> float | None:
        """Return how long earlier runs that succeeded took, in the median; None when there is none.

        Raises:
            ExecutionError: AWS refused.
            EndpointError: the local endpoint does not answer.
        """
        rows = self._engine.executions(self.snapshot.pipeline, 20)
        earlier = [
            row.execution_arn
            for row in rows
            if row.status in SUCCEEDED and row.execution_arn != self.execution_arn
        ]
        looks = [self._engine.describe(arn) for arn in earlier[:runs]]
        took = [look.ended - look.started for look in looks if look.ended and look.started]
        return statistics.median(took) if took else None

    @property
    def widget(self) -> DagWidget:
        """Its live widget: ``selection``, ``filter`` and ``status`` are traits that scripts set and observe.

        Raises:
            MissingDependencyError: there is no Graphviz.
        """
        return self._screen.widget(self)

    def cost_so_far(self) -> str:
        """Return what the steps so far cost on AWS, or would, for people; empty where nobody knows."""
        return self._spending.so_far(self.last_seen.steps)

    def step_cost(self, step: StepSnapshot) -> str:
        """Return what a step costs on AWS so far, or would, for people; empty where nobody knows."""
        return self._spending.of(step)

    @cached_property
    def _spending(self) -> Spending:
        from pipecell.spending import spending

        region = next(iter(self.execution_arn.split(":")[3:4]), "")
        return spending(self.document, self.last_seen.parameters, region, billed=self.target == "aws")

    def cache_verdict(self, step: StepSnapshot) -> Verdict | None:
        """Return why a step that has begun was reused, or was not; None where reuse is no question.

        Raises:
            ExecutionError: AWS refused to be looked at.
        """
        from pipecell.verdicts import verdict

        if self._engine.name != "sagemaker":
            return None
        key = (step.name, step.started, step.cached)
        if key not in self._verdicts:
            self._verdicts[key] = verdict(self._engine.connection, self.document, self.execution_arn, step)
        return self._verdicts[key]

    def picture(self, snapshot: ExecutionSnapshot | None = None) -> RunPicture:
        """Return how it is drawn now, or was at one look."""
        from pipecell.run_picture import RunPicture

        document, graph = self._drawn()
        return RunPicture(
            document, graph, snapshot or self.last_seen, self.profile, reachable=not self.trouble
        )

    def states(self) -> dict[str, NodeState]:
        """Return what to draw at each node: AWS's status, and the branches that were not taken."""
        return self.picture().states

    def header(self) -> Header:
        """Return the line above the picture: name, status, time, where it runs."""
        return self.picture().header

    def bundle(self) -> dict[str, str]:
        """Return the picture as it is now: SVG and text in one MIME bundle."""
        return self.picture().bundle()

    def text(self, *, width: int = 100, color: bool = False) -> str:
        """Return the picture as text."""
        return self.picture().text(width=width, color=color)

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``run`` object."""
        return self.snapshot.to_json()

    def __repr__(self) -> str:
        seen = self._seen
        return f"<Execution {self.execution_arn}{f' {seen.status}' if seen else ''}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.bundle()

    def _ipython_display_(self) -> None:
        self._screen.show(self)

    def _drawn(self) -> tuple[Document, Graph]:
        if self._definition is None:
            from pipecell.definition import read_graph

            document = self._engine.definition(self.execution_arn)
            values = (self._seen or self.last_seen).parameters
            self._definition = document, read_graph(with_values(document, values))
        return self._definition

    def _lines(self, step: str, *, follow: bool) -> Iterator[LogLine]:
        names = self._names
        if step.rpartition("/")[0] not in names:
            self._require(step, names)
        return self._engine.logs(self.execution_arn, step, follow=follow)

    @property
    def _names(self) -> list[str]:
        return [node.name for node in self.graph.nodes]

    def _require(self, step: str, names: Sequence[str]) -> None:
        if step not in names:
            raise UsageError(
                f'{self.pipeline} has no step "{step}".', code="PC924", hint=did_you_mean(step, names)
            )

    def check_reachable(self) -> None:
        """Give up on an execution that could not be seen for longer than ``PATIENCE``.

        Raises:
            EndpointError: the local endpoint went away and did not come back.
            ExecutionError: AWS cannot be reached, or refuses.
        """
        watch = self.watch()
        since, trouble = watch.trouble_since, watch.trouble
        if trouble is None or since is None:
            return
        if time.monotonic() - since > PATIENCE.get(self.target, PATIENCE["aws"]):
            kind = EndpointError if isinstance(trouble, EndpointError) else ExecutionError
            raise kind(trouble.message, code=trouble.code, hint=trouble.hint)

    def _told(self, watch: Watch) -> None:
        for listener in list(self._listeners):
            listener()

    def _forget(self) -> None:
        """Drop what was seen: an execution that was stopped or retried changes again."""
        watched, self._watch, self._seen = self._watch, None, None
        if watched is not None:
            watched.cancel()
            self.watch()
