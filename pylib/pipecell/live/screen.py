"""What the cells of one kernel show of executions and pipelines, and who keeps it right.

The monitor's thread only marks a picture as out of date. One painter thread draws, so a large
graph never delays a look at another execution, and neither thread ever holds up the kernel. A
picture is an ordinary SVG + text output: when the kernel dies, the last one stays. Where a front
end watches, a record for the live widget stands beside it (see `pipecell.live`), and the picture
behind it follows events, not clocks.

A cell that waits ends with two outputs: a caption, which was the live picture meanwhile, and the
last picture. A notebook that is run as a test compares first drawings, not later ones (nbval
knows no ``update_display_data``), so the first one must be what is stored in the end.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecell.errors import PipecellError
from pipecell.kernel.cells import is_watched, running_cell
from pipecell.live import output
from pipecell.live.waiting import WaitingOutput, in_a_watched_cell

if TYPE_CHECKING:
    from pipecell.definition.checks import Diagnostic
    from pipecell.engines.engine import ExecutionSummary
    from pipecell.execution import Execution
    from pipecell.live.listings import Find
    from pipecell.live.previews import Previewed, PreviewStage
    from pipecell.live.runs import RunStage
    from pipecell.view.widget import DagWidget

_log = logging.getLogger(__name__)

CLOCK_SECONDS = 1.0
"""How often running clocks are drawn."""

LEAST_SECONDS = 0.2
"""Least time between two drawings of one picture."""

BEHIND_SECONDS = 1.0
"""Least time between two drawings of a picture behind a live widget."""


class Picture:
    """One output of one cell that shows an execution.

    Args:
        execution: what is shown.
        cell: the run of the cell that shows it.
        caption: what stays in the live picture's place after `close`, for a cell that waits.
        stage: the live widget before the picture; None where nobody watches.
        takes: id of the output whose place it takes; empty for one of its own.
    """

    def __init__(
        self,
        execution: Execution,
        cell: object,
        caption: str | None,
        stage: RunStage | None = None,
        *,
        takes: str = "",
    ) -> None:
        self.execution = execution
        self.caption = caption
        self.cell = cell
        self.stage = stage
        self._takes = bool(takes)
        self.display_id = takes or f"pipecell-{uuid.uuid4().hex[:12]}"
        self.over = False
        self._lock = threading.Lock()
        self._text: str | None = None
        self._drawn_at = float("-inf")

    def open(self) -> None:
        """Draw for the first time, as a new output of the cell that runs now."""
        with self._lock:
            seen = self.execution.last_seen
            bundle = self._bundle()
            self._text, self._drawn_at = self._mark(bundle), time.monotonic()
            if self.caption is None:
                output.display(bundle, self.display_id, update=self._takes)
                self.over = not seen.running
                return
            output.display({"text/plain": self.caption}, self._caption_id)
            # A widget stays where it is when the cell ends; a bare picture moves below its caption then.
            output.display(bundle, self.display_id, update=self.stage is None or self._takes)

    def draw(self) -> None:
        """Draw again where something changed; the last drawing is the one after the end."""
        with self._lock:
            if self.over:
                return
            seen = self.execution.last_seen
            bundle = self._bundle()
            self._drawn_at = time.monotonic()
            if self._mark(bundle) != self._text:
                self._text = self._mark(bundle)
                output.display(bundle, self.display_id, update=True)
            self.over = not seen.running and self.caption is None

    def close(self) -> None:
        """Draw for the last time, in the running cell: its caption again, and below it the last picture."""
        with self._lock:
            self.over = True
            bundle = self._bundle()
            if self.caption is None or self.stage is not None:
                output.display(bundle, self.display_id, update=True)
            else:
                output.display({"text/plain": self.caption}, self.display_id, update=True)
                output.display(bundle, f"{self.display_id}-end")

    def postpone(self) -> None:
        """Leave it as it is until the next tick."""
        self._drawn_at = time.monotonic()

    def rest(self, *, changed: bool) -> float:
        """Return the seconds for which this picture may stay as it is."""
        if self.stage is not None:
            if changed and not self.execution.last_seen.running:
                return 0.0  # the kernel may end as soon as the run has
            return max(0.0, self._drawn_at + BEHIND_SECONDS - time.monotonic()) if changed else BEHIND_SECONDS
        due = LEAST_SECONDS if changed else CLOCK_SECONDS
        return max(0.0, self._drawn_at + due - time.monotonic())

    @property
    def _caption_id(self) -> str:
        return self.display_id if self.stage is None else f"{self.display_id}-caption"

    def _bundle(self) -> dict[str, Any]:
        if self.stage is not None and not self.execution.last_seen.running:
            self.stage.settle()
        picture = self.execution.bundle()
        return picture if self.stage is None else self.stage.bundle(picture)

    def _mark(self, bundle: Mapping[str, Any]) -> str | None:
        """Return what tells whether a drawing differs from the last one."""
        if self.stage is None:
            return bundle.get("text/plain")
        return repr(self.execution.last_seen)


class Screen:
    """The open pictures of one kernel, drawn by one daemon thread that lives while one is open."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.waiting = WaitingOutput()
        self._open: dict[Picture, bool] = {}  # picture: has it changed since it was drawn
        self._latest: dict[str, Picture] = {}  # by execution ARN, over or not
        self._stages: dict[str, RunStage] = {}  # by execution ARN: pages of one run share one widget
        self._previews: dict[str, PreviewStage] = {}  # the newest of each pipeline
        self._thread: threading.Thread | None = None

    def show(self, execution: Execution, *, caption: str | None = None, watched: bool | None = None) -> None:
        """Show an execution in the running cell, live while it runs.

        A cell that shows it already gets no second picture: ``%pipeline run`` shows what it returns.

        Args:
            execution: what to show.
            caption: what stays in the live picture's place after `finish`, for a cell that waits.
            watched: whether people look, where the caller knows: a widget's own callback belongs to no cell.
        """
        cell = running_cell()
        latest = self._latest.get(execution.execution_arn)
        if latest is not None and cell is not None and latest.cell == cell:
            return
        seen = is_watched() if watched is None else watched
        stage = self.stage(execution) if seen and live_views() else None
        takes = self.waiting.take() if stage is not None else ""
        picture = Picture(execution, cell, caption, stage, takes=takes)
        picture.open()
        self._latest[execution.execution_arn] = picture
        if not picture.over:
            self._follow(picture)

    def _follow(self, picture: Picture) -> None:
        """Draw a picture again whenever its execution has changed."""
        with self._condition:
            self._open[picture] = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="pipecell-screen", daemon=True)
                self._thread.start()
        picture.execution.listen(lambda: self._mark(picture))

    def stage(self, execution: Execution) -> RunStage:
        """Return an execution on the stage, put there at the first call.

        Raises:
            MissingDependencyError: there is no Graphviz.
        """
        from pipecell.live.runs import RunStage

        if execution.execution_arn not in self._stages:
            self._stages[execution.execution_arn] = RunStage(execution, self.turn)
        return self._stages[execution.execution_arn]

    def widget(self, execution: Execution) -> DagWidget:
        """Return the live widget of an execution, made at the first call.

        Raises:
            MissingDependencyError: there is no Graphviz.
        """
        return self.stage(execution).widget

    def turn(self, stage: RunStage, execution: Execution) -> None:
        """Let a live widget, and the pictures behind it, show another execution from now on.

        Args:
            stage: the widget; it is told by itself.
            execution: what goes on where the one before ended.
        """
        self._stages = {arn: each for arn, each in self._stages.items() if each is not stage}
        self._stages[execution.execution_arn] = stage
        for picture in [each for each in self._latest.values() if each.stage is stage]:
            del self._latest[picture.execution.execution_arn]
            picture.execution, picture.over, picture.caption = execution, False, None
            self._latest[execution.execution_arn] = picture
            self._follow(picture)

    def preview(
        self, pipeline: Previewed, picture: Mapping[str, str], problems: Sequence[Diagnostic] = ()
    ) -> dict[str, Any]:
        """Return the bundle of a declared pipeline: with its live widget where a front end watches.

        Args:
            pipeline: what was declared.
            picture: SVG and text, for everything else.
            problems: what ``check`` found.
        """
        if not is_watched() or "image/svg+xml" not in picture or not live_views():
            return dict(picture)
        from pipecell.live.previews import PreviewStage

        stage = self._previews[pipeline.name] = PreviewStage(pipeline, problems)
        return stage.bundle(picture)

    def await_run(self, pipeline: Previewed) -> None:
        """Show, in the running cell, the pipeline that is about to run; its run takes that place."""
        if in_a_watched_cell():
            bundle = self.preview(pipeline, pipeline.preview().bundle())
            if output.MIME in bundle:
                self.waiting.show(bundle)

    def progressed(self, name: str, what: str, share: float) -> None:
        """Show how far something is that happens before a run: in the newest live preview, else in words.

        Args:
            name: the pipeline's.
            what: in words.
            share: from 0 to 1; at 1 it is over.
        """
        stage = self._previews.get(name)
        if stage is not None:
            stage.tell_progress(what, share)
        elif share < 1:
            self.waiting.say(what, share)
        else:
            self.waiting.hush()

    def executions(
        self, find: Find, rows: Sequence[ExecutionSummary], title: str, text: str
    ) -> dict[str, Any] | None:
        """Return the bundle of a table of executions where a front end watches; None elsewhere.

        Args:
            find: finds an execution by its ARN.
            rows: what is listed.
            title: what stands above.
            text: the same table as text.
        """
        if not is_watched() or not live_views():
            return None
        from pipecell.live.listings import ExecutionsStage

        return ExecutionsStage(find, rows, title).bundle(text)

    def finish(self, execution: Execution) -> None:
        """Draw an execution for the last time, in this thread, so that its cell ends with the last state."""
        picture = self._latest.get(execution.execution_arn)
        if picture is not None and not picture.over:
            picture.close()

    def release(self, execution: Execution) -> None:
        """Let a picture live on by itself: its cell no longer waits for the end."""
        picture = self._latest.get(execution.execution_arn)
        if picture is not None:
            picture.caption = None

    def _mark(self, picture: Picture) -> None:
        with self._condition:
            if picture in self._open:
                self._open[picture] = True
                self._condition.notify()

    def _due(self) -> Picture | None:
        """Return the picture to draw next, once it is time; None when none is open."""
        with self._condition:
            while True:
                for picture in [picture for picture in self._open if picture.over]:
                    del self._open[picture]
                if not self._open:
                    self._thread = None
                    return None
                picture, changed = min(self._open.items(), key=lambda item: item[0].rest(changed=item[1]))
                rest = picture.rest(changed=changed)
                if rest <= 0:
                    self._open[picture] = False
                    return picture
                self._condition.wait(rest)

    def _work(self) -> None:
        while (picture := self._due()) is not None:
            try:
                picture.draw()
            except PipecellError:
                picture.postpone()  # not reachable now: the monitor tries again, and what it sees is drawn
            except Exception:
                _log.exception("the picture of %s cannot be drawn", picture.execution.execution_arn)
                picture.over = True


def live_views() -> bool:
    """Tell whether live widgets can be made here: the renderer is built, and Graphviz places nodes."""
    from pipecell.view import placement, renderer

    return renderer.available() and placement.available()
