"""A pipeline that was declared for one engine, for the other one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipecell.errors import UsageError

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled


def translated(compiled: Compiled, engine: str | None) -> Compiled:
    """Return a compiled pipeline for an engine: itself, or a SageMaker pipeline as a state machine.

    Args:
        compiled: the pipeline.
        engine: ``sagemaker`` or ``stepfunctions``; None for its own.

    Raises:
        UsageError: a state machine is to become a pipeline, which cannot be (``PC918``).
        DefinitionError: some step has no counterpart (``PC630``).
    """
    document = compiled.document
    if engine is None or engine == document.engine:
        return compiled
    if document.engine != "sagemaker":
        raise UsageError(
            f"{document.name} is declared for {document.engine}.",
            code="PC918",
            hint=f"Use --engine {document.engine}: a pipeline has no loops, waits and catches.",
        )
    from pipecell.definition.translate import to_machine

    return replace(compiled, document=to_machine(document))
