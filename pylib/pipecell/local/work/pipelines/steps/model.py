"""Model: a model is created; nothing runs."""

from __future__ import annotations

import sqlite3

from pipecell.local.records import names
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun
from pipecell.local.work.pipelines.steps.job import not_invoked


class Model(Handler):
    """Creates a model from the step's arguments."""

    types = ("Model",)
    at_once = True

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Create the model in the step's own transaction."""
        request = run.tagged({**run.arguments, "ModelName": run.name(run.arguments.get("ModelName") or "")})
        try:
            created = run.platform.invoke("CreateModel", request, region=run.region)
        except ServiceError as error:
            raise not_invoked("CreateModel", error) from error
        return Began({"Model": {"Arn": created["ModelArn"]}})

    def look(self, run: StepRun) -> Ended | None:
        """Return the model's description as the step's properties."""
        name = names.last_part(run.record.metadata["Model"]["Arn"])
        found = run.platform.invoke("DescribeModel", {"ModelName": name}, region=run.region)
        return Ended("Succeeded", properties=found)
