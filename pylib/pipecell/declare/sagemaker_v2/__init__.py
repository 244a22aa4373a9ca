"""SageMaker's SDK, version 2: the only package of ours that imports it, and only while it works.

While a ``%%pipeline`` cell runs (:func:`offline_cell`) and while its steps are compiled (:func:`compile`) the
SDK works offline: it answers from placeholders, remembers what it would upload, and starts nothing. Outside,
and in other threads, it is the user's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pipecell.declare.compiled import Compiled, Upload

if TYPE_CHECKING:
    from pipecell.declare.declaration import Declaration
    from pipecell.declare.jobs.cell import StepCell
    from pipecell.declare.jobs.scope import Scope
    from pipecell.declare.sagemaker_v2.context import Offline
    from pipecell.declare.sagemaker_v2.uploads import Source

__all__ = [
    "Compiled",
    "Upload",
    "build_step",
    "compile",
    "offline_cell",
    "point_sdk_at",
    "restore_sdk",
    "short_image",
    "substitute",
    "write_cells",
]


def offline_cell(offline: Offline) -> AbstractContextManager[Offline]:
    """Keep the SDK offline for this thread during the block, and remember in ``offline`` what it does."""
    from pipecell.declare.sagemaker_v2.offline import offline_cell as enter

    return enter(offline)


def build_step(cell: StepCell, scope: Scope) -> Any:
    """Make the SDK's objects of a ``%%step`` cell; the SDK must be offline.

    Raises:
        DeclarationError: the cell says something impossible; ``PC620``, the SDK refuses, in its own words.
        MissingDependencyError: the SageMaker SDK is not installed.
    """
    from pipecell.declare.sagemaker_v2.jobs import build

    return build(cell, scope)


def write_cells(things: Iterable[Any], namespace: Mapping[str, Any], uploads: Iterable[Source]) -> list[str]:
    """Return the SDK code of steps, one cell's body for each.

    Args:
        things: the SDK's steps and collections; those that others name come first.
        namespace: the notebook's variables, which the code may use.
        uploads: the local files and folders that the steps' cells upload.

    Raises:
        DeclarationError: ``PC655``, an object cannot be written.
    """
    from pipecell.declare.sagemaker_v2.context import Offline
    from pipecell.declare.sagemaker_v2.jobs.sdk_code import CodeWriter

    writer = CodeWriter(namespace, tuple(uploads))
    with offline_cell(Offline()):
        return [writer.cell(thing) for thing in things]


def short_image(uri: str, region: str, instance_type: str, scope: str | None) -> str:
    """Return ``name:version`` of an image where a cell's ``--image`` would find it so, else its URI."""
    from pipecell.declare.sagemaker_v2.context import Offline
    from pipecell.declare.sagemaker_v2.jobs.images import short_name

    with offline_cell(Offline()):
        return short_name(uri, region, instance_type, scope)


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
    from pipecell.declare.sagemaker_v2.offline import compile_offline

    return compile_offline(declaration)


def substitute(compiled: Compiled, *, account: str, bucket: str, role: str) -> Compiled:
    """Return the same pipeline for a real account.

    Args:
        compiled: a pipeline compiled offline.
        account: the AWS account, twelve digits.
        bucket: the session's default bucket.
        role: ARN of the execution role.

    Raises:
        DefinitionError: ``PC623``, a pickled argument of a ``@step`` function holds a placeholder that
            cannot be replaced inside the pickle.
    """
    from pipecell.declare.sagemaker_v2.substitution import for_account

    return for_account(compiled, account=account, bucket=bucket, role=role)


def point_sdk_at(endpoint_url: str) -> None:
    """Send the SDK's STS calls to ``endpoint_url``, also when the SDK is imported later."""
    from pipecell.declare.sagemaker_v2 import sts

    sts.point_sdk_at(endpoint_url)


def restore_sdk() -> None:
    """Undo :func:`point_sdk_at`: the SDK has its own functions again."""
    from pipecell.declare.sagemaker_v2 import sts

    sts.restore_sdk()
