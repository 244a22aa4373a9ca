"""Condition: which branch goes on."""

from __future__ import annotations

import sqlite3

from pipecell.definition.conditions import evaluate
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun


class Condition(Handler):
    """Evaluates the step's conditions; all must hold for IfSteps to run."""

    types = ("Condition",)

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Decide at once."""
        outcome = evaluate(run.view.arguments.get("Conditions") or [], run.scope)
        word = "True" if outcome else "False"
        return Ended(
            "Succeeded",
            metadata={"Condition": {"Outcome": word}},
            properties={"Outcome": word},
            outcome=outcome,
        )
