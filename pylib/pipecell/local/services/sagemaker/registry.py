"""The model registry on the wire: groups, and packages as their numbered versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.local.json_service import Operation, to_wire
from pipecell.local.objects import ObjectStore
from pipecell.local.records import names, packages, tags, tokens, within
from pipecell.local.records.packages import GroupRecord, PackageRecord
from pipecell.local.services.sagemaker.models import check_artifacts
from pipecell.local.services.sagemaker.paging import Listing
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError

_NOT_DESCRIBED = frozenset({"Tags", "ClientToken", "ClientRequestToken", "ModelApprovalStatus"})
_REPLACED = (
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


class RegistryOperations:
    """What a client can do with model package groups and model packages.

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
            "CreateModelPackageGroup": self.create_group,
            "DescribeModelPackageGroup": self.describe_group,
            "DeleteModelPackageGroup": self.delete_group,
            "ListModelPackageGroups": self.list_groups,
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
            "ListModelPackages": self.list,
        }

    # Groups

    def create_group(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """CreateModelPackageGroup."""
        name = request["ModelPackageGroupName"]
        arn = names.arn(context.region, f"model-package-group/{name}")
        with self._store.transaction() as connection:
            if not packages.insert_group(connection, name, arn, request.get("ModelPackageGroupDescription")):
                raise ServiceError("ValidationException", f"Model Package Group already exists: {arn}")
            tags.put(connection, arn, request.get("Tags"))
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribeModelPackageGroup."""
        group = self._group(request, context)
        return {**_group(group), "CreatedBy": {}}

    def delete_group(self, request: dict[str, Any], context: RequestContext) -> None:
        """DeleteModelPackageGroup: refused while it has versions."""
        group = self._group(request, context)
        with self._store.transaction() as connection:
            if not packages.delete_group(connection, group.name):
                raise ServiceError(
                    "ConflictException",
                    f"Model Package Group {group.arn} cannot be deleted because it still has model packages.",
                )
            tags.remove(connection, group.arn)

    def list_groups(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListModelPackageGroups."""
        listing = Listing("model_package_group", "name").containing("name", request.get("NameContains"))
        listing.between("created", request, "CreationTimeAfter", "CreationTimeBefore")
        sort = "name" if request.get("SortBy") == "Name" else "created"
        rows, token = listing.page(self._store.query, request, sort, descending=sort == "created")
        groups = [_group(packages.group_from_row(row)) for row in rows]
        return {"ModelPackageGroupSummaryList": groups, "NextToken": token}

    # Packages

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """CreateModelPackage: the next version of a group, or a single one with a name of its own."""
        group_name, own_name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        if (group_name is None) == (own_name is None):
            raise ServiceError(
                "ValidationException",
                "Exactly one of ModelPackageName and ModelPackageGroupName must be specified.",
            )
        if group_name is not None and request.get("Tags"):
            raise ServiceError(
                "ValidationException",
                "Tags cannot be added to a versioned model package. Add them to its model package group.",
            )
        specification = request.get("InferenceSpecification") or {}
        check_artifacts(self._objects, specification.get("Containers") or ())
        kept = to_wire(request)
        identity = {**request, "ClientRequestToken": request.get("ClientToken")}
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, "CreateModelPackage", identity)
            if answer is not None:
                return answer
            if group_name is not None:
                group = packages.find_group(within(connection), names.last_part(group_name))
                if group is None:
                    raise _no_group(group_name, context)
                record = packages.insert_version(connection, group, kept)
            else:
                single = packages.insert_single(connection, context.region, kept)
                if single is None:
                    arn = names.arn(context.region, f"model-package/{own_name}")
                    raise ServiceError("ConflictException", f"ModelPackage already exists: {arn}")
                record = single
                tags.put(connection, record.arn, request.get("Tags"))
            answer = {"ModelPackageArn": record.arn}
            tokens.remember(connection, "CreateModelPackage", identity, answer)
            return answer

    def describe(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribeModelPackage."""
        record = self._package(request["ModelPackageName"], context)
        answer = {
            **{key: value for key, value in record.request.items() if key not in _NOT_DESCRIBED},
            **_summary(record),
            "ModelPackageName": record.name,
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "ApprovalDescription": record.approval_description,
            "CreatedBy": {},
            "CertifyForMarketplace": record.request.get("CertifyForMarketplace", False),
        }
        if record.modified > record.created:
            answer |= {"LastModifiedTime": record.modified, "LastModifiedBy": {}}
        return answer

    def update(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """UpdateModelPackage: mostly its approval status."""
        record = self._package(request["ModelPackageArn"], context)
        approval = request.get("ModelApprovalStatus")
        if approval is not None and record.version is None:
            raise ServiceError(
                "ValidationException",
                "The approval status of a model package without a version cannot be set.",
            )
        changes = to_wire({key: request[key] for key in _REPLACED if key in request})
        metadata = {
            **(record.request.get("CustomerMetadataProperties") or {}),
            **(request.get("CustomerMetadataProperties") or {}),
        }
        for key in request.get("CustomerMetadataPropertiesToRemove") or ():
            metadata.pop(key, None)
        if metadata or "CustomerMetadataProperties" in record.request:
            changes["CustomerMetadataProperties"] = metadata
        more = request.get("AdditionalInferenceSpecificationsToAdd")
        if more:
            changes["AdditionalInferenceSpecifications"] = [
                *(record.request.get("AdditionalInferenceSpecifications") or []),
                *to_wire(more),
            ]
        with self._store.transaction() as connection:
            packages.update(
                connection,
                record.arn,
                {**record.request, **changes},
                approval,
                request.get("ApprovalDescription"),
            )
        return {"ModelPackageArn": record.arn}

    def delete(self, request: dict[str, Any], context: RequestContext) -> None:
        """DeleteModelPackage: its number is not given again."""
        record = self._package(request["ModelPackageName"], context)
        with self._store.transaction() as connection:
            packages.delete(connection, record.arn)
            tags.remove(connection, record.arn)

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListModelPackages."""
        listing = Listing("model_package", "arn").containing("name", request.get("NameContains"))
        listing.between("created", request, "CreationTimeAfter", "CreationTimeBefore")
        listing.where("approval = ?", request.get("ModelApprovalStatus"))
        group = request.get("ModelPackageGroupName")
        if group is not None:
            found = self._group({"ModelPackageGroupName": group}, context)
            listing.where("group_name = ?", found.name)
        else:
            kind = request.get("ModelPackageType") or "Unversioned"
            if kind != "Both":
                listing.conditions.append(f"version IS {'NOT ' if kind == 'Versioned' else ''}NULL")
        sort = "name" if request.get("SortBy") == "Name" else "created"
        rows, token = listing.page(self._store.query, request, sort)
        found_packages = [
            {
                **_summary(each),
                "ModelPackageName": each.name if each.version is None else None,
                "ModelPackageDescription": each.request.get("ModelPackageDescription"),
            }
            for each in map(packages.from_row, rows)
        ]
        return {"ModelPackageSummaryList": found_packages, "NextToken": token}

    def _group(self, request: Mapping[str, Any], context: RequestContext) -> GroupRecord:
        name = names.last_part(request["ModelPackageGroupName"])
        group = packages.find_group(self._store.query, name)
        if group is None:
            raise _no_group(name, context)
        return group

    def _package(self, name_or_arn: str, context: RequestContext) -> PackageRecord:
        if name_or_arn.startswith("arn:"):
            record = packages.find(self._store.query, name_or_arn)
            arn = name_or_arn
        else:
            record = packages.find_named(self._store.query, name_or_arn)
            arn = names.arn(context.region, f"model-package/{name_or_arn}")
        if record is None:
            raise ServiceError("ValidationException", f"ModelPackage {arn} does not exist.")
        return record


def _group(group: GroupRecord) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupDescription": group.description,
        "CreationTime": group.created,
        "ModelPackageGroupStatus": "Completed",
    }


def _summary(record: PackageRecord) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": record.group_name,
        "ModelPackageVersion": record.version,
        "ModelPackageArn": record.arn,
        "CreationTime": record.created,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": record.approval,
        "ModelLifeCycle": record.request.get("ModelLifeCycle"),
        "ModelPackageRegistrationType": record.request.get("ModelPackageRegistrationType"),
    }


def _no_group(name: str, context: RequestContext) -> ServiceError:
    arn = names.arn(context.region, f"model-package-group/{names.last_part(name)}")
    return ServiceError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
