"""From the states of cells to a definition, by the SDK's own ``Graph``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipecell.declare import findings
from pipecell.declare.cells import name_of
from pipecell.declare.comments import notes_of
from pipecell.declare.compiled import PLACEHOLDER_ROLE, Compiled
from pipecell.declare.declaration import Declaration
from pipecell.declare.sagemaker_v2.context import Offline, entered, fallback_region
from pipecell.declare.sagemaker_v2.offline import PATCHES as SAGEMAKER_PATCHES
from pipecell.declare.sagemaker_v2.settling import settle
from pipecell.declare.stepfunctions.hooks import PATCHES, root_level_kept
from pipecell.declare.stepfunctions.inputs import schema_types
from pipecell.declare.stepfunctions.linking import relink, start_of
from pipecell.declare.stepfunctions.machine_text import TextMachine
from pipecell.declare.stepfunctions.traps import refuse_pipeline_variables
from pipecell.definition.document import inner_machines, read_document
from pipecell.errors import DeclarationError, DefinitionError, MissingDependencyError, PipecellError


def compile(declaration: Declaration) -> Compiled:  # noqa: A001 - the engine's verb
    """Compile what cells declared into a state machine, without any network.

    Args:
        declaration: a pipeline whose engine is Step Functions.

    Raises:
        DefinitionError: ``PC620``, the SDK refuses, in its own words; ``PC622``, a SageMaker pipeline's
            parameter is inside a state.
        DeclarationError: ``PC610``, it is open which state comes first.
        MissingDependencyError: the Step Functions SDK is not installed.
    """
    workflow = declaration.adopted
    offline = Offline(compiling=True, owner=declaration.name)
    if isinstance(workflow, TextMachine):
        text = workflow.to_json()
    else:
        refuse_pipeline_variables(declaration)
        relink(declaration)
        text = _with_sdk(declaration, offline)
    settled = settle(declaration, offline, text)
    body = json.loads(settled.texts[0], object_hook=_with_processor)
    diagnostics = list(findings.overwritten(settled.overwritten))
    if workflow is not None:
        diagnostics += findings.left_out(workflow, declaration.held, _state_names(body))
    return Compiled(
        document=read_document(
            body,
            name=declaration.deployed_name,
            cells=declaration.cells,
            inputs=_inputs(declaration),
            notes=notes_of(declaration),
        ),
        uploads=settled.uploads,
        tags=tuple({"Key": tag["key"], "Value": tag["value"]} for tag in getattr(workflow, "tags", ())),
        role=getattr(workflow, "role", None) or PLACEHOLDER_ROLE,
        region=fallback_region(),
        functions=settled.functions,
        input=_held_input(declaration),
        diagnostics=tuple(diagnostics),
    )


def _with_sdk(declaration: Declaration, offline: Offline) -> str:
    with root_level_kept():
        try:
            from stepfunctions.steps.states import Graph
        except ImportError as error:
            raise MissingDependencyError(
                "Compiling this state machine needs the Step Functions SDK.",
                hint='Install it with: pip install "pipecell[v2]"',
            ) from error
    workflow = declaration.adopted
    with SAGEMAKER_PATCHES.held(), PATCHES.held(), entered(offline):
        try:
            graph = Graph(_first(declaration)) if workflow is None else _of_workflow(workflow, declaration)
            return str(graph.to_json())
        except PipecellError:
            raise
        except Exception as error:
            raise _refused(error, declaration) from error


def _of_workflow(workflow: Any, declaration: Declaration) -> Any:
    """Return a workflow's graph; built again where a cell that declared one of its states ran again."""
    graph = workflow.definition
    branch = vars(graph).get("branch")
    if branch is None or not any(map(declaration.is_superseded, _all_states(branch))):
        return graph
    return type(graph)(start_of(declaration, branch), **graph.fields)


def _all_states(branch: Any) -> Iterator[Any]:
    """Yield the states that can be reached from a state or chain."""
    seen: dict[int, Any] = {}
    ahead = list(branch.steps) if type(branch).__name__ == "Chain" else [branch]
    while ahead:
        state = ahead.pop()
        if id(state) not in seen:
            seen[id(state)] = state
            ahead += _led_to(state)
            yield state


def _inputs(declaration: Declaration) -> dict[str, str]:
    """Return the typed input of an execution: the workflow's own, else what the cells create."""
    own = getattr(declaration.adopted, "workflow_input", None)
    created = [thing for run in declaration.runs for thing in run.capture.of("input")]
    return schema_types([own] if own is not None else created)


def _held_input(declaration: Declaration) -> Any:
    """Return what the last held-back ``execute`` of the deployed workflow was to start with."""
    name = declaration.deployed_name
    held = [call for call in declaration.launches if call.method == "execute" and call.pipeline == name]
    return held[-1].arguments.get("inputs") if held else None


def _with_processor(value: dict[str, Any]) -> dict[str, Any]:
    """Give a Map its ProcessorConfig where the language has it: in the processor, beside its states."""
    if "ProcessorConfig" in value and isinstance(value.get("Iterator"), dict):
        value = dict(value)
        value["ItemProcessor"] = {"ProcessorConfig": value.pop("ProcessorConfig"), **value.pop("Iterator")}
    elif "ItemProcessor" in value and value.get("Type") == "Map":
        value = {key: item for key, item in value.items() if key != "Iterator"}
    return value


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
    for name, state in machine.get("States", {}).items():
        yield name
        for _, inner in inner_machines({"Type": "", **state}):
            yield from _state_names(inner)


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
