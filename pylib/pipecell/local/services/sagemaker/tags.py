"""Tags on the wire, of every resource that has an ARN."""

from __future__ import annotations

from typing import Any

from pipecell.local.json_service import Operation
from pipecell.local.records import Query, executions, jobs, packages, pipelines, resources, tags
from pipecell.local.services.sagemaker.paging import slice_page
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.lifecycle.kinds import KINDS

_JOBS = {words.resource: kind for kind, words in KINDS.items()}
_RESOURCES = {"model": "model", "experiment": "experiment", "experiment-trial": "trial"}


class TagOperations:
    """What a client can do with tags.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        return {"AddTags": self.add, "ListTags": self.list, "DeleteTags": self.delete}

    def add(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """AddTags."""
        arn = self._require(request["ResourceArn"])
        with self._store.transaction() as connection:
            tags.put(connection, arn, request["Tags"])
        return {"Tags": tags.of(self._store.query, arn)}

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListTags."""
        arn = self._require(request["ResourceArn"])
        page, token = slice_page(tags.of(self._store.query, arn), request)
        return {"Tags": page, "NextToken": token}

    def delete(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DeleteTags."""
        arn = self._require(request["ResourceArn"])
        with self._store.transaction() as connection:
            tags.remove(connection, arn, request["TagKeys"])
        return {}

    def _require(self, arn: str) -> str:
        """Return the ARN of a resource that exists.

        Raises:
            ServiceError: ``ResourceNotFound``.
        """
        if not exists(self._store.query, arn):
            raise ServiceError("ResourceNotFound", f"Resource {arn} does not exist.")
        return arn


def exists(query: Query, arn: str) -> bool:
    """Tell whether there is a resource of this ARN."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    if kind in _JOBS:
        return jobs.find(query, _JOBS[kind], name) is not None
    if kind in _RESOURCES:
        return resources.find(query, _RESOURCES[kind], name) is not None
    if kind == "model-package":
        return packages.find(query, arn) is not None
    if kind == "model-package-group":
        return packages.find_group(query, name) is not None
    pipeline, _, execution = name.partition("/execution/")
    if kind == "pipeline" and execution:
        return executions.find(query, execution) is not None
    return kind == "pipeline" and pipelines.find(query, pipeline) is not None
