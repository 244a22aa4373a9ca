"""Record the SDK objects that a cell creates, whoever creates them.

A cell may build its steps in helper functions, lists or other modules, so names in its namespace
say little. Instead the SDKs' base constructors are hooked while the cell runs: every step, step
collection, parameter and pipeline of the SageMaker SDK, every state, chain and workflow of the
Step Functions SDK passes through one of eight. The hooks name their classes as text and wait for
the import, so this module loads no SDK.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from pipecell.declare.patches import Patch, PatchSet

Kind = Literal["step", "collection", "parameter", "pipeline", "state", "chain", "workflow", "input"]


@dataclass(eq=False)
class Capture:
    """What one run of a cell created, in the order of creation.

    Attributes:
        created: kinds and objects.
        kept: what a ``%%step`` cell's steps compile to, since they never change: by step, pipeline, region.
    """

    created: list[tuple[Kind, Any]] = field(default_factory=list)
    kept: dict[tuple[int, str, str], Any] = field(default_factory=dict)

    def of(self, *kinds: Kind) -> list[Any]:
        """Return the objects of these kinds; those whose constructor failed are left out."""
        return [thing for kind, thing in self.created if kind in kinds and _is_complete(kind, thing)]


_CURRENT: ContextVar[Capture | None] = ContextVar("pipecell_capture", default=None)


@contextmanager
def capturing() -> Iterator[Capture]:
    """Record what this thread creates during the block."""
    capture = Capture()
    with _HOOKS.held():
        token = _CURRENT.set(capture)
        try:
            yield capture
        finally:
            _CURRENT.reset(token)


@contextmanager
def not_capturing() -> Iterator[None]:
    """Leave out what an SDK creates for itself, such as the compiled copy of a step."""
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def _record(kind: Kind) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        @functools.wraps(original)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
            original(self, *args, **kwargs)
            capture = _CURRENT.get()
            if capture is not None:
                capture.created.append((kind, self))

        return __init__

    return make


_CLASSES: tuple[tuple[str, str, Kind], ...] = (
    ("sagemaker.workflow.steps", "Step", "step"),
    ("sagemaker.workflow.step_collections", "StepCollection", "collection"),
    ("sagemaker.workflow.parameters", "Parameter", "parameter"),
    ("sagemaker.workflow.pipeline", "Pipeline", "pipeline"),
    ("stepfunctions.steps.states", "State", "state"),
    ("stepfunctions.steps.states", "Chain", "chain"),
    ("stepfunctions.workflow.stepfunctions", "Workflow", "workflow"),
    ("stepfunctions.inputs.placeholders", "ExecutionInput", "input"),
)

_HOOKS = PatchSet(Patch(module, f"{name}.__init__", _record(kind)) for module, name, kind in _CLASSES)


def _is_complete(kind: Kind, thing: Any) -> bool:
    """Say whether the constructor ran to its end.

    The hook sits on the base class, so a subclass may still have raised after it, and a cell may have
    caught that. SDK steps set their properties last; collections without steps never got that far.
    """
    if kind == "collection":
        return bool(thing.steps)
    if kind != "step":
        return True
    try:
        thing.properties  # noqa: B018 - asking is the test
    except AttributeError:
        return False
    except Exception:  # FailStep and @step have none, and say so in several ways
        return True
    return True
