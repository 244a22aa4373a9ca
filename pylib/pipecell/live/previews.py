"""A declared pipeline on the stage: no states, but everything it would run with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pipecell.live.stage import Stage
from pipecell.view.model import Scene, document

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.checks import Diagnostic
    from pipecell.graph import Graph
    from pipecell.reports import Preview, ProfileTable


class Previewed(Protocol):
    """What is shown of a pipeline that does not run: `pipecell.pipelines.Pipeline`."""

    name: str

    @property
    def graph(self) -> Graph:
        """The DAG."""

    @property
    def compiled(self) -> Compiled:
        """The definition and the files that it needs."""

    def preview(self) -> Preview:
        """Return the DAG, to display."""

    def profiles(self) -> ProfileTable:
        """Return the parameter values of each profile."""


class PreviewStage(Stage):
    """One declared pipeline in one widget.

    Args:
        pipeline: what is shown, as it is declared now.
        problems: what ``check`` found.
    """

    def __init__(self, pipeline: Previewed, problems: Sequence[Diagnostic] = ()) -> None:
        super().__init__()
        self.pipeline = pipeline
        self.problems = tuple(problems)
        self._bar: tuple[str, float] = ("", 1.0)

    @property
    def graph(self) -> Graph:
        """The declared DAG."""
        return self.pipeline.graph

    @property
    def running(self) -> bool:
        """A preview has no states."""
        return False

    @cached_property
    def _facts(self) -> tuple[str, ...]:
        return self.pipeline.preview().chips

    def document(self) -> dict[str, Any]:
        """Return the pipeline as it was declared."""
        return document(self.graph, self.scene, problems=self.problems, facts=self._facts)

    def states(self, scene: Scene) -> list[list[Any]]:
        """Return nothing: a preview has no states."""
        return []

    def tell_progress(self, what: str, share: float) -> None:
        """Show how far something is that happens before a run; from any thread.

        Args:
            what: in words.
            share: from 0 to 1; at 1 the bar goes.
        """

        def tell() -> None:
            self._bar = what, share
            self._tell_bar()

        self.teller.do(tell)

    def _greet(self) -> None:
        super()._greet()
        if self._bar[1] < 1:
            self._tell_bar()

    def _tell_bar(self) -> None:
        what, share = self._bar
        self.tell({"type": "progress", "what": what, "share": share})

    def detail(self, node: str) -> dict[str, Any] | None:
        """Return what a node would run with, under the profile in force now."""
        from pipecell.live.details import preview_detail

        members = self.scene.members.get(node)
        if members is None:
            return None
        table = self.pipeline.profiles()
        return preview_detail(self.pipeline.compiled, self.graph, node, members, table.values[table.in_force])
