"""The Step Functions Data Science SDK: the only module of ours that imports it, and only while it works.

Its states become a definition by its own ``Graph``. Importing it sets the level of the root logger
to ERROR; where pipecell sees the import, it puts the level back.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipecell.declare import findings
from pipecell.declare.cells import name_of
from pipecell.declare.compiled import PLACEHOLDER_ACCOUNT, PLACEHOLDER_ROLE, Compiled
from pipecell.declare.declaration import Declaration
from pipecell.declare.imports import when_imported
from pipecell.declare.patches import Patch, PatchSet
from pipecell.declare.sagemaker_v2.context import HeldCall, Offline, current, entered, fallback_region
from pipecell.declare.sagemaker_v2.offline import PATCHES as SAGEMAKER_PATCHES
from pipecell.declare.sagemaker_v2.settling import settle
from pipecell.definition.document import read_document
from pipecell.errors import DeclarationError, DefinitionError, MissingDependencyError, PipecellError


def compile(declaration: Declaration) -> Compiled:  # noqa: A001 - the engine's verb
    """Compile what cells declared into a state machine, without any network.

    Args:
        declaration: a pipeline whose engine is Step Functions.

    Raises:
        DefinitionError: ``PC620``, the SDK refuses, in its own words.
        DeclarationError: ``PC610``, it is open which state comes first.
        MissingDependencyError: the Step Functions SDK is not installed.
    """
    offline = Offline(compiling=True, owner=declaration.name)
    with root_level_kept():
        try:
            from stepfunctions.steps.states import Graph
        except ImportError as error:
            raise MissingDependencyError(
                "Compiling this state machine needs the Step Functions SDK.",
                hint='Install it with: pip install "pipecell[v2]"',
            ) from error
    with SAGEMAKER_PATCHES.held(), entered(offline):
        try:
            workflow = declaration.adopted
            graph = Graph(_first(declaration)) if workflow is None else workflow.definition
            text = graph.to_json()
        except PipecellError:
            raise
        except Exception as error:
            raise _refused(error, declaration) from error
    settled = settle(declaration, offline, text)
    body = json.loads(settled.texts[0])
    diagnostics = list(findings.overwritten(settled.overwritten))
    if workflow is not None:
        diagnostics += findings.left_out(workflow, declaration.held, _state_names(body))
    return Compiled(
        document=read_document(body, name=declaration.deployed_name, cells=declaration.cells),
        uploads=settled.uploads,
        tags=tuple({"Key": tag["key"], "Value": tag["value"]} for tag in getattr(workflow, "tags", ())),
        role=getattr(workflow, "role", None) or PLACEHOLDER_ROLE,
        region=fallback_region(),
        functions=settled.functions,
        diagnostics=tuple(diagnostics),
    )


def _first(declaration: Declaration) -> Any:
    """Return the one state that no other leads to.

    Raises:
        DeclarationError: there is none, or there are several.
    """
    states = list(declaration.steps)
    led_to = {id(state) for source in states for state in _led_to(source)}
    first = [state for state in states if id(state) not in led_to]
    if len(first) == 1:
        return first[0]
    if not states:
        raise DeclarationError(f"The cells of {declaration.name} declare no state.", code="PC610")
    names = ", ".join(name_of(state) for state in first)
    raise DeclarationError(
        f"It is open which state comes first: {names} follow no other."
        if first
        else "Each state follows another.",
        code="PC610",
        hint="Put them in order with Chain([a, b]), or build a Workflow.",
        cell=declaration.cells.get(name_of(states[0])),
    )


def _led_to(state: Any) -> Iterator[Any]:
    """Yield the states that a state leads to or contains, and all that those contain."""
    ends = [state.next_step, state.default, state.iterator]
    ends += [catch.next_step for catch in state.catches]
    ends += [target for _, target in state.choices or ()]
    ends += state.branches or ()
    for end in ends:
        if end is not None:
            # What a chain holds besides its first state follows that one.
            yield end.steps[0] if type(end).__name__ == "Chain" else end


def _state_names(machine: dict[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield name
        inner = [*state.get("Branches", ()), state.get("Iterator"), state.get("ItemProcessor")]
        for machine_inside in filter(None, inner):
            yield from _state_names(machine_inside)


def _refused(error: Exception, declaration: Declaration) -> DefinitionError:
    words = " ".join(str(error).split()) or type(error).__name__
    hint = ""
    if "JSON serializable" in words:
        hint = "A pipeline parameter has no place in a state; use ExecutionInput."
    named = next((name for name in declaration.cells if f"'{name}'" in words), "")
    return DefinitionError(
        words if words.endswith(".") else f"{words}.",
        code="PC620",
        step=named or None,
        cell=declaration.cells.get(named),
        hint=hint,
    )


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


def _held(method: str) -> Any:
    def make(original: Any) -> Any:
        @functools.wraps(original)
        def replacement(workflow: Any, *args: Any, **kwargs: Any) -> Any:
            offline = current()
            if offline is None:
                return original(workflow, *args, **kwargs)
            offline.held.append(HeldCall(method, workflow.name, kwargs))
            if method == "execute":
                return HeldStateMachineExecution(workflow.name)
            if method == "delete":
                return None
            return f"arn:aws:states:{fallback_region()}:{PLACEHOLDER_ACCOUNT}:stateMachine:{workflow.name}"

        return replacement

    return make


PATCHES = PatchSet(
    Patch("stepfunctions.workflow.stepfunctions", f"Workflow.{method}", _held(method))
    for method in ("create", "update", "execute", "delete")
)


@contextmanager
def root_level_kept() -> Iterator[None]:
    """Keep the level of the root logger if the SDK is imported during the block."""
    root = logging.getLogger()
    before: list[int] = []
    hook = when_imported(
        "stepfunctions",
        lambda module: root.setLevel(before[0]) if before else None,
        before=lambda: before.append(root.level),
    )
    try:
        yield
    finally:
        hook.cancel()


@contextmanager
def offline_cell() -> Iterator[None]:
    """Hold back the SDK's launches, and its change of logging, during the block."""
    with root_level_kept(), PATCHES.held():
        yield
