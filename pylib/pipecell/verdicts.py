"""The cache's verdict on a step of an execution, with its reason, read from the executions before it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipecell.definition.cache.hindsight import Verdict, look_back
from pipecell.definition.cache.past import PastStep
from pipecell.engines.objects import S3Objects
from pipecell.engines.past import PastRuns
from pipecell.planning import code_words, day

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.engines.connection import Connection
    from pipecell.engines.engine import StepSnapshot


def verdict(
    connection: Connection, document: Document, execution_arn: str, step: StepSnapshot
) -> Verdict | None:
    """Return why a step that has begun was reused, or was not; None where reuse is no question.

    Args:
        connection: to where it runs.
        document: the SageMaker pipeline that runs.
        execution_arn: its execution.
        step: a step of it.

    Raises:
        ExecutionError: AWS refused to be looked at.
        DefinitionError: an ``ExpireAfter`` is no duration.
    """
    there = S3Objects(connection)
    past = PastRuns(connection, document.name, there)
    own = past.run(execution_arn)
    view = own.views.get(step.name)
    if view is None or step.started is None:
        return None
    now = time.time()
    for key, words in (("CacheHitResult", "reused"), ("SelectiveExecutionResult", "taken over")):
        source = str((step.metadata.get(key) or {}).get("SourcePipelineExecutionArn") or "")
        if source:
            found = past.run(source).step(step.name, step.type)
            when = f" of {day(found.ended, now)}" if found is not None else ""
            return Verdict("hit", f"{words} from execution {short_id(source)}{when}", source)
    return look_back(
        view,
        own.begun(view),
        step.started,
        _before(past, execution_arn, step),
        code_words=code_words(there, there, by_address=not past.local),
        name=lambda run: f"execution {short_id(run.execution_arn)} of {day(run.ended, now)}",
    )


def short_id(execution_arn: str) -> str:
    """Return the last part of an execution's ARN, by which people know it."""
    return execution_arn.rpartition("/")[2]


def _before(past: PastRuns, execution_arn: str, step: StepSnapshot) -> Iterator[PastStep]:
    """Yield the step's successes by its own work in executions older than one."""
    seen = {execution_arn}
    older = False
    for run in past.runs():
        older = older or run.arn == execution_arn
        if not older or run.arn in seen:
            continue
        seen.add(run.arn)
        found = run.step(step.name, step.type)
        if found is not None:
            yield found
