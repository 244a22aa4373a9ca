"""Pipelines on the wire: create, update, describe, delete, list; and their versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from pipecell.definition.document import MAX_BYTES, read_document
from pipecell.errors import DefinitionError
from pipecell.local.json_service import Operation
from pipecell.local.objects import ObjectStore
from pipecell.local.records import names, pipelines, tags, tokens, within
from pipecell.local.records.pipelines import PipelineRecord
from pipecell.local.services.sagemaker.paging import Listing
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.pipelines.plan import read_steps


class PipelineOperations:
    """What a client can do with pipelines.

    Args:
        store: where they are kept.
        objects: where definitions may be given from.
    """

    def __init__(self, store: Store, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects

    def operations(self) -> dict[str, Operation]:
        """Return the operations by AWS's name."""
        return {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "DeletePipeline": self.delete,
            "ListPipelines": self.list,
            "ListPipelineVersions": self.list_versions,
            "UpdatePipelineVersion": self.update_version,
        }

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """CreatePipeline."""
        name = request["PipelineName"]
        definition = self._definition(request, required=True)
        assert definition is not None  # noqa: S101 - for the type checker: it was required
        check_definition(name, definition)
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, "CreatePipeline", request)
            if answer is not None:
                return answer
            arn = names.arn(context.region, f"pipeline/{name}")
            record = pipelines.insert(connection, arn, request, definition)
            if record is None:
                raise ServiceError(
                    "ValidationException",
                    "Pipeline names must be unique within an AWS account and region."
                    f" Pipeline with name ({name}) already exists.",
                )
            tags.put(connection, arn, request.get("Tags"))
            aliases = request.get("PipelineVersionAliases") or ()
            pipelines.point_aliases(connection, name, record.version, aliases)
            answer = {"PipelineArn": arn}
            tokens.remember(connection, "CreatePipeline", request, answer)
            return answer

    def update(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """UpdatePipeline: a definition becomes a new version; executions that run keep theirs."""
        name = request["PipelineName"]
        definition = self._definition(request, required=False)
        if definition is not None:
            check_definition(name, definition)
        with self._store.transaction() as connection:
            record = require(connection, name, context)
            pipelines.update(connection, name, request)
            version = record.version
            if definition is not None:
                version = pipelines.add_version(connection, name, definition)
            pipelines.point_aliases(connection, name, version, request.get("PipelineVersionAliases") or ())
            return {"PipelineArn": record.arn, "PipelineVersionId": version}

    def describe(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribePipeline."""
        record, number = find_version(self._store, request, context)
        version = pipelines.find_version(self._store.query, record.name, number)
        if version is None:
            raise _no_version(record, number)
        aliases = pipelines.aliases(self._store.query, record.name)
        return {
            "PipelineArn": record.arn,
            "PipelineName": record.name,
            "PipelineDisplayName": record.display_name or record.name,
            "PipelineDefinition": version.definition,
            "PipelineDescription": record.description,
            "RoleArn": record.role_arn,
            "PipelineStatus": "Active",
            "CreationTime": record.created,
            "LastModifiedTime": record.modified,
            "LastRunTime": record.last_run,
            "CreatedBy": {},
            "LastModifiedBy": {},
            "ParallelismConfiguration": parallelism(record.parallelism),
            "PipelineVersionDisplayName": version.display_name,
            "PipelineVersionDescription": version.description,
            "PipelineVersionAliases": [word for word, of in aliases.items() if of == number] or None,
        }

    def delete(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DeletePipeline: also its executions; refused while one runs."""
        name = request["PipelineName"]
        with self._store.transaction() as connection:
            answer = tokens.recall(connection, "DeletePipeline", request)
            if answer is not None:
                return answer
            record = require(connection, name, context)
            running = connection.execute(
                "SELECT arn FROM execution WHERE pipeline = ?"
                " AND status IN ('Executing', 'Stopping') LIMIT 1",
                (name,),
            ).fetchone()
            if running is not None:
                raise ServiceError(
                    "ConflictException",
                    f"Pipeline {record.arn} cannot be deleted while {running['arn']} is running.",
                )
            pipelines.delete(connection, name)
            tags.remove(connection, record.arn)
            answer = {"PipelineArn": record.arn}
            tokens.remember(connection, "DeletePipeline", request, answer)
            return answer

    def list(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListPipelines."""
        if request.get("ManagedBy") == "AWS":
            return {"PipelineSummaries": []}
        prefix = request.get("PipelineNamePrefix")
        listing = Listing("pipeline", "name").between("created", request, "CreatedAfter", "CreatedBefore")
        if prefix is not None:
            listing.where("substr(name, 1, ?) = ?", len(prefix)).values.append(prefix)
        sort = "name" if request.get("SortBy") == "Name" else "created"
        rows, token = listing.page(self._store.query, request, sort)
        records = [pipelines.from_row(row) for row in rows]
        summaries = [
            {
                "PipelineArn": each.arn,
                "PipelineName": each.name,
                "PipelineDisplayName": each.display_name or each.name,
                "PipelineDescription": each.description,
                "RoleArn": each.role_arn,
                "CreationTime": each.created,
                "LastModifiedTime": each.modified,
                "LastExecutionTime": each.last_run,
            }
            for each in records
        ]
        return {"PipelineSummaries": summaries, "NextToken": token}

    def list_versions(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """ListPipelineVersions."""
        record = require_named(self._store, request["PipelineName"], context)
        listing = Listing("pipeline_version", "version").where("pipeline = ?", record.name)
        listing.between("created", request, "CreatedAfter", "CreatedBefore")
        rows, token = listing.page(self._store.query, request, "version")
        aliases = pipelines.aliases(self._store.query, record.name)
        summaries = [
            {
                "PipelineArn": record.arn,
                "PipelineVersionId": each.version,
                "CreationTime": each.created,
                "PipelineVersionDescription": each.description,
                "PipelineVersionDisplayName": each.display_name,
                "LastExecutionPipelineExecutionArn": each.last_execution,
                "PipelineVersionAliases": [word for word, of in aliases.items() if of == each.version]
                or None,
            }
            for each in map(pipelines.version_from_row, rows)
        ]
        return {"PipelineVersionSummaries": summaries, "NextToken": token}

    def update_version(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """UpdatePipelineVersion: its words and aliases, never its definition."""
        with self._store.transaction() as connection:
            record = require(connection, names.last_part(request["PipelineArn"]), context)
            number = request["PipelineVersionId"]
            if pipelines.find_version(within(connection), record.name, number) is None:
                raise _no_version(record, number)
            connection.execute(
                "UPDATE pipeline_version SET display_name = coalesce(?, display_name),"
                " description = coalesce(?, description) WHERE pipeline = ? AND version = ?",
                (
                    request.get("PipelineVersionDisplayName"),
                    request.get("PipelineVersionDescription"),
                    record.name,
                    number,
                ),
            )
            changes = request.get("PipelineVersionAliasOperations") or {}
            pipelines.drop_aliases(connection, record.name, number, changes.get("Remove") or ())
            pipelines.point_aliases(connection, record.name, number, changes.get("Add") or ())
            return {"PipelineArn": record.arn, "PipelineVersionId": number}

    def _definition(self, request: Mapping[str, Any], *, required: bool) -> str | None:
        """Return the definition that a request gives, inline or by its place in S3."""
        inline, location = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
        if inline is not None and location is not None:
            raise ServiceError(
                "ValidationException",
                "Only one of PipelineDefinition and PipelineDefinitionS3Location can be specified.",
            )
        if location is not None:
            return self._from_s3(location["Bucket"], location["ObjectKey"])
        if inline is None and required:
            raise ServiceError(
                "ValidationException",
                "Either PipelineDefinition or PipelineDefinitionS3Location must be specified.",
            )
        return inline

    def _from_s3(self, bucket: str, key: str) -> str:
        uri = f"s3://{bucket}/{key}"
        try:
            size = self._objects.head(bucket, key).size
            content = self._objects.read(bucket, key) if size <= MAX_BYTES else b""
        except ServiceError as error:
            raise _invalid(f"Unable to read the pipeline definition at {uri}. {error.message}") from error
        if size > MAX_BYTES:
            raise _invalid(f"The pipeline definition at {uri} is larger than {MAX_BYTES} bytes.")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _invalid(f"The pipeline definition at {uri} is not UTF-8 text.") from error


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def check_definition(name: str, definition: str) -> None:
    """Refuse a definition that no execution could be made of.

    Raises:
        ServiceError: ``ValidationException``, with the reason.
    """
    try:
        document = read_document(definition, name=name)
        if document.engine == "sagemaker":
            read_steps(document)
            return
    except DefinitionError as error:
        where = f" (step {error.step})" if error.step else ""
        place = f" at {error.path}" if error.path else ""
        raise _invalid(f"Unable to parse pipeline definition{where}{place}. {error.message}") from error
    raise _invalid("Unable to parse pipeline definition. It is a state machine's, not a pipeline's.")


def require(connection: sqlite3.Connection, name: str, context: RequestContext) -> PipelineRecord:
    """Return a pipeline inside a transaction.

    Raises:
        ServiceError: ``ResourceNotFound``.
    """
    return pipelines.require(within(connection), name, arn=names.arn(context.region, f"pipeline/{name}"))


def require_named(store: Store, name_or_arn: str, context: RequestContext) -> PipelineRecord:
    """Return a pipeline by its name or ARN.

    Raises:
        ServiceError: ``ResourceNotFound``.
    """
    name = names.pipeline_name(name_or_arn)
    return pipelines.require(store.query, name, arn=names.arn(context.region, f"pipeline/{name}"))


def find_version(
    store: Store, request: Mapping[str, Any], context: RequestContext
) -> tuple[PipelineRecord, int]:
    """Return the pipeline that a request names and the number of the version that it means.

    Raises:
        ServiceError: ``ResourceNotFound``, there is no such pipeline, version or alias.
    """
    record = require_named(store, request["PipelineName"], context)
    number, alias = request.get("PipelineVersionId"), request.get("PipelineVersionAlias")
    if number is not None and alias is not None:
        raise ServiceError(
            "ValidationException", "Only one of PipelineVersionId and PipelineVersionAlias can be specified."
        )
    if alias is not None:
        number = pipelines.aliases(store.query, record.name).get(alias)
        if number is None:
            raise ServiceError("ResourceNotFound", f"Pipeline '{record.arn}' has no version alias '{alias}'.")
    return record, number if number is not None else record.version


def parallelism(limit: int | None) -> dict[str, int] | None:
    """Return a ParallelismConfiguration, None where there is no limit."""
    return {"MaxParallelExecutionSteps": limit} if limit is not None else None


def _no_version(record: PipelineRecord, number: int) -> ServiceError:
    return ServiceError("ResourceNotFound", f"Pipeline '{record.arn}' has no version {number}.")
