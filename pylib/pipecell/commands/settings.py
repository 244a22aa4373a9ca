"""The verb that says and changes where this kernel's AWS calls go."""

from __future__ import annotations

import argparse

from pipecell import targets
from pipecell.commands.context import Context
from pipecell.commands.verb import Result


def target(context: Context, values: argparse.Namespace) -> Result:
    """Point this kernel at a target, or say which it is."""
    if values.target == "local":
        targets.activate_local(context.workspace.home)
    elif values.target == "aws":
        targets.activate_aws()
    return Result(text=targets.one_line())
