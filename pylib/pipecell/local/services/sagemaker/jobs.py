"""Jobs on the wire: create, describe, stop and list; the same for every kind, in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.local.json_service import Operation, to_wire
from pipecell.local.records import jobs, names
from pipecell.local.records.jobs import JobRecord
from pipecell.local.services.sagemaker.paging import Listing
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.lifecycle import Lifecycle
from pipecell.local.work.lifecycle.kinds import KINDS, Kind

_SORTS = {"Name": "name", "Status": "status", "CreationTime": "created"}


class JobOperations:
    """What a client can do with one kind of job.

    Args:
        kind: ``training``, ``processing``, ``transform`` or ``tuning``.
        store: where jobs are recorded.
        lifecycle: what runs them.
    """

    def __init__(self, kind: str, store: Store, lifecycle: Lifecycle) -> None:
        self._kind = kind
        self._words: Kind = KINDS[kind]
        self._store = store
        self._lifecycle = lifecycle

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        prefix = self._words.prefix
        return {
            f"Create{prefix}": self.create,
            f"Describe{prefix}": self.describe,
            f"Stop{prefix}": self.stop,
            f"List{prefix}s": self.list,
        }

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """Create…Job: recorded, then started; what cannot run here is refused at once."""
        refusal = self._lifecycle.refusal(self._kind, request)
        if refusal is not None:
            raise ServiceError("ValidationException", refusal)
        with self._store.transaction() as connection:
            job = self._lifecycle.create(connection, self._kind, to_wire(request), region=context.region)
        self._lifecycle.launch(self._kind, job.name)
        return {self._words.arn_key: job.arn}

    def describe(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """Describe…Job."""
        return self._lifecycle.describe(self.require(request))

    def stop(self, request: dict[str, Any], context: RequestContext) -> None:
        """Stop…Job: SIGTERM, a grace, SIGKILL."""
        job = self.require(request)
        if job.is_final:
            raise ServiceError(
                "ValidationException",
                f"The request was rejected because the job {job.name} is in status {job.status}.",
            )
        self._lifecycle.stop(self._kind, job.name)

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """List…Jobs."""
        listing = Listing("job", "name").where("kind = ?", self._kind)
        listing.containing("name", request.get("NameContains"))
        listing.where("status = ?", request.get("StatusEquals"))
        listing.between("created", request, "CreationTimeAfter", "CreationTimeBefore")
        listing.between("modified", request, "LastModifiedTimeAfter", "LastModifiedTimeBefore")
        sort = _SORTS[request.get("SortBy") or "CreationTime"]
        rows, token = listing.page(self._store.query, request, sort)
        summaries = [self._summary(jobs.from_row(row)) for row in rows]
        return {f"{self._words.prefix}Summaries": summaries, "NextToken": token}

    def require(self, request: Mapping[str, Any]) -> JobRecord:
        """Return the job that a request names.

        Raises:
            ServiceError: there is none, in AWS's words for this kind.
        """
        name = names.last_part(request[self._words.name_key])
        job = self._lifecycle.find(self._kind, name)
        if job is None:
            raise ServiceError(self._words.missing_code, self._words.missing_text.format(name=name))
        return job

    def _summary(self, job: JobRecord) -> dict[str, Any]:
        words = self._words
        status = self._lifecycle.status(job)
        summary: dict[str, Any] = {
            words.name_key: job.name,
            words.arn_key: job.arn,
            words.status_key: job.status,
            "CreationTime": job.created,
            "LastModifiedTime": job.modified,
            f"{words.time_prefix}EndTime": status.ended if job.is_final else None,
        }
        if self._kind == "training":
            summary["SecondaryStatus"] = status.secondary
        elif self._kind == "tuning":
            description = self._lifecycle.describe(job)
            configuration = description["HyperParameterTuningJobConfig"]
            summary |= {
                "Strategy": configuration["Strategy"],
                "ResourceLimits": configuration.get("ResourceLimits"),
                "TrainingJobStatusCounters": description["TrainingJobStatusCounters"],
                "ObjectiveStatusCounters": description["ObjectiveStatusCounters"],
            }
        else:
            summary["FailureReason"] = status.failure_reason
            if self._kind == "processing":
                summary["ExitMessage"] = status.exit_message
        return summary
