"""A table of executions in a widget, and two of them side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecell.engines.jobs import describe_job
from pipecell.errors import PipecellError
from pipecell.kernel.crew import Crew
from pipecell.live import metrics
from pipecell.live.output import MIME
from pipecell.live.shown import Shown
from pipecell.view.durations import duration
from pipecell.view.model import VERSION
from pipecell.view.theme import mark_of_status

if TYPE_CHECKING:
    from pipecell.engines.engine import ExecutionSummary
    from pipecell.execution import Execution

LOOKED_AT = 20
"""Executions whose times and cost are looked up for the table."""

PAIR = 2

Find = Callable[[str], "Execution"]
"""Finds an execution by its ARN."""


class ExecutionsStage(Shown):
    """One table in one widget.

    Args:
        find: finds an execution by its ARN.
        rows: what is listed.
        title: what stands above.
    """

    def __init__(self, find: Find, rows: Sequence[ExecutionSummary], title: str) -> None:
        super().__init__()
        self._find = find
        self._rows = tuple(rows)
        self._title = title
        self._times: dict[str, tuple[float | None, str]] = {}
        self._comparison: dict[str, Any] | None = None
        self._workers = Crew("pipecell-table")

    def document(self) -> dict[str, Any]:
        """Return `ExecutionsDocument` of the renderer."""
        return {
            "version": VERSION,
            "view": "executions",
            "title": self._title,
            "rows": [self._row(row) for row in self._rows],
            "comparison": self._comparison,
        }

    def bundle(self, text: str) -> dict[str, Any]:
        """Return the table with its text for where no widget is."""
        record = {"version": VERSION, "model_id": self.widget.model_id, "document": self.document()}
        self._workers.do(self._look)
        return {MIME: record, "text/plain": text}

    def _row(self, row: ExecutionSummary) -> dict[str, Any]:
        mark = mark_of_status(row.status)
        took, cost = self._times.get(row.execution_arn, (None, ""))
        return {
            "arn": row.execution_arn,
            "pipeline": row.pipeline,
            "status": row.status,
            "mark": {"sign": mark.sign, "ink": mark.ink, "word": mark.word},
            "started": row.started,
            "took": took,
            "cost": cost,
        }

    def asked(self, request: Mapping[str, Any]) -> None:
        """Take a request of the renderer: to be told all, or to compare two executions."""
        if request["type"] == "hello":
            self._workers.do(self._tell)
        elif request["type"] == "compare":
            arns = [str(arn) for arn in request.get("arns") or ()]
            if len(arns) == PAIR:
                self._workers.do(lambda: self._compare(arns[0], arns[1]))

    def _tell(self) -> None:
        self.widget.tell({"type": "document", "document": self.document()})

    def _look(self) -> None:
        """Find how long the newest executions took."""
        for row in self._rows[:LOOKED_AT]:
            try:
                execution = self._find(row.execution_arn)
                seen = execution.last_seen
                end = seen.ended or (time.time() if seen.running else None)
                took = end - seen.started if end is not None and seen.started is not None else None
                self._times[row.execution_arn] = (took, execution.cost_so_far())
            except PipecellError:
                continue  # its row stays without a time
        self._tell()

    def _compare(self, left: str, right: str) -> None:
        try:
            pair = [self._find(arn) for arn in (left, right)]
            self._comparison = comparison(pair[0], pair[1])
        except PipecellError as error:
            self.widget.tell({"type": "said", "text": str(error), "bad": True})
            return
        self._tell()


def comparison(left: Execution, right: Execution) -> dict[str, Any]:
    """Return `Comparison` of two runs: what they are, their parameters, steps, metrics and curves."""
    both = (left, right)
    sections = [
        {"title": "Run", "rows": _table([_facts(one) for one in both])},
        {"title": "Parameters", "rows": _table([one.parameters for one in both])},
        {"title": "Steps", "rows": _table([_steps(one) for one in both])},
        {"title": "Metrics", "rows": _table([_metrics(one) for one in both])},
    ]
    names = [one.execution_arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for one in both]
    return {"names": names, "sections": sections, "plots": _curves(both, names)}


def _took(execution: Execution) -> str:
    seen = execution.last_seen
    end = seen.ended or time.time()
    return duration(end - seen.started) if seen.started is not None else ""


def _facts(execution: Execution) -> dict[str, str]:
    return {
        "Pipeline": execution.pipeline,
        "Status": execution.status,
        "Took": _took(execution),
        "Cost": execution.cost_so_far(),
    }


def _line(label: str, values: Sequence[Any]) -> dict[str, Any]:
    return {"label": label, "values": ["" if value is None else str(value) for value in values]}


def _table(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for column in columns for name in column)
    return [_line(name, [column.get(name) for column in columns]) for name in names]


def _steps(execution: Execution) -> dict[str, str]:
    found = {}
    for step in execution.steps:
        mark = mark_of_status(step.status)
        spent = duration((step.ended or time.time()) - step.started) if step.started is not None else ""
        found[step.name] = f"{mark.sign} {'reused' if step.cached else spent}"
    return found


def _metrics(execution: Execution) -> dict[str, str]:
    """Return the last value of each metric of each training job."""
    found = {}
    for step in execution.steps:
        if step.type != "Training":
            continue
        job = describe_job(execution.engine.connection, step.metadata)
        for metric in (job.description.get("FinalMetricDataList") if job is not None else None) or ():
            found[f"{step.name} · {metric.get('MetricName')}"] = f"{metric.get('Value'):.5g}"
    return found


def _curves(both: Sequence[Execution], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the training curves of both runs on common axes."""
    merged: dict[str, dict[str, Any]] = {}
    for execution, name in zip(both, names, strict=True):
        for step in execution.steps:
            if step.type != "Training" or step.cached:
                continue
            try:
                lines = [line.message for line in execution.logs(step.name)]
            except PipecellError:
                continue  # it wrote no log
            for plot in metrics.curves(lines, ()):
                known = merged.setdefault(f"{step.name} · {plot['title']}", {**plot, "series": []})
                known["title"] = f"{step.name} · {plot['title']}"
                known["series"] += [
                    {**series, "name": f"{series['name']} ({name[:8]})"} for series in plot["series"]
                ]
    return list(merged.values())
