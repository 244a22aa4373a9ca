"""Experiments and trials on the wire: what pipelines and jobs are filed under."""

from __future__ import annotations

from typing import Any

from pipecell.local.json_service import Operation, to_wire
from pipecell.local.records import names, resources, tags
from pipecell.local.services.sagemaker.paging import Listing
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError


class ExperimentOperations:
    """What a client can do with experiments and trials.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        found: dict[str, Operation] = {}
        for kind, word, resource in (
            ("experiment", "Experiment", "experiment"),
            ("trial", "Trial", "experiment-trial"),
        ):
            entity = _Entity(self._store, kind, word, resource)
            found |= {
                f"Create{word}": entity.create,
                f"Describe{word}": entity.describe,
                f"Update{word}": entity.update,
                f"Delete{word}": entity.delete,
                f"List{word}s": entity.list,
            }
        return found


class _Entity:
    """One of the two kinds, which differ in their words only."""

    def __init__(self, store: Store, kind: str, word: str, resource: str) -> None:
        self._store = store
        self._kind = kind
        self._word = word
        self._resource = resource

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        name = request[f"{self._word}Name"]
        if self._kind == "trial" and not self._find("experiment", request["ExperimentName"]):
            raise ServiceError(
                "ResourceNotFound", f"Experiment '{request['ExperimentName']}' does not exist."
            )
        arn = names.arn(context.region, f"{self._resource}/{name}")
        with self._store.transaction() as connection:
            if resources.insert(connection, self._kind, name, arn, to_wire(request)) is None:
                raise ServiceError(
                    "ValidationException",
                    f"{self._word} names must be unique within an AWS account and region."
                    f" {self._word} with name ({name}) already exists.",
                )
            tags.put(connection, arn, request.get("Tags"))
        return {f"{self._word}Arn": arn}

    def describe(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        found = self._require(request)
        answer = {key: value for key, value in found.request.items() if key != "Tags"}
        return {
            **answer,
            f"{self._word}Name": found.name,
            f"{self._word}Arn": found.arn,
            "CreationTime": found.created,
            "LastModifiedTime": found.modified,
            "CreatedBy": {},
            "LastModifiedBy": {},
        }

    def update(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        found = self._require(request)
        with self._store.transaction() as connection:
            resources.replace(connection, self._kind, found.name, {**found.request, **to_wire(request)})
        return {f"{self._word}Arn": found.arn}

    def delete(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        found = self._require(request)
        if self._kind == "experiment" and self._trials(found.name):
            raise ServiceError("ValidationException", f"Experiment {found.name} still has trials.")
        with self._store.transaction() as connection:
            resources.delete(connection, self._kind, found.name)
            tags.remove(connection, found.arn)
        return {f"{self._word}Arn": found.arn}

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        listing = Listing("resource", "name").where("kind = ?", self._kind)
        listing.between("created", request, "CreatedAfter", "CreatedBefore")
        listing.where("json_extract(request, '$.ExperimentName') = ?", request.get("ExperimentName"))
        if request.get("TrialComponentName") is not None:
            return {f"{self._word}Summaries": []}  # components are not kept here
        sort = "name" if request.get("SortBy") == "Name" else "created"
        rows, token = listing.page(self._store.query, request, sort)
        summaries = [
            {
                f"{self._word}Name": each.name,
                f"{self._word}Arn": each.arn,
                "DisplayName": each.request.get("DisplayName"),
                "CreationTime": each.created,
                "LastModifiedTime": each.modified,
            }
            for each in map(resources.from_row, rows)
        ]
        return {f"{self._word}Summaries": summaries, "NextToken": token}

    def _require(self, request: dict[str, Any]) -> resources.Resource:
        name = names.last_part(request[f"{self._word}Name"])
        found = self._find(self._kind, name)
        if found is None:
            raise ServiceError("ResourceNotFound", f"{self._word} '{name}' does not exist.")
        return found

    def _find(self, kind: str, name: str) -> resources.Resource | None:
        return resources.find(self._store.query, kind, name)

    def _trials(self, experiment: str) -> bool:
        sql = (
            "SELECT 1 FROM resource WHERE kind = 'trial'"
            " AND json_extract(request, '$.ExperimentName') = ? LIMIT 1"
        )
        return bool(self._store.query(sql, (experiment,)))
