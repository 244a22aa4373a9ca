"""What tuning jobs have besides other jobs: the list of their training jobs."""

from __future__ import annotations

from typing import Any

from pipecell.local.json_service import Operation
from pipecell.local.services.sagemaker.jobs import JobOperations
from pipecell.local.services.sagemaker.paging import slice_page
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext
from pipecell.local.work.lifecycle import Lifecycle
from pipecell.local.work.lifecycle.tuning import summaries_of

_SORTS = {"Name": "TrainingJobName", "CreationTime": "CreationTime", "Status": "TrainingJobStatus"}


class TuningOperations(JobOperations):
    """What a client can do with tuning jobs.

    Args:
        store: where jobs are recorded.
        lifecycle: what runs them.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle) -> None:
        super().__init__("tuning", store, lifecycle)

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        return {**super().operations(), "ListTrainingJobsForHyperParameterTuningJob": self.list_training_jobs}

    def list_training_jobs(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListTrainingJobsForHyperParameterTuningJob: the best objective first where that is the sort."""
        job = self.require(request)
        found = summaries_of(self._store, job)
        wanted = request.get("StatusEquals")
        found = [each for each in found if wanted is None or each["TrainingJobStatus"] == wanted]
        sort = request.get("SortBy") or "Name"
        if sort == "FinalObjectiveMetricValue":
            metric = "FinalHyperParameterTuningJobObjectiveMetric"
            # Jobs that reported no objective are left out, as AWS documents.
            found = sorted((each for each in found if metric in each), key=lambda each: each[metric]["Value"])
        else:
            found = sorted(found, key=lambda each: each[_SORTS[sort]])
        if request.get("SortOrder") == "Descending":
            found.reverse()
        page, token = slice_page(found, request)
        return {"TrainingJobSummaries": page, "NextToken": token}
