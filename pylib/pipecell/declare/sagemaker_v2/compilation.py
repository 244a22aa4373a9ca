"""From the SDK's step objects to the definition, by the SDK's own compiler.

Compiling is repeatable: the same cells compile to the same bytes again and again, nothing is left
in the user's objects, and no AWS call is made.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pipecell.declare import findings
from pipecell.declare.capture import not_capturing
from pipecell.declare.cells import name_of, walk
from pipecell.declare.comments import notes_of
from pipecell.declare.compiled import PLACEHOLDER_ROLE, Compiled
from pipecell.declare.counting import expect
from pipecell.declare.declaration import Declaration
from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.context import HeldCall, Offline, current, entered, offline_answer
from pipecell.declare.sagemaker_v2.failure import definition_error
from pipecell.declare.sagemaker_v2.keeping import keeping, keeping_steps_of
from pipecell.declare.sagemaker_v2.objects import as_they_were, by_name, newest, rewired
from pipecell.declare.sagemaker_v2.parameters import explicit, implicit
from pipecell.declare.sagemaker_v2.placeholder_session import compile_session
from pipecell.declare.sagemaker_v2.quiet import silence
from pipecell.declare.sagemaker_v2.settling import settle
from pipecell.definition.document import read_document
from pipecell.definition.order import sorted_steps
from pipecell.errors import PipecellError

_LOCK = threading.RLock()


def compile_declaration(declaration: Declaration) -> Compiled:
    """Compile a declaration whose engine is SageMaker Pipelines; the patches must be held.

    Raises:
        DefinitionError: ``PC620``, the SDK refuses, in its own words, with step and cell; ``PC621``, it
            needs AWS for it.
        DeclarationError: the declaration contradicts itself.
    """
    offline = Offline(compiling=True)
    expect(len(declaration.cells) or len(declaration.steps))
    # One at a time: the SDK keeps the step it compiles in a global variable.
    with _LOCK, entered(offline), not_capturing(), silence():
        try:
            pipeline = _pipeline(declaration)
            with rewired(declaration.held), _compiling_for(declaration):
                text = pipeline.definition()
            if declaration.is_sorted:
                text = json.dumps(sorted_steps(json.loads(text)))
            if declaration.adopted is None:
                parameters = implicit(declaration, offline.parameters, text)
            else:
                parameters = explicit(declaration, declaration.adopted.parameters)
        except PipecellError as error:
            error.step = error.step or offline.owner or None
            error.cell = error.cell if error.cell is not None else declaration.cells.get(error.step or "")
            raise
        except Exception as error:
            raise definition_error(error, offline.owner, declaration.cells) from error
        region = pipeline.sagemaker_session.boto_region_name
    return _finish(declaration, offline, text, parameters, region)


def _finish(
    declaration: Declaration,
    offline: Offline,
    text: str,
    parameters: list[dict[str, Any]],
    region: str,
) -> Compiled:
    settled = settle(declaration, offline, text, json.dumps(parameters))
    body, parameters = map(json.loads, settled.texts)
    body["Parameters"] = parameters
    _sort_collections(body)
    document = read_document(
        body, name=declaration.deployed_name, cells=declaration.cells, notes=notes_of(declaration)
    )
    diagnostics = list(findings.overwritten(settled.overwritten))
    if declaration.adopted is not None:
        diagnostics += findings.left_out(declaration.adopted, declaration.held, _step_names(body["Steps"]))
    return Compiled(
        document=document,
        uploads=settled.uploads,
        region=region,
        functions=settled.functions,
        diagnostics=tuple(diagnostics),
        missing=declaration.missing,
        **_launch_settings(declaration.launches),
    )


def _pipeline(declaration: Declaration) -> Any:
    """Return the Pipeline to compile: a copy of the adopted one, or one of our own."""
    from sagemaker.workflow.pipeline import Pipeline

    steps = newest(declaration.steps, declaration.held)
    session = _session(declaration, steps)
    pipeline = Pipeline(
        name=declaration.deployed_name,
        steps=steps,
        sagemaker_session=compile_session(session.boto_region_name),
    )
    pipeline.sagemaker_session = session
    if declaration.adopted is not None:
        pipeline.pipeline_experiment_config = declaration.adopted.pipeline_experiment_config
        pipeline.pipeline_definition_config = declaration.adopted.pipeline_definition_config
    return pipeline


def _session(declaration: Declaration, steps: Iterable[Any]) -> Any:
    """Return the session to compile with: the adopted pipeline's, else the first that a step brings."""
    if declaration.adopted is not None:
        return declaration.adopted.sagemaker_session
    for step in walk(steps, declaration.held):
        arguments = getattr(step, "step_args", None)
        jobs = getattr(arguments, "func_args", ())[:1]
        for job in (
            *jobs,
            *(getattr(step, name, None) for name in ("processor", "estimator", "transformer")),
        ):
            session = getattr(job, "sagemaker_session", None)
            if session is not None:
                return session
    return compile_session()


def _step_names(steps: Iterable[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        yield step["Name"]
        if step["Type"] == "Condition":
            yield from _step_names([*step["Arguments"]["IfSteps"], *step["Arguments"]["ElseSteps"]])


def _sort_collections(body: dict[str, Any]) -> None:
    """Order the debugger's collections by name: the SDK keeps them in a set."""

    def visit(steps: Iterable[dict[str, Any]]) -> None:
        for step in steps:
            arguments = step.get("Arguments") or {}
            hook = arguments.get("DebugHookConfig") or {}
            if isinstance(hook.get("CollectionConfigurations"), list):
                hook["CollectionConfigurations"].sort(key=lambda item: str(item.get("CollectionName")))
            if step["Type"] == "Condition":
                visit([*arguments["IfSteps"], *arguments["ElseSteps"]])

    visit(body["Steps"])


def _launch_settings(calls: Iterable[HeldCall]) -> dict[str, Any]:
    """Return role, tags and parallelism that the cells' own launch calls named; later calls win."""
    from sagemaker.utils import format_tags

    settings: dict[str, Any] = {"role": PLACEHOLDER_ROLE}
    for call in calls:
        if call.arguments.get("role_arn"):
            settings["role"] = str(call.arguments["role_arn"])
        if call.arguments.get("tags"):
            settings["tags"] = tuple(format_tags(call.arguments["tags"]))
        parallelism = call.arguments.get("parallelism_config")
        if parallelism is not None and call.method != "start":
            to_request = getattr(parallelism, "to_request", None)
            settings["parallelism"] = to_request() if to_request else dict(parallelism)
    return settings


_DECLARATION: threading.local = threading.local()


@contextmanager
def _compiling_for(declaration: Declaration) -> Iterator[None]:
    """Tell the patched compiler whose steps it compiles."""
    _DECLARATION.current = declaration
    _DECLARATION.steps = by_name(declaration.held)
    try:
        with keeping_steps_of(declaration.runs):
            yield
    finally:
        _DECLARATION.current = None


def _definition(offline: Offline, original: Any, pipeline: Any) -> Any:
    """Compile without a trace: in the user's objects, in what a cell declares, in what it uploads."""
    with not_capturing(), as_they_were(pipeline.steps):
        if offline.compiling:
            return original(pipeline)
        # A cell that prints pipeline.definition(): what this uploads, the real compilation uploads too.
        with entered(Offline(owner=offline.owner)):
            return original(pipeline)


def _build(offline: Offline, original: Any, compiler: Any) -> Any:
    """Compile steps; the copies that the SDK makes of conditions are nothing that a cell declares."""
    del offline
    with not_capturing():
        return original(compiler)


def _simplify(original: Any) -> Any:
    """Let a reference to an earlier run's step mean the step that holds its name now.

    The SDK adds steps that are referred to and not listed, by identity. It would add the earlier run's
    step again; a reference to one that is gone stays a reference, for checks to find.
    """

    @functools.wraps(original)
    def _simplify_step_list(compiler: Any, step_list: Any) -> Any:
        steps = original(compiler, step_list)
        declaration = getattr(_DECLARATION, "current", None)
        if declaration is None or current() is None:
            return steps
        found: dict[int, Any] = {}
        for item in steps:
            step = _DECLARATION.steps.get(name_of(item), item)
            if step is item and declaration.is_superseded(item):
                compiler._all_known_steps.add(item)
            found[id(step)] = step
        return list(found.values())

    return _simplify_step_list


def _step_context(original: Any) -> Any:
    """Note which step is compiled, and give each ``@step`` function a build time of its own.

    With the SDK's one build time for all of them, a change of one function would give all another key.
    """

    @functools.wraps(original)
    @contextmanager
    def step_compilation_context_manager(**kwargs: Any) -> Iterator[Any]:
        offline = current()
        if offline is None:
            with original(**kwargs) as context:
                yield context
            return
        before, offline.owner = offline.owner, kwargs["step_name"]
        kwargs |= {"pipeline_build_time": offline.read_clock().timestamp, "upload_workspace": True}
        with original(**kwargs) as context:
            yield context
        offline.owner = before  # not after an error: it names the step at fault

    return step_compilation_context_manager


PATCHES = (
    Patch("sagemaker.workflow.pipeline", "Pipeline.definition", offline_answer(_definition)),
    Patch("sagemaker.workflow._steps_compiler", "StepsCompiler.build", offline_answer(_build)),
    Patch("sagemaker.workflow._steps_compiler", "StepsCompiler._simplify_step_list", _simplify),
    Patch("sagemaker.workflow._steps_compiler", "StepsCompiler._build_step", keeping),
    Patch("sagemaker.workflow._steps_compiler", "step_compilation_context_manager", _step_context),
)
