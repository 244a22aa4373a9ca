"""SageMaker's jobs: a record in the store and the work that it stands for, kept in step.

A job is recorded first, in whatever transaction its creator has open, and launched after that
has been committed; launching twice does no harm. When the work ends, the record gets its result,
once, and whoever listens is told. After a crash `Lifecycle.resume` launches what was recorded and
reports what ended meanwhile, so that record and work agree again.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from pipecell.errors import PipecellError
from pipecell.local.records import jobs as records
from pipecell.local.records import names, tags, within
from pipecell.local.records.jobs import JobRecord
from pipecell.local.store import Store
from pipecell.local.wire import ServiceError
from pipecell.local.work.jobs import JobStatus
from pipecell.local.work.lifecycle.kinds import KINDS

_log = logging.getLogger(__name__)

Listener = Callable[[JobRecord], None]
"""Told of each job that has ended; called again after a crash, so it must bear that."""


class Driver(Protocol):
    """How the work of one kind of job is done."""

    def refusal(self, kind: str, request: Mapping[str, Any]) -> str | None:
        """Say why a request cannot run here, None when it can."""

    def launch(self, job: JobRecord) -> None:
        """Start the work, or do nothing where it was started before."""

    def stop(self, job: JobRecord) -> None:
        """Ask the work to stop; doing so again does no harm."""

    def status(self, job: JobRecord) -> JobStatus:
        """Return how far the work has come."""

    def describe(self, job: JobRecord, status: JobStatus) -> dict[str, Any]:
        """Return what AWS's Describe operation answers."""


class Lifecycle:
    """The jobs of one endpoint.

    Args:
        store: where their records are.
        drivers: by kind; they are given this object's `ended` to report to.
    """

    def __init__(self, store: Store, drivers: Mapping[str, Driver]) -> None:
        self._store = store
        self._drivers = drivers
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell someone of every job that ends from now on."""
        self._listeners.append(listener)

    def refusal(self, kind: str, request: Mapping[str, Any]) -> str | None:
        """Say why a request for a job cannot run here, None when it can."""
        return self._drivers[kind].refusal(kind, request)

    def create(
        self,
        connection: sqlite3.Connection,
        kind: str,
        request: Mapping[str, Any],
        *,
        region: str,
        execution: str | None = None,
        step: str | None = None,
        parent: str | None = None,
    ) -> JobRecord:
        """Record a job; call `launch` once the transaction is committed.

        Args:
            connection: the open transaction.
            kind: ``training``, ``processing``, ``transform`` or ``tuning``.
            request: the Create request; its tags are kept too.
            region: for its ARN.
            execution: the id of the pipeline execution that it belongs to.
            step: the step of that execution.
            parent: the tuning job that it belongs to.

        Raises:
            ServiceError: ``ResourceInUse``, the name is taken.
        """
        words = KINDS[kind]
        name = request[words.name_key]
        arn = names.arn(region, f"{words.resource}/{name}")
        created = records.insert(
            connection, kind, name, arn, request, execution=execution, step=step, parent=parent
        )
        if not created:
            raise ServiceError("ResourceInUse", words.taken(arn))
        tags.put(connection, arn, request.get("Tags"))
        found = records.find(within(connection), kind, name)
        assert found is not None  # noqa: S101 - for the type checker: it was just written
        return found

    def launch(self, kind: str, name: str) -> None:
        """Start a recorded job; one that cannot be started has failed."""
        job = self.find(kind, name)
        if job is None or job.is_final:
            return
        try:
            self._drivers[kind].launch(job)
        except (ServiceError, PipecellError, OSError) as error:
            _log.warning("%s job %s cannot be started: %s", kind, name, error)
            reason = error.message if isinstance(error, ServiceError | PipecellError) else str(error)
            self._finish(job, _never_started(job, f"ClientError: {reason}"))

    def ended(self, kind: str, name: str) -> None:
        """Take a job's result into its record and tell the listeners; does no harm twice."""
        job = self.find(kind, name)
        if job is None:
            return  # reset, or not ours
        if job.is_final:
            self._tell(job)
            return
        self._finish(job, self._drivers[kind].status(job))

    def stop(self, kind: str, name: str) -> None:
        """Ask a job to stop; one that has ended stays as it is."""
        with self._store.transaction() as connection:
            changed = records.set_status(connection, kind, name, "Stopping")
        job = self.find(kind, name)
        if changed and job is not None:
            # A job that was recorded and never launched needs its folder to be stopped in.
            self.launch(kind, name)
            self._drivers[kind].stop(job)

    def find(self, kind: str, name: str) -> JobRecord | None:
        """Return a job's record, None when there is none."""
        return records.find(self._store.query, kind, name)

    def status(self, job: JobRecord) -> JobStatus:
        """Return how far a job has come, from its record once it has ended."""
        if job.result:
            return JobStatus.from_json(job.result)
        try:
            status = self._drivers[job.kind].status(job)
        except PipecellError:
            return JobStatus("InProgress", "Starting", job.created)  # recorded, not yet launched
        if status.is_final:
            # The result is there and the record does not say so yet: say what the record says.
            return JobStatus("InProgress", "Uploading", status.created, status.started)
        return status

    def describe(self, job: JobRecord) -> dict[str, Any]:
        """Return what AWS's Describe operation answers."""
        return self._drivers[job.kind].describe(job, self.status(job))

    def resume(self) -> None:
        """Take up every job that has not ended; call once at the start."""
        for job in records.unfinished(self._store.query):
            try:
                self._take_up(job)
            except (ServiceError, PipecellError, OSError):
                # One that cannot be taken up, on a full disk for example, must not keep the others down.
                _log.exception("the %s job %s cannot be taken up", job.kind, job.name)

    def _take_up(self, job: JobRecord) -> None:
        self.launch(job.kind, job.name)
        now = self.find(job.kind, job.name)
        if now is None or now.is_final:
            return  # it could not be started
        if job.status == "Stopping":
            self._drivers[job.kind].stop(job)
        if self._drivers[job.kind].status(job).is_final:
            self.ended(job.kind, job.name)

    def _finish(self, job: JobRecord, status: JobStatus) -> None:
        with self._store.transaction() as connection:
            records.set_status(connection, job.kind, job.name, status.status, asdict(status))
        now = self.find(job.kind, job.name)
        if now is not None:
            self._tell(now)

    def _tell(self, job: JobRecord) -> None:
        for listener in self._listeners:
            listener(job)


def _never_started(job: JobRecord, reason: str) -> JobStatus:
    return JobStatus(
        status="Failed",
        secondary="Failed",
        created=job.created,
        ended=time.time(),
        failure_reason=reason[:1024],
    )
