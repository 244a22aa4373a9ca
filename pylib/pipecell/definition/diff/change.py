"""One difference between two definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ChangeKind = Literal["added", "removed", "changed", "code", "noise"]


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``; ``code`` for a file's content, with the lines that
            were there and the lines that are there now; ``noise`` for what differs each time it is
            compiled and means nothing.
        step: the step or state; None for the pipeline itself.
        path: where inside the step, or inside the definition; empty for the whole step.
        before, after: the values; None where there is none.
        note: what people should know about it, a phrase; empty when nothing.
    """

    kind: ChangeKind
    step: str | None
    path: str
    before: Any = None
    after: Any = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``changes`` item."""
        return {
            "kind": self.kind,
            "step": self.step,
            "path": self.path,
            "before": self.before,
            "after": self.after,
        }
