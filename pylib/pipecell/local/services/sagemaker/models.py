"""Models on the wire: remembered, and checked to have an artifact where they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pipecell.errors import EndpointError
from pipecell.local.json_service import Operation
from pipecell.local.objects import ObjectStore
from pipecell.local.records import Query, names, packages, resources, tags
from pipecell.local.services.sagemaker.paging import Listing
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError

KIND = "model"


class ModelOperations:
    """What a client can do with models.

    Args:
        store: where they are kept.
        objects: where their artifacts are.
    """

    def __init__(self, store: Store, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        return {
            "CreateModel": self.create,
            "DescribeModel": self.describe,
            "DeleteModel": self.delete,
            "ListModels": self.list,
        }

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """CreateModel."""
        name = request["ModelName"]
        primary, containers = request.get("PrimaryContainer"), request.get("Containers")
        if (primary is None) == (not containers):
            raise ServiceError(
                "ValidationException", "Exactly one of PrimaryContainer and Containers must be specified."
            )
        check_artifacts(self._objects, [primary] if primary is not None else containers or [])
        arn = names.arn(context.region, f"model/{name}")
        with self._store.transaction() as connection:
            if resources.insert(connection, KIND, name, arn, request) is None:
                raise ServiceError("ValidationException", f'Cannot create already existing model "{arn}".')
            tags.put(connection, arn, request.get("Tags"))
        return {"ModelArn": arn}

    def describe(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribeModel."""
        found = resources.find(self._store.query, KIND, request["ModelName"])
        if found is None:
            raise _missing(request["ModelName"], context)
        answer = {key: value for key, value in found.request.items() if key != "Tags"}
        return {
            "EnableNetworkIsolation": False,
            **answer,
            "ModelArn": found.arn,
            "CreationTime": found.created,
        }

    def delete(self, request: dict[str, Any], context: RequestContext) -> None:
        """DeleteModel: its artifact stays."""
        name = request["ModelName"]
        found = resources.find(self._store.query, KIND, name)
        with self._store.transaction() as connection:
            if not resources.delete(connection, KIND, name) or found is None:
                raise _missing(name, context)
            tags.remove(connection, found.arn)

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListModels."""
        listing = Listing("resource", "name").where("kind = ?", KIND)
        listing.containing("name", request.get("NameContains"))
        listing.between("created", request, "CreationTimeAfter", "CreationTimeBefore")
        sort = "name" if request.get("SortBy") == "Name" else "created"
        rows, token = listing.page(self._store.query, request, sort)
        models = [
            {"ModelName": each.name, "ModelArn": each.arn, "CreationTime": each.created}
            for each in map(resources.from_row, rows)
        ]
        return {"Models": models, "NextToken": token}


def container_of(query: Query, name: str) -> Mapping[str, Any] | None:
    """Return the container that serves a model, None when there is no model of that name.

    A container that names a model package is that package's.

    Raises:
        EndpointError: PC832, the model is a pipeline of several containers.
    """
    found = resources.find(query, KIND, name)
    if found is None:
        return None
    containers = found.request.get("Containers") or []
    if len(containers) > 1:
        raise EndpointError(f"The model {name} has several containers; one is served here.", code="PC832")
    container: Mapping[str, Any] = found.request.get("PrimaryContainer") or (containers or [{}])[0]
    package_name = container.get("ModelPackageName")
    if package_name is None:
        return container
    package = packages.find(query, package_name) or packages.find_named(query, package_name)
    inside = ((package.request if package else {}).get("InferenceSpecification") or {}).get("Containers") or [
        {}
    ]
    return {**inside[0], **{key: value for key, value in container.items() if key != "ModelPackageName"}}


def check_artifacts(objects: ObjectStore, containers: Iterable[Mapping[str, Any]]) -> None:
    """Refuse containers whose model artifact is not in S3.

    Raises:
        ServiceError: ``ValidationException``, in AWS's words.
    """
    for container in containers:
        uri = container.get("ModelDataUrl")
        if uri is None:
            source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
            uri = source.get("S3Uri")
        if uri is not None and not _exists(objects, uri):
            raise ServiceError("ValidationException", f"Could not find model data at {uri}.")


def _exists(objects: ObjectStore, uri: str) -> bool:
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3":
        return False
    key = parts.path.removeprefix("/")
    try:
        return objects.exists(parts.netloc, key) or bool(
            objects.list(parts.netloc, f"{key.rstrip('/')}/", limit=1).objects
        )
    except ServiceError:
        return False


def _missing(name: str, context: RequestContext) -> ServiceError:
    arn = names.arn(context.region, f"model/{name}")
    return ServiceError("ValidationException", f'Could not find model "{arn}".')
