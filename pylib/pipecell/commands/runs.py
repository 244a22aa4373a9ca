"""Verbs about executions: run, watch, logs, stop, retry, list."""

from __future__ import annotations

import argparse
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from pipecell.commands.context import Context
from pipecell.commands.verb import Result, read_json
from pipecell.errors import ExecutionError, UsageError
from pipecell.targets import PLACES

if TYPE_CHECKING:
    from pipecell.execution import Execution
    from pipecell.planning import PlanReport


def run(context: Context, values: argparse.Namespace) -> Result:
    """Deploy and start; with ``--wait`` the result is the execution's."""
    pipeline = context.pipeline(values)
    said: list[str] = []
    execution = pipeline.run(
        profile=values.profile,
        on=values.on or "local",
        engine=values.engine,
        parameters=context.assignments(values.set),
        input=read_json(values.input, "--input"),
        only=[name for name in (values.only or "").split(",") if name],
        start_from=getattr(values, "from"),
        role=values.role,
        max_cost=_dollars(values.max_cost),
        approve=None if values.yes else lambda plan: _approve(context, plan),
        say=said.append,
        progress=context.progress,
    )
    caption = "\n".join(said)
    if values.wait:
        return _followed(context, execution, caption)
    context.say(caption)
    context.show(execution)
    return Result(data=execution.to_json(), value=execution)


def watch(context: Context, values: argparse.Namespace) -> Result:
    """Attach to an execution."""
    execution = _execution(context, values)
    if values.once or (context.face == "notebook" and not values.wait):
        context.show(execution)
        return Result(data=execution.to_json(), value=execution, exit_code=_exit_code(execution))
    return _followed(context, execution, execution.execution_arn)


def logs(context: Context, values: argparse.Namespace) -> Result:
    """Give out the log of a step's job."""
    execution = _execution(context, values)
    lines = execution.follow(values.step) if values.follow else iter(execution.logs(values.step))
    for line in lines:
        context.row(line.message, line.to_json())
    return Result()


def stop(context: Context, values: argparse.Namespace) -> Result:
    """Ask an execution to stop."""
    execution = _execution(context, values).stop()
    return _changed(context, execution)


def retry(context: Context, values: argparse.Namespace) -> Result:
    """Go on with a failed execution."""
    execution = _execution(context, values).retry()
    return _changed(context, execution)


def list_executions(context: Context, values: argparse.Namespace) -> Result:
    """List executions, newest first."""
    rows = context.workspace.executions(values.on or "local", values.pipeline, _limit(values.limit))
    data = {"executions": [row.to_json() for row in rows]}
    if not rows:
        return Result(data=data, text=f"No executions {PLACES[values.on or 'local']}.")
    width = max(len(row.pipeline) for row in rows)
    text = "\n".join(
        f"{_time(row.started):<19}  {row.pipeline:<{width}}  {row.status:<11}  {row.execution_arn}"
        for row in rows
    )
    on, bundle = values.on or "local", None
    if context.face == "notebook":
        screen, title = context.workspace.screen, f"Executions {PLACES[values.on or 'local']}"
        bundle = screen.executions(partial(context.workspace.execution, on=on), rows, title, text)
    return Result(data=data, text=text, bundle=bundle)


def _execution(context: Context, values: argparse.Namespace) -> Execution:
    pipeline = getattr(values, "pipeline", None)
    return context.workspace.execution(values.execution or "last", on=values.on, pipeline=pipeline)


def _followed(context: Context, execution: Execution, caption: str) -> Result:
    context.follow(execution, caption)
    error: Exception | None = None
    try:
        execution.wait()
    except ExecutionError as failure:
        error = failure
    return Result(data=execution.to_json(), value=execution, exit_code=_exit_code(execution), error=error)


def _changed(context: Context, execution: Execution) -> Result:
    context.show(execution)
    return Result(data=execution.to_json(), value=execution)


def _exit_code(execution: Execution) -> int:
    seen = execution.snapshot
    return 0 if seen.running or seen.succeeded else 1


def _approve(context: Context, plan: PlanReport) -> bool:
    """Show what would happen on AWS, and ask."""
    context.report(plan.bundle())
    return context.confirm(f"Run {plan.plan.pipeline} on AWS?")


def _dollars(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        amount = float(text.lstrip("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise UsageError(f'--max-cost takes US dollars, not "{text}".', code="PC911")
    return amount


def _limit(text: str | None) -> int:
    if text is None:
        return 20
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f'--limit takes a number from 1, not "{text}".', code="PC911")
    return int(text)


def _time(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S") if seconds is not None else ""
