"""SageMaker's SDK, version 2: the only package of ours that imports it, and only while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipecell.declare.compiled import Compiled, Upload

if TYPE_CHECKING:
    from pipecell.declare.notebook import Declaration

__all__ = ["Compiled", "Upload", "compile", "point_sdk_at", "restore_sdk", "substitute"]


def compile(declaration: Declaration) -> Compiled:  # noqa: A001 - the contract's verb
    """Compile what cells declared, without any network."""
    raise NotImplementedError


def substitute(compiled: Compiled, *, account: str, bucket: str, role: str) -> Compiled:
    """Put a real account, default bucket and role in place of the placeholders."""
    raise NotImplementedError


def point_sdk_at(endpoint_url: str) -> None:
    """Send the SDK's STS calls, whose address it hard-codes, to ``endpoint_url``."""
    raise NotImplementedError


def restore_sdk() -> None:
    """Undo :func:`point_sdk_at`."""
    raise NotImplementedError
