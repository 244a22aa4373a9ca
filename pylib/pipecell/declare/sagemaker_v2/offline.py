"""Enter and leave the offline SDK: all patches together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipecell.declare.patches import PatchSet
from pipecell.declare.sagemaker_v2 import (
    clock,
    compilation,
    launches,
    parameters,
    quiet,
    session,
    step_functions,
)
from pipecell.declare.sagemaker_v2.context import Offline, entered
from pipecell.errors import MissingDependencyError

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.declare.declaration import Declaration

PATCHES = PatchSet(
    (
        *session.PATCHES,
        *clock.PATCHES,
        *launches.PATCHES,
        *step_functions.PATCHES,
        *quiet.PATCHES,
        *parameters.PATCHES,
        *compilation.PATCHES,
    )
)


@contextmanager
def offline_cell(offline: Offline) -> Iterator[Offline]:
    """Keep the SDK offline for this thread during the block, and remember in ``offline`` what it does."""
    with PATCHES.held(), quiet.without_chatter(), entered(offline):
        yield offline


def compile_offline(declaration: Declaration) -> Compiled:
    """Compile with the patches in place; see :func:`pipecell.declare.sagemaker_v2.compile`."""
    with PATCHES.held():
        try:
            import sagemaker.workflow.pipeline  # noqa: F401 - found missing here, not inside
        except ImportError as error:
            raise MissingDependencyError(
                "Compiling this pipeline needs the SageMaker SDK, version 2.",
                hint='Install it with: pip install "pipecell[v2]"',
            ) from error
        return compilation.compile_declaration(declaration)
