"""What all steps have in common that run a SageMaker job."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from pipecell.local.wire import ServiceError
from pipecell.local.work.lifecycle.kinds import KINDS
from pipecell.local.work.pipelines import retry
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun

_NAME_VARIABLES = frozenset({"TrainingJobName", "ProcessingJobName"})


class JobHandler(Handler):
    """Creates a job, lets it run, and takes its description as the step's properties.

    Subclasses name the kind of job.
    """

    kind: str
    longest_name: int = 63

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Record the job under a name that is decided now, so that a crash cannot make it two."""
        words = KINDS[self.kind]
        given = str(run.view.arguments.get(words.name_key) or "")
        name = run.name(given, longest=self.longest_name)
        if any(each.kind == "execution" and each.name in _NAME_VARIABLES for each in run.view.references):
            run = replace(run, scope=run.scope.for_job(name))
        request = self.request(run, name)
        try:
            run.platform.check(words.create_operation, request)
            job = run.platform.lifecycle.create(
                connection,
                self.kind,
                request,
                region=run.region,
                execution=run.execution.id,
                step=run.view.name,
            )
        except ServiceError as error:
            raise not_invoked(words.create_operation, error) from error
        return Began({words.metadata: {"Arn": job.arn}}, job=(self.kind, name))

    def request(self, run: StepRun, name: str) -> dict[str, Any]:
        """Return the Create request."""
        request = run.tagged({**run.arguments, KINDS[self.kind].name_key: name})
        if run.execution.experiment and self.kind != "tuning":
            request["ExperimentConfig"] = {**run.execution.experiment, **request.get("ExperimentConfig", {})}
        return request

    def act(self, run: StepRun) -> None:
        """Start the job."""
        run.platform.lifecycle.launch(self.kind, str(run.record.job_name))

    def look(self, run: StepRun) -> Ended | None:
        """Return how the job ended, once it has."""
        job = run.platform.lifecycle.find(self.kind, str(run.record.job_name))
        if job is None:
            return Ended("Failed", failure_reason=f"ClientError: The job {run.record.job_name} is gone.")
        if not job.is_final:
            return None
        description = run.platform.lifecycle.describe(job)
        if job.status == "Completed":
            return Ended("Succeeded", properties=description)
        reason = str(description.get("FailureReason") or "")
        if job.status == "Stopped":
            if run.record.status == "Stopping":
                return Ended("Stopped")
            cause = description.get("SecondaryStatus") or "Stopped"
            reason = reason or f"The job {job.name} was stopped ({cause})."
        return Ended("Failed", failure_reason=f"ClientError: {reason}", fault=retry.fault_of(reason))

    def stop(self, run: StepRun) -> Ended | None:
        """Stop the job; its end comes later."""
        run.platform.lifecycle.stop(self.kind, str(run.record.job_name))
        return None


def not_invoked(operation: str, error: ServiceError) -> ServiceError:
    """Return the error that Pipelines shows when another operation refused."""
    return ServiceError(
        error.code, f"Failed to invoke sagemaker:{operation}. Error Details: {error.message}", error.status
    )
