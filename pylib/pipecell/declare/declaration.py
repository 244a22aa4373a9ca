"""What the cells of one pipeline declare: what a notebook collects and a compiler reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipecell.declare.cells import CellRun, Unit
from pipecell.definition.document import EngineName

if TYPE_CHECKING:
    from pipecell.declare.compiled import Missing
    from pipecell.declare.sagemaker_v2.context import HeldCall
    from pipecell.definition.checks.diagnostic import Diagnostic


@dataclass(frozen=True, eq=False)
class Declaration:
    """What the cells of one pipeline declare now; replaced, never changed, when a cell runs.

    Attributes:
        name: the name after ``%%pipeline``.
        engine: whose SDK the cells use.
        deployed_name: name of the definition: the own name of an adopted ``Pipeline(...)`` or
            ``Workflow(...)``, else ``name``.
        steps: top-level SDK objects in the order of their first declaration; children of conditions
            and collections are inside their parents.
        cells: execution count of the cell that declared each step, by step name, inner ones included.
        diagnostics: what declaring found, such as a held-back launch call.
        adopted: the ``Pipeline`` or ``Workflow`` object that a cell built; None when pipecell builds it.
        held: who holds each name now.
        parameters: SDK parameters that the cells declare now, each with its cell's execution count.
        runs: the runs that this is the sum of, in the order of their cells.
        missing: steps that ``%%step`` cells name and no cell declares.
        is_superseded: says whether a parameter or step was declared by a run that is no longer the last
            one of its cell.
        outdone: the last runs of cells that are there and do not count, for others declare the same.
    """

    name: str
    engine: EngineName
    deployed_name: str
    steps: tuple[Any, ...] = ()
    cells: Mapping[str, int] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    adopted: Any = None
    held: Mapping[str, Unit] = field(default_factory=dict)
    parameters: tuple[tuple[Any, int | None], ...] = ()
    runs: tuple[CellRun, ...] = ()
    missing: tuple[Missing, ...] = ()
    is_superseded: Callable[[Any], bool] = field(default=lambda thing: False)
    outdone: tuple[CellRun, ...] = ()

    @property
    def is_sorted(self) -> bool:
        """Whether the definition's steps are sorted, since ``%%step`` cells may run in any order."""
        return self.adopted is None and any(run.job is not None for run in self.runs)

    @property
    def launches(self) -> tuple[HeldCall, ...]:
        """Launch calls that the cells made and that were held back."""
        return tuple(call for run in self.runs for call in run.offline.held)
