"""What the drawer shows of one node: `Detail` of the renderer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecell.definition.arguments import Argument, arguments, written
from pipecell.definition.parameters import defaults
from pipecell.definition.references import resolve
from pipecell.definition.sagemaker import iterate_steps
from pipecell.engines.inside import started_arn
from pipecell.engines.jobs import Job, describe_job, job_arn
from pipecell.engines.logs import may_log, source_of
from pipecell.engines.tuning import look_at_trials
from pipecell.errors import PipecellError
from pipecell.graph import step_word
from pipecell.live import code, data, metrics
from pipecell.live.comparisons import thresholds
from pipecell.live.inside import number
from pipecell.view.durations import duration
from pipecell.view.items import items
from pipecell.view.metrics import clean

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.document import Document
    from pipecell.engines.engine import Inside, StepSnapshot
    from pipecell.execution import Execution
    from pipecell.graph import Graph

MOST_ARGUMENTS = 400
_TEXT = 600  # characters of one value
_PAYLOAD = 20_000
_LOG_LINES = 20_000
_TELLING = ("InstanceType", "InstanceCount", "MaxNumberOfTrainingJobs")


def preview_detail(
    compiled: Compiled, graph: Graph, node: str, members: Sequence[str], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the detail of a node that has not run: what it would run with.

    Args:
        compiled: what is declared.
        graph: its DAG.
        node: id of the drawn node.
        members: ids of the nodes that it stands for.
        values: parameter values of the profile in force.
    """
    document = compiled.document
    detail = declared_detail(document, graph, node, members, values)
    body = _body(document, node)
    if body is not None and document.engine == "sagemaker":
        declared = _with_values(body.get("Arguments") or {}, values)
        detail["code"] = code.from_uploads(compiled.uploads, declared)
    return detail


def declared_detail(
    document: Document, graph: Graph, node: str, members: Sequence[str], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the detail of a node as its definition alone tells it.

    Args:
        document: the definition.
        graph: its DAG.
        node: id of the drawn node.
        members: ids of the nodes that it stands for.
        values: parameter values.
    """
    return _empty(node, _heading(graph, node), document, members, values)


def run_detail(execution: Execution, node: str, members: Sequence[str]) -> dict[str, Any]:
    """Return the detail of a node of a run: all that its step left so far.

    Args:
        execution: the run.
        node: id of the drawn node.
        members: ids of the nodes that it stands for.
    """
    detail = _empty(node, _heading(execution.graph, node), execution.document, members, execution.parameters)
    name = next((item.name for item in execution.graph.nodes if item.id == node), node)
    step = execution.last_seen.step(name)
    body = _body(execution.document, node)
    kind = next((item.type for item in execution.graph.nodes if item.id == node), "")
    ended = step is not None and step.ended is not None
    detail["logs"] = may_log(kind) if step is None or not ended else source_of(step) is not None
    if len(members) == 1:
        detail["again"] = _again(execution, name)
    if step is None or len(members) > 1:
        return detail
    told = _cache_fact(execution, step)
    asked = [fact for fact in detail["facts"] if not told or fact["label"] != "Cache"]
    detail["facts"] = [*_step_facts(execution, step), *told, *asked]
    detail["attempts"] = [clean(text)[:_TEXT] for text in step.metadata.get("Retried") or ()]
    detail["payloads"] = _payloads(step)
    lines = _log_lines(execution, step.name) if detail["logs"] and job_arn(step.metadata) else []
    if started_arn(step):
        detail["facts"].append({"label": "Started", "value": started_arn(step)})
    _add_job(detail, execution, step, lines, body)
    return detail


def trial_detail(execution: Execution, inside: Inside, name: str) -> dict[str, Any]:
    """Return the detail of one trial of a tuning step: what it tried, what it reached, its training job.

    Args:
        execution: the run.
        inside: the trials.
        name: the training job's.
    """
    step = next(each for each in inside.steps if each.name == name)
    detail = _empty_detail(name, f"Trial of {inside.path[-1]}")
    detail["logs"] = True
    reached = step.metadata.get("Objective")
    if reached is not None:
        first = " · the best so far" if inside.running else " · the best"
        value = f"{number(reached)}{first if name == inside.best else ''}"
        detail["facts"].append({"label": inside.objective or "Objective", "value": value})
    detail["facts"] += [
        {"label": key, "value": clean(str(value))[:_TEXT]}
        for key, value in (step.metadata.get("TunedHyperParameters") or {}).items()
    ]
    if step.started is not None and step.ended is not None:
        detail["facts"].append({"label": "Took", "value": duration(step.ended - step.started)})
    lines = _log_lines(execution, f"{inside.path[-1]}/{name}")
    _add_job(detail, execution, step, lines, None)
    return detail


def _add_job(
    detail: dict[str, Any],
    execution: Execution,
    step: StepSnapshot,
    lines: Sequence[str],
    body: Mapping[str, Any] | None,
) -> None:
    """Add what a step's job tells: why it failed, what it reads and writes, its numbers, its code."""
    job, trouble = _job(execution, step)
    if step.failure_reason:
        detail["failure"] = failure(lines, step.failure_reason)
        if clean(step.failure_reason) != detail["failure"]["reason"]:
            detail["facts"].append({"label": "AWS says", "value": clean(step.failure_reason)[:_TEXT]})
    if trouble:
        detail["facts"].append({"label": "Job", "value": trouble})
    connection = execution.engine.connection
    if job is not None:
        detail["inputs"] = data.artifacts(connection, job.inputs)
        detail["outputs"] = data.artifacts(connection, job.outputs)
        told = {fact["label"] for fact in detail["facts"]}
        detail["facts"] += [fact for fact in _job_facts(job) if fact["label"] not in told]
        detail["plots"] = _plots(execution, step, job, lines, body)
        detail["code"] = code.from_s3(connection, _job_arguments(job))


def failure(lines: Sequence[str], reason: str) -> dict[str, str]:
    """Return why a step failed: the error, and the script's own line; else AWS's reason alone.

    Args:
        lines: the log.
        reason: AWS's failure reason, which may hold the end of the log.
    """
    told = [line.strip() for line in [*reason.splitlines(), *lines] if line.strip()]
    error = next((line for line in reversed(told) if _is_error(line)), "")
    position = max((index for index, line in enumerate(told) if line.startswith('File "')), default=None)
    if position is None:
        last = next((line.strip() for line in reversed(reason.splitlines()) if line.strip()), reason)
        return {"reason": clean(last), "line": ""}
    source = told[position + 1] if position + 1 < len(told) else ""
    shown = [told[position], *([source] if source and not _is_error(source) else [])]
    return {"reason": clean(error or reason), "line": clean_lines("\n".join(shown))}


def clean_lines(text: str) -> str:
    """Return text of several lines, each without control characters."""
    return "\n".join(clean(line) for line in text.splitlines())


def _is_error(line: str) -> bool:
    head = line.partition(":")[0]
    return head.endswith(("Error", "Exception", "Interrupt")) and " " not in head.strip()


def _empty(
    node: str, heading: str, document: Document, members: Sequence[str], values: Mapping[str, Any]
) -> dict[str, Any]:
    rows: Sequence[Argument] = ()
    body = _body(document, node)
    if body is not None and len(members) == 1:
        own = body.get("Arguments") or {} if document.engine == "sagemaker" else body
        rows = arguments(own, values, defaults(document))
    facts = [_fact(row) for row in rows if row.full is not None or row.path.endswith(_TELLING)]
    if body is not None and document.engine == "sagemaker" and "CacheConfig" in body:
        expiry = body["CacheConfig"].get("ExpireAfter") or "for ever"
        enabled = body["CacheConfig"].get("Enabled") is True
        facts.append({"label": "Cache", "value": f"on, {written(expiry)}" if enabled else "off"})
    if len(members) > 1:
        word = step_word(document.engine)
        facts.append({"label": "Holds", "value": f"{len(members)} {word}s: {', '.join(members[:12])}"})
    shown = [_row(row) for row in rows[:MOST_ARGUMENTS]]
    return {**_empty_detail(node, heading), "facts": facts, "arguments": shown}


def _empty_detail(node: str, heading: str) -> dict[str, Any]:
    return {
        "node": node,
        "heading": heading,
        "facts": [],
        "failure": None,
        "arguments": [],
        "code": [],
        "inputs": [],
        "outputs": [],
        "plots": [],
        "payloads": [],
        "attempts": [],
        "again": None,
        "logs": False,
    }


def _heading(graph: Any, node: str) -> str:
    found = next((item for item in graph.nodes if item.id == node), None)
    if found is None:
        return ""
    parts = [found.type, f"cell {found.cell}" if found.cell is not None else "", found.summary]
    return clean(" · ".join(part for part in parts if part))


def _fact(row: Argument) -> dict[str, str]:
    names = [part for part in row.path.replace("]", "").replace("[", ".").split(".") if not part.isdecimal()]
    fact = {"label": names[-1].strip("'\"") if names else row.path, "value": row.value[:_TEXT]}
    return fact if row.full is None else {**fact, "was": row.full[:_TEXT]}


def _row(row: Argument) -> dict[str, str]:
    shown = {"path": row.path, "declared": row.declared[:_TEXT], "value": row.value[:_TEXT]}
    return shown if row.full is None else {**shown, "full": row.full[:_TEXT]}


def _body(document: Document, node: str) -> Mapping[str, Any] | None:
    """Return the step or state behind a node."""
    if document.engine == "sagemaker":
        return next((step.body for step in iterate_steps(document) if step.name == node), None)
    from pipecell.definition.states import state_bodies

    return state_bodies(document).get(node)


def _step_facts(execution: Execution, step: StepSnapshot) -> list[dict[str, str]]:
    facts = []
    if step.started is not None and step.ended is not None:
        facts.append({"label": "Took", "value": duration(step.ended - step.started)})
    told = items(step.node_state())
    if told:
        facts.append({"label": "Items", "value": told})
    failed = step.metadata.get("FailedItems") or ()
    if failed:
        facts.append({"label": "Failed items", "value": ", ".join(map(str, failed))})
    if "Visits" in step.metadata:
        facts.append({"label": "Visits", "value": str(step.metadata["Visits"])})
    if "Attempts" in step.metadata:
        facts.append({"label": "Attempts", "value": str(step.metadata["Attempts"])})
    cost = execution.step_cost(step)
    if cost:
        facts.append({"label": "Cost", "value": cost})
    outcome = (step.metadata.get("Condition") or {}).get("Outcome")
    if outcome:
        facts.append({"label": "Outcome", "value": str(outcome)})
    return facts


def _again(execution: Execution, step: str) -> dict[str, str] | None:
    """Return how the run can go on from a step, or why it cannot; None where that cannot be told."""
    try:
        found = execution.resumption(step)
    except PipecellError:
        return None
    return {"way": found.way, "words": clean(found.words)}


def _cache_fact(execution: Execution, step: StepSnapshot) -> list[dict[str, str]]:
    """Return the cache's verdict with its reason; nothing where reuse is no question, or nobody may look."""
    try:
        verdict = execution.cache_verdict(step)
    except PipecellError:
        return [{"label": "Cache", "value": "hit: an earlier result was reused"}] if step.cached else []
    return [{"label": "Cache", "value": clean(str(verdict))[:_TEXT]}] if verdict is not None else []


def _payloads(step: StepSnapshot) -> list[dict[str, str]]:
    labels = (("Input", "Input"), ("Output", "Output"), ("Error", "Error"), ("Cause", "Cause"))
    found = []
    for key, label in labels:
        value = step.metadata.get(key)
        if value not in (None, ""):
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            found.append({"label": label, "text": text[:_PAYLOAD]})
    return found


def _job(execution: Execution, step: StepSnapshot) -> tuple[Job | None, str]:
    try:
        return describe_job(execution.engine.connection, step.metadata), ""
    except PipecellError as error:
        return None, str(error)


def _job_facts(job: Job) -> list[dict[str, str]]:
    facts = [{"label": "Job", "value": job.name}]
    for key, label in (("BillableTimeInSeconds", "Billed"), ("SecondaryStatus", "Stage")):
        value = job.description.get(key)
        if value is not None:
            shown = duration(value) if key.endswith("Seconds") else str(value)
            facts.append({"label": label, "value": shown})
    for metric in job.description.get("FinalMetricDataList") or ():
        facts.append({"label": str(metric.get("MetricName")), "value": f"{metric.get('Value'):.5g}"})
    return facts


def _log_lines(execution: Execution, step: str) -> list[str]:
    try:
        return [line.message for line in execution.logs(step)][-_LOG_LINES:]
    except PipecellError:
        return []  # no log yet


def _plots(
    execution: Execution, step: StepSnapshot, job: Job, lines: Sequence[str], body: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    try:
        if job.kind == "training-job":
            algorithm = job.description.get("AlgorithmSpecification") or {}
            return metrics.curves(lines, algorithm.get("MetricDefinitions") or [])
        if job.kind == "hyper-parameter-tuning-job":
            found = look_at_trials(execution.engine.connection, job.arn, (step.name,), execution.engine.name)
            reached = [each.metadata.get("Objective") for each in found.steps]
            return metrics.trials(reached, found.objective)
        if step.ended is not None and body is not None and body.get("PropertyFiles"):
            limits = thresholds(execution, step.name)
            reports = [
                execution.scope.whole_file(step.name, entry["PropertyFileName"])
                for entry in body["PropertyFiles"]
            ]
            return [plot for report in reports for plot in metrics.evaluation(report, limits)]
    except (PipecellError, KeyError, TypeError):
        return []  # what cannot be plotted is still in the data tab
    return []


def _job_arguments(job: Job) -> dict[str, Any]:
    """Return a description as plain JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(job.description, default=str))
    return plain


def _with_values(value: Any, values: Mapping[str, Any]) -> Any:
    """Return arguments with parameters put in; what needs a run stays as words."""

    class Known:
        def parameter(self, name: str) -> Any:
            return values[name]

        def step_property(self, step: str, property_path: str) -> Any:
            return f"{{Steps.{step}.{property_path}}}"

        def execution(self, variable: str) -> Any:
            return f"{{Execution.{variable}}}"

        def property_file(self, step: str, file_name: str, json_path: str) -> Any:
            return f"{{{step}.{file_name}:{json_path}}}"

        def s3_json(self, uri: str, json_path: str) -> Any:
            return f"{{{uri}:{json_path}}}"

    try:
        return resolve(value, Known())
    except (PipecellError, KeyError):
        return value
