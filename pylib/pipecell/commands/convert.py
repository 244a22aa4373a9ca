"""The verb that converts cells."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipecell.commands.verb import Result


def convert(context: Any, values: argparse.Namespace) -> Result:
    """Show ``%%step`` cells beside the SDK code that gives the same definition; write it where asked to."""
    from pipecell.conversion import to_sdk

    notebook = context.workspace.notebook
    made = to_sdk(notebook.get(values.pipeline), context.shell.user_ns)
    text = made.diff()
    if values.output:
        Path(values.output).write_text(made.script(), encoding="utf-8")
        text += f"\n\n{values.output}: {len(made.after)} cells, the same definition."
    return Result(text=text)
