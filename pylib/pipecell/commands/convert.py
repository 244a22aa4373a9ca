"""The verb that converts cells."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipecell.commands.verb import Result

STYLES = ("step", "sdk")


def convert(context: Any, values: argparse.Namespace) -> Result:
    """Show a pipeline's cells beside those of the other style that give the same definition.

    Without ``--to`` SDK code becomes ``%%step`` cells where there is some, and else these become SDK
    code. With ``--output`` they are written.
    """
    from pipecell.conversion import to_sdk, to_steps

    declaration = context.workspace.notebook.get(values.pipeline)
    has_code = any(unit.run.job is None for unit in declaration.held.values())
    style = values.to or ("step" if has_code else "sdk")
    made = (to_steps if style == "step" else to_sdk)(declaration, context.shell.user_ns)
    where = "-o FILE writes them"
    if values.output:
        Path(values.output).write_text(made.script(), encoding="utf-8")
        where = f"in {values.output}"
    return Result(text=f"{made.diff()}\n\n{len(made.after)} cells, {made.promise}; {where}.")
