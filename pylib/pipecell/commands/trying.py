"""The verb that tries one state."""

from __future__ import annotations

import argparse
from typing import Any

from pipecell.commands.context import Context
from pipecell.commands.verb import Result, read_json
from pipecell.errors import ExecutionError, UsageError
from pipecell.state_trials import LAST


def try_state(context: Context, values: argparse.Namespace) -> Result:
    """Try a state; one that failed without being told to is the pipeline's fault."""
    mock = _mock(values)
    report = context.pipeline(values).try_state(
        values.state,
        LAST if values.input == LAST else read_json(values.input, "--input"),
        mock=mock,
        variables=read_json(values.variables, "--variables"),
        context=read_json(values.context, "--context"),
        on=values.on or "local",
        role=values.role,
    )
    trial = report.trial
    failed = trial.status == "FAILED" and values.error is None
    reason = ": ".join(part for part in (trial.error, trial.cause) if part).rstrip(".")
    return Result(
        data=trial.to_json(),
        text=str(report),
        bundle=report.bundle() if context.face == "notebook" else None,
        value=None,
        exit_code=int(failed),
        error=ExecutionError(f"It failed: {reason}.", code="PC701", step=trial.state) if failed else None,
    )


def _mock(values: argparse.Namespace) -> dict[str, Any] | None:
    result = read_json(values.mock, "--mock")
    if values.error is None and values.cause is None:
        return None if values.mock is None else {"result": result}
    if values.mock is not None:
        raise UsageError(
            "A call answers or fails, not both.", code="PC911", hint="Leave out --mock or --error."
        )
    if values.error is None:
        raise UsageError("--cause belongs to an error.", code="PC911", hint="Name it with --error.")
    return {"error": values.error, **({"cause": values.cause} if values.cause is not None else {})}
