"""Fail: the pipeline's author says that it has failed, and why."""

from __future__ import annotations

import sqlite3

from pipecell.definition.references import to_text
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun


class Fail(Handler):
    """Fails with the step's ErrorMessage."""

    types = ("Fail",)

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Fail at once."""
        message = to_text(run.arguments.get("ErrorMessage") or "")
        return Ended("Failed", metadata={"Fail": {"ErrorMessage": message}}, failure_reason=message)
