"""SageMaker's SDK, version 2: the only package of ours that imports it, and only while it works.

While a ``%%pipeline`` cell runs (:func:`offline_cell`) and while its steps are compiled (:func:`compile`) the
SDK works offline: it answers from placeholders, remembers what it would upload, and starts nothing. Outside,
and in other threads, it is the user's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipecell.declare.compiled import Compiled, Upload
from pipecell.declare.patches import PatchSet
from pipecell.declare.sagemaker_v2 import clock, launches, quiet, session
from pipecell.declare.sagemaker_v2.context import Offline, entered
from pipecell.declare.sagemaker_v2.sts import point_sdk_at, restore_sdk
from pipecell.declare.sagemaker_v2.substitution import substitute
from pipecell.errors import MissingDependencyError

if TYPE_CHECKING:
    from pipecell.declare.notebook import Declaration

__all__ = [
    "Compiled",
    "Upload",
    "compile",
    "offline_cell",
    "point_sdk_at",
    "restore_sdk",
    "substitute",
]

_OFFLINE = PatchSet((*session.PATCHES, *clock.PATCHES, *launches.PATCHES, *quiet.PATCHES))


@contextmanager
def offline_cell(offline: Offline) -> Iterator[Offline]:
    """Keep the SDK offline for this thread during the block, and remember in ``offline`` what it does."""
    from pipecell.declare.sagemaker_v2.compilation import COMPILER

    with _OFFLINE.held(), COMPILER.held(), quiet.without_chatter(), entered(offline):
        yield offline


def compile(declaration: Declaration) -> Compiled:  # noqa: A001 - the engine's verb
    """Compile what cells declared, without any network.

    Args:
        declaration: a pipeline whose engine is SageMaker Pipelines.

    Returns:
        The definition with placeholders for account, default bucket and role, and what it needs.

    Raises:
        DefinitionError: the SDK refuses, in its own words, with step and cell.
        DeclarationError: the declaration contradicts itself.
        MissingDependencyError: the SageMaker SDK is not installed.
    """
    from pipecell.declare.sagemaker_v2.compilation import COMPILER, compile_declaration

    with _OFFLINE.held(), COMPILER.held():
        try:
            import sagemaker.workflow.pipeline  # noqa: F401 - found missing here, not inside
        except ImportError as error:
            raise MissingDependencyError(
                "Compiling this pipeline needs the SageMaker SDK, version 2.",
                hint='Install it with: pip install "pipecell[v2]"',
            ) from error
        return compile_declaration(declaration)
