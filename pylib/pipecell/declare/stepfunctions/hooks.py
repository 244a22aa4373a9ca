"""What a ``%%pipeline`` cell changes about the SDK: launches are held back, and more can be said.

Importing the SDK sets the level of the root logger to ERROR; where pipecell sees the import, it puts
the level back. Its constructors refuse every field that came to Amazon States Language after 2021:
in a cell they take them, by the names that the language has or in the SDK's own way with underscores.
"""

from __future__ import annotations

import functools
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipecell.declare.compiled import PLACEHOLDER_ACCOUNT
from pipecell.declare.imports import when_imported
from pipecell.declare.patches import Patch, PatchSet
from pipecell.declare.sagemaker_v2.context import HeldCall, current, fallback_region

RAW_FIELDS = (
    "Arguments", "Assign", "CausePath", "Credentials", "ErrorPath", "ItemBatcher", "ItemProcessor",
    "ItemReader", "ItemSelector", "Items", "JitterStrategy", "Label", "MaxConcurrencyPath",
    "MaxDelaySeconds", "Output", "ProcessorConfig", "QueryLanguage", "ResultSelector", "ResultWriter",
    "ToleratedFailureCount", "ToleratedFailureCountPath", "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)  # fmt: skip
"""Fields of Amazon States Language that the SDK does not know; ProcessorConfig is a Map processor's own."""


def snake(name: str) -> str:
    """Return a field as the SDK names it: ``ResultSelector`` is ``result_selector``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


_RAW = {snake(name) for name in RAW_FIELDS}
_EXECUTE = ("name", "inputs")  # what it takes by place
_CAMEL = re.compile(r"[A-Z][A-Za-z]*")


class HeldStateMachineExecution:
    """What ``workflow.execute()`` returns in a ``%%pipeline`` cell: an execution that never was."""

    def __init__(self, workflow: str) -> None:
        self.workflow = workflow
        self.execution_arn = (
            f"arn:aws:states:{fallback_region()}:{PLACEHOLDER_ACCOUNT}:execution:{workflow}:held"
        )

    def describe(self) -> dict[str, Any]:
        """Say that there is no execution yet."""
        return {"executionArn": self.execution_arn, "status": "NOT_STARTED"}

    def get_output(self, wait: bool = False) -> None:
        """Return nothing, at once."""
        del wait

    def get_input(self) -> None:
        """Return nothing."""

    def list_events(self, **kwargs: Any) -> list[Any]:
        """Return no event."""
        del kwargs
        return []

    def render_progress(self, **kwargs: Any) -> None:
        """Draw nothing."""
        del kwargs

    def stop(self, **kwargs: Any) -> None:
        """Stop nothing."""
        del kwargs

    def __repr__(self) -> str:
        return f"<{self.workflow}: not started, launches are held back in a %%pipeline cell>"


def _held(method: str) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        @functools.wraps(original)
        def replacement(workflow: Any, *args: Any, **kwargs: Any) -> Any:
            offline = current()
            if offline is None:
                return original(workflow, *args, **kwargs)
            named = {**dict(zip(_EXECUTE, args, strict=False)), **kwargs} if method == "execute" else kwargs
            offline.held.append(HeldCall(method, workflow.name, named))
            if method == "execute":
                return HeldStateMachineExecution(workflow.name)
            if method == "delete":
                return None
            return f"arn:aws:states:{fallback_region()}:{PLACEHOLDER_ACCOUNT}:stateMachine:{workflow.name}"

        return replacement

    return make


def _silent(answer: Any) -> Callable[[Any], Any]:
    """Make a patch of a method that asks AWS, or draws with scripts from a CDN: offline it does neither."""

    def make(original: Any) -> Any:
        wrapped = original.__func__ if isinstance(original, classmethod) else original

        @functools.wraps(wrapped)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            return wrapped(*args, **kwargs) if current() is None else answer

        return classmethod(replacement) if isinstance(original, classmethod) else replacement

    return make


def _raw_fields(original: Any) -> Any:
    @functools.wraps(original)
    def __init__(self: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
        if current() is None:
            original(self, **kwargs)
            return
        given = {snake(key) if _CAMEL.fullmatch(key) else key: value for key, value in kwargs.items()}
        raw = {key: value for key, value in given.items() if key in _RAW}
        original(self, **{key: value for key, value in given.items() if key not in raw})
        for key, value in raw.items():
            self.fields[key] = self._replace_placeholders(value)

    return __init__


PATCHES = PatchSet(
    (
        *(
            Patch("stepfunctions.workflow.stepfunctions", f"Workflow.{method}", _held(method))
            for method in ("create", "update", "execute", "delete")
        ),
        *(
            Patch("stepfunctions.workflow.stepfunctions", f"Workflow.{method}", _silent(answer))
            for method, answer in (
                ("list_workflows", ()),
                ("list_executions", ()),
                ("render_graph", None),
                ("render_progress", None),
            )
        ),
        Patch("stepfunctions.steps.states", "Block.__init__", _raw_fields),
    )
)


@contextmanager
def root_level_kept() -> Iterator[None]:
    """Keep the level of the root logger if the SDK is imported during the block."""
    root = logging.getLogger()
    before: list[int] = []

    def begin() -> None:
        before.append(root.level)
        # It imports pkg_resources, which says at length that it is old; nobody here can change that.
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning, "stepfunctions")

    hook = when_imported(
        "stepfunctions", lambda module: root.setLevel(before[0]) if before else None, before=begin
    )
    try:
        yield
    finally:
        hook.cancel()


@contextmanager
def offline_cell(cell: int | None = None) -> Iterator[None]:
    """Hold back the SDK's launches, and its change of logging, during the block.

    Args:
        cell: execution count of the cell whose body runs in the block.

    Raises:
        DeclarationError: ``PC613``, a state lacks what the SDK asks for: ``job_name``, most often.
    """
    from pipecell.declare.stepfunctions.traps import refusal

    with root_level_kept(), PATCHES.held():
        try:
            yield
        except TypeError as error:
            ours = refusal(error, cell)
            if ours is None:
                raise
            raise ours from error
