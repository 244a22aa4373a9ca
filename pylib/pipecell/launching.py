"""A launch: which steps, the account's own names, one line that says it, and the start itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pipecell.errors import ExecutionError, UsageError, did_you_mean
from pipecell.reports import changed_values
from pipecell.targets import PLACES

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.document import Document
    from pipecell.engines.connection import Connection
    from pipecell.engines.engine import Engine, Progress, Selection


def selected_steps(document: Document, only: Sequence[str], start_from: str | None) -> tuple[str, ...]:
    """Return the steps to run in the definition's order; none means all.

    Args:
        document: a SageMaker definition.
        only: these steps.
        start_from: this step and all that wait for it, directly or not.

    Raises:
        UsageError: there is no such step (``PC924``).
    """
    from pipecell.definition.sagemaker import dependencies

    wanted = [*only, *([start_from] if start_from else [])]
    if not wanted:
        return ()
    waits = dependencies(document)
    for name in wanted:
        if name not in waits:
            raise UsageError(
                f'{document.name} has no step "{name}".', code="PC924", hint=did_you_mean(name, waits)
            )
    chosen = {*wanted, *(_waiting_for(start_from, waits) if start_from else ())}
    return tuple(name for name in waits if name in chosen)


def _waiting_for(step: str, waits: Mapping[str, set[str] | frozenset[str]]) -> set[str]:
    reached = {step}
    while grown := {name for name, needs in waits.items() if needs & reached} - reached:
        reached |= grown
    return reached


def selection(place: Engine, document: Document, steps: tuple[str, ...]) -> Selection | None:
    """Return what a selective execution is asked for: its steps, and the newest execution that it reuses."""
    from pipecell.engines.engine import RUNNING, Selection

    if not steps:
        return None
    ended = [row for row in place.executions(document.name) if row.status not in RUNNING]
    return Selection(steps, ended[0].execution_arn if ended else None)


def for_account(
    compiled: Compiled, connection: Connection, role: str | None, *, must: bool = True
) -> Compiled:
    """Return a compiled pipeline with the account, bucket and role that it gets on AWS.

    Args:
        compiled: as it was compiled, with placeholders.
        connection: to AWS.
        role: the role to run under; None to find one.
        must: raise where there is none to be found; else leave the placeholder.

    Raises:
        ExecutionError: no role is to be found, or AWS refused.
    """
    from pipecell.declare.compiled import PLACEHOLDER_ROLE
    from pipecell.declare.sagemaker_v2 import substitute
    from pipecell.engines import identity, uploads

    chosen = role or (compiled.role if compiled.role != PLACEHOLDER_ROLE else None)
    if chosen is None:
        try:
            chosen = identity.execution_role(connection)
        except ExecutionError:
            if must:
                raise
            chosen = PLACEHOLDER_ROLE
    return substitute(
        compiled, account=uploads.account(connection), bucket=uploads.default_bucket(connection), role=chosen
    )


def launch(
    place: Engine,
    ready: Compiled,
    uploading: AbstractContextManager[Progress],
    *,
    parameters: Mapping[str, Any],
    input: Any = None,  # noqa: A002 - a state machine's own word
    steps: tuple[str, ...] = (),
) -> str:
    """Deploy a compiled pipeline and start it; return the execution's ARN.

    Args:
        place: the engine that runs it.
        ready: as it is deployed there.
        uploading: shows how far its uploads are.
        parameters: values that it starts with.
        input: a state machine's input.
        steps: the steps to run; none means all.

    Raises:
        ExecutionError: AWS refused.
    """
    with uploading as progress:
        place.deploy(
            ready.document,
            role=ready.role,
            uploads=ready.uploads,
            tags=ready.tags,
            parallelism=ready.parallelism,
            progress=progress,
        )
    if ready.functions:
        from pipecell.engines import functions

        functions.put(place.connection, ready.functions)
    return place.start(
        ready.document,
        parameters=parameters,
        input=input,
        selection=selection(place, ready.document, steps),
    )


def launch_line(
    name: str,
    profile: str,
    values: Mapping[str, Any],
    defaults: Mapping[str, Any],
    connection: Connection | None,
) -> str:
    """Say in one line what is about to be started, with which values, and where.

    Args:
        name: the pipeline's.
        profile: its profile; empty for a pipeline without parameters.
        values: what it is started with.
        defaults: what the definition declares.
        connection: to AWS; None for this machine.
    """
    changed = changed_values(values, defaults)
    where = PLACES["local" if connection is None else "aws"]
    if connection is not None:
        from pipecell.engines.uploads import account

        where += f", {connection.region_name()}, account {account(connection)}"
    words = f"profile {profile}{f' ({changed})' if changed else ''}, " if profile else ""
    return f"{name}: {words}{where}."
