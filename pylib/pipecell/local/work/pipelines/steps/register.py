"""RegisterModel: a model package is created, as the next version of its group."""

from __future__ import annotations

import sqlite3

from pipecell.local.records import names, packages, within
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun
from pipecell.local.work.pipelines.steps.job import not_invoked


class RegisterModel(Handler):
    """Creates a model package; a group that is missing is created with the execution's tags."""

    types = ("RegisterModel",)
    at_once = True

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Create the package in the step's own transaction."""
        request = dict(run.arguments)
        group = request.get("ModelPackageGroupName")
        try:
            if group:
                # Versions take no tags of their own on AWS; those of the step belong to the group.
                tags = request.pop("Tags", None)
                if packages.find_group(within(connection), names.last_part(group)) is None:
                    created = run.tagged({"ModelPackageGroupName": group, "Tags": tags or []})
                    run.platform.invoke("CreateModelPackageGroup", created, region=run.region)
            elif not request.get("ModelPackageName"):
                request["ModelPackageName"] = run.name()
            answer = run.platform.invoke("CreateModelPackage", request, region=run.region)
        except ServiceError as error:
            raise not_invoked("CreateModelPackage", error) from error
        return Began({"RegisterModel": {"Arn": answer["ModelPackageArn"]}})

    def look(self, run: StepRun) -> Ended | None:
        """Return the package's description as the step's properties."""
        arn = run.record.metadata["RegisterModel"]["Arn"]
        found = run.platform.invoke("DescribeModelPackage", {"ModelPackageName": arn}, region=run.region)
        return Ended("Succeeded", properties=found)
