"""Selective execution: some steps run, the others lend the results of an earlier execution.

Source: SageMaker developer guide, "Selective execution of pipeline steps".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecell.errors import did_you_mean
from pipecell.local.records import Query, executions, names
from pipecell.local.records.executions import StepRecord
from pipecell.local.records.pipelines import PipelineRecord
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.plan import Steps, upstream


@dataclass(frozen=True)
class Reused:
    """A step whose result is taken from another execution.

    Attributes:
        step: as that execution has it.
        source_arn: that execution.
    """

    step: StepRecord
    source_arn: str


def choose(
    query: Query, pipeline: PipelineRecord, steps: Steps, selection: Mapping[str, Any]
) -> tuple[Collection[str], Sequence[Reused]]:
    """Return the steps that may run, and those whose results they need from an earlier execution.

    Args:
        query: the store's.
        pipeline: the pipeline that is started.
        steps: its definition's steps.
        selection: the SelectiveExecutionConfig; empty for a whole run.

    Raises:
        ServiceError: ``ValidationException``, a step that is not there, or results that are not.
    """
    if not selection:
        return list(steps.views), ()
    chosen = [each["StepName"] for each in selection["SelectedSteps"]]
    for name in chosen:
        if name not in steps.views:
            raise ServiceError(
                "ValidationException",
                f"The pipeline has no step [{name}] to select. {did_you_mean(name, steps.views)}".rstrip(),
            )
    needed = sorted(upstream(steps, chosen), key=list(steps.views).index)
    if not needed:
        return chosen, ()
    given = selection.get("SourcePipelineExecutionArn")
    source = _source(query, pipeline, given)
    found = {step.name: step for step in executions.steps(query, names.last_part(source))} if source else {}
    missing = [name for name in needed if name not in found or found[name].status != "Succeeded"]
    if source is None or missing:
        raise ServiceError(
            "ValidationException",
            f"Invalid SourcePipelineExecutionArn: {source or 'null'}."
            f" The selected steps [{', '.join(chosen)}] have dependencies on [{', '.join(missing)}]"
            + (", which did not succeed in that execution." if source else "."),
        )
    return chosen, [Reused(found[name], source) for name in needed]


def _source(query: Query, pipeline: PipelineRecord, given: str | None) -> str | None:
    """Return the execution that lends its results: the given one, else the latest that is over."""
    if given is not None:
        record = executions.find(query, names.last_part(given))
        if record is None or record.pipeline != pipeline.name:
            raise ServiceError(
                "ValidationException",
                f"Invalid SourcePipelineExecutionArn: {given}. It is not an execution of {pipeline.name}.",
            )
        if record.status in executions.RUNNING:
            raise ServiceError(
                "ValidationException", f"Invalid SourcePipelineExecutionArn: {given}. It is still running."
            )
        return record.arn
    rows = query(
        "SELECT arn FROM execution WHERE pipeline = ? AND status IN ('Succeeded', 'Failed')"
        " ORDER BY created DESC LIMIT 1",
        (pipeline.name,),
    )
    return rows[0]["arn"] if rows else None
