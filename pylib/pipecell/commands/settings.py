"""The verbs that change what this kernel knows: where its AWS calls go, and which cells it has."""

from __future__ import annotations

import argparse

from pipecell import targets
from pipecell.commands.context import Context
from pipecell.commands.verb import Result
from pipecell.errors import UsageError, did_you_mean


def forget(context: Context, values: argparse.Namespace) -> Result:
    """Take a step out whose cell is gone, where the front end does not tell which cell runs."""
    notebook = context.workspace.notebook
    assert notebook is not None  # noqa: S101 - a kernel's workspace has one
    declaration = notebook.get(values.pipeline)
    unit = declaration.held.get(values.step)
    if unit is None:
        raise UsageError(
            f'{declaration.name} has no step "{values.step}".',
            code="PC924",
            hint=did_you_mean(values.step, declaration.held),
        )
    others = [name for name, other in declaration.held.items() if other.run is unit.run]
    context.workspace.forget_cell(unit.run.key)
    return Result(text=f"{declaration.name}: forgot {', '.join(others)}.")


def target(context: Context, values: argparse.Namespace) -> Result:
    """Point this kernel at a target, or say which it is."""
    if values.target == "local":
        targets.activate_local(context.workspace.home)
    elif values.target == "aws":
        targets.activate_aws()
    return Result(text=targets.one_line())
