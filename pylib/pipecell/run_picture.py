"""How a run is drawn at one look: the state of each node, the strip above, pictures and text."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipecell.definition.outcome import not_taken
from pipecell.engines.engine import SUCCEEDED
from pipecell.graph import NodeState, step_word
from pipecell.targets import PLACES

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.engines.engine import ExecutionSnapshot
    from pipecell.graph import Graph
    from pipecell.view.header import Header


@dataclass(frozen=True)
class RunPicture:
    """A run as it was at one look.

    Attributes:
        document: what it runs.
        graph: the DAG of that.
        seen: the look.
        profile: name of the profile that it runs with; empty where none is known.
        reachable: whether the look before this drawing succeeded.
    """

    document: Document
    graph: Graph
    seen: ExecutionSnapshot
    profile: str = ""
    reachable: bool = True

    @cached_property
    def states(self) -> dict[str, NodeState]:
        """What to draw at each node: AWS's status, and the branches that were not taken."""
        by_name = {step.name: step.node_state() for step in self.seen.steps}
        for name in not_taken(self.document, by_name, self.seen.running):
            by_name.setdefault(name, NodeState("NotTaken"))
        return {node.id: by_name[node.name] for node in self.graph.nodes if node.name in by_name}

    @property
    def count(self) -> str:
        """How far it is, and how much of it was reused; empty when there is nothing to say."""
        reused = sum(step.cached for step in self.seen.steps)
        facts = [f"{reused} reused"] if reused else []
        if self.seen.running:
            done = sum(step.status in SUCCEEDED for step in self.seen.steps)
            skipped = sum(state.status == "NotTaken" for state in self.states.values())
            word = step_word(self.seen.engine)
            facts.insert(0, f"{done} of {len(self.graph.nodes) - skipped} {word}s")
        return ", ".join(facts)

    @property
    def header(self) -> Header:
        """The line above the picture: name, status, time, where it runs."""
        from pipecell.view.durations import duration
        from pipecell.view.header import Header

        seen = self.seen
        end = seen.ended or time.time()
        chips = [
            self.profile,
            PLACES.get(seen.target, seen.target),
            self.count,
            "" if self.reachable else "not reachable now",
        ]
        return Header(
            title=seen.pipeline,
            status=seen.status,
            elapsed=duration(end - seen.started) if seen.started is not None else "",
            chips=tuple(chip for chip in chips if chip),
        )

    def bundle(self) -> dict[str, str]:
        """Return SVG and text in one MIME bundle."""
        from pipecell.view.bundle import mimebundle

        return mimebundle(self.graph, self.states, self.header)

    def text(self, *, width: int = 100, color: bool = False) -> str:
        """Return text for a terminal."""
        from pipecell.view.text import to_text

        return to_text(self.graph, states=self.states, header=self.header, width=width, color=color)
