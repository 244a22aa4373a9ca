"""``%%step`` cells into the SDK's own step objects: one module a kind, one table of them.

`build` runs while the SDK is offline and captured, so that the objects count as made by the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from pipecell.declare.jobs.cell import StepCell
from pipecell.declare.jobs.scope import Scope
from pipecell.errors import DeclarationError, MissingDependencyError, PipecellError

_ROOMS: Mapping[str, str] = {
    "processing": "processing",
    "training": "training",
    "tuning": "tuning",
    "model": "models",
    "register": "models",
    "transform": "transform",
    "condition": "condition",
    "fail": "fail",
    "lambda": "events",
    "callback": "events",
    "notebook": "notebook",
    "quality-check": "checks",
    "clarify-check": "checks",
    "emr": "emr",
}
"""Which module writes a kind; its function is called ``make_`` and the kind."""


def build(cell: StepCell, scope: Scope) -> Any:
    """Make the SDK's objects of a cell; return the outermost.

    Raises:
        DeclarationError: the cell says something that its kind cannot be; ``PC620``, the SDK refuses.
        MissingDependencyError: the SDK is not installed.
    """
    try:
        import sagemaker  # noqa: F401 - found missing here, not inside
    except ImportError as error:
        raise MissingDependencyError(
            "A %%step cell needs the SageMaker SDK, version 2.",
            hint='Install it with: pip install "pipecell[v2]"',
        ) from error
    from pipecell.declare.sagemaker_v2.jobs.fields import set_fields
    from pipecell.declare.sagemaker_v2.jobs.making import Making

    room = import_module(f"{__name__}.{_ROOMS[cell.kind]}")
    make: Callable[[Making], Any] = getattr(room, f"make_{cell.kind.replace('-', '_')}")
    making = Making(cell, scope)
    try:
        making.put_uploads()
        thing = make(making)
        set_fields(thing, making)
    except PipecellError:
        raise
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise DeclarationError(
            words if words.endswith(".") else f"{words}.", code="PC620", step=cell.name, cell=cell.where
        ) from error
    return thing
