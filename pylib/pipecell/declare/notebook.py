"""The pipelines that the cells of one notebook declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipecell.definition.checks import Diagnostic

EngineName = Literal["sagemaker", "stepfunctions"]
Run = Callable[[str, MutableMapping[str, Any]], None]
"""Runs a cell's body in a namespace and lets its exception out: the magics' way of showing the last expression."""


@dataclass(frozen=True)
class Declaration:
    """What the cells of one pipeline declare now; replaced, never changed, when a cell runs.

    Attributes:
        name: the name after ``%%pipeline``.
        engine: whose SDK the cells used.
        deployed_name: name of the definition: the own name of an adopted ``Pipeline(...)`` or
            ``Workflow(...)``, else ``name``.
        steps: top-level SDK objects in the order of their first declaration; inner steps of
            conditions and collections are inside their parents.
        cells: execution count of the cell that declared each step, by step name, inner ones included.
        diagnostics: what declaring found, such as a held-back launch call.
    """

    name: str
    engine: EngineName
    deployed_name: str
    steps: tuple[Any, ...] = ()
    cells: Mapping[str, int] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


class Notebook:
    """The pipelines of one kernel; ``declare`` is called once for each run of a ``%%pipeline`` cell."""

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
        """Run a cell's body and take what it creates into the pipeline ``name``."""
        raise NotImplementedError

    @property
    def declarations(self) -> Mapping[str, Declaration]:
        """Pipelines by the name after ``%%pipeline``, in the order of their first cell."""
        raise NotImplementedError

    def get(self, name: str | None = None) -> Declaration:
        """Return one pipeline; without a name the only one, else the one declared last."""
        raise NotImplementedError

    def forget(self, cell_id: str) -> None:
        """Drop what a deleted cell declared."""
        raise NotImplementedError
