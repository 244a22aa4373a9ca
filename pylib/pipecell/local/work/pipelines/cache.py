"""Step caching on this machine: the keys of results are kept with them, and found again.

What a key is made of is `pipecell.definition.cache`'s; here are the store and the objects.
"""

from __future__ import annotations

import sqlite3
import time

from pipecell.definition.cache.configuration import configuration_of
from pipecell.definition.cache.content import ARTIFACTS_TAG, INPUTS_TAG, KEY_TAG, Fingerprints, digest
from pipecell.definition.cache.identity import identity, key_of, settings_of
from pipecell.definition.foreknown import without_nulls
from pipecell.definition.references import resolve
from pipecell.local.objects import ObjectStore
from pipecell.local.records import Query, tags
from pipecell.local.records.executions import StepRecord, step_from_row
from pipecell.local.records.jobs import JobRecord
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import StepRun

_CANDIDATES = 20


class StoredObjects:
    """This endpoint's S3, as caching looks at it.

    Args:
        objects: the endpoint's S3.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def etag(self, bucket: str, key: str) -> str | None:
        """Return an object's ETag, None when it is not there."""
        try:
            return self._objects.head(bucket, key).etag
        except ServiceError:
            return None

    def below(self, bucket: str, prefix: str, limit: int | None = None) -> list[tuple[str, str]]:
        """Return (key, ETag) of the objects whose keys begin with a prefix."""
        try:
            if limit is not None:
                return [
                    (info.key, info.etag) for info in self._objects.list(bucket, prefix, limit=limit).objects
                ]
            return [(info.key, info.etag) for info in self._objects.iterate(bucket, prefix)]
        except ServiceError:
            return []

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object's content."""
        try:
            return self._objects.read(bucket, key)
        except ServiceError as error:
            raise KeyError(key) from error


def key_of_run(run: StepRun, fingerprints: Fingerprints) -> str | None:
    """Return what identifies a step's work within its pipeline, None when its type is never cached."""
    view = run.view
    settings = without_nulls(resolve(settings_of(view.type, view.body), run.scope))
    identifying = identity(view.type, run.arguments, settings)
    if identifying is None:
        return None
    content = fingerprints.with_code_by_content(identifying)
    return key_of(run.execution.pipeline, view.name, view.type, content)


def find_hit(
    run: StepRun, key: str, query: Query, fingerprints: Fingerprints
) -> tuple[StepRecord, str] | None:
    """Return the most recent earlier result that may be reused, and the ARN of its execution.

    Raises:
        DefinitionError: ``ExpireAfter`` is no duration.
    """
    configuration = configuration_of(run.view.body)
    if not configuration.enabled:
        return None
    oldest = time.time() - configuration.expires if configuration.expires is not None else 0.0
    rows = query(
        "SELECT step.*, execution.arn AS execution_arn FROM step"
        " JOIN execution ON execution.id = step.execution"
        " WHERE cache_key = ? AND ended >= ? AND step.status = 'Succeeded' AND cache_source IS NULL"
        " AND selection_source IS NULL ORDER BY ended DESC LIMIT ?",
        (key, oldest, _CANDIDATES),
    )
    for row in rows:
        record = step_from_row(row)
        if fingerprints.of_artifacts(record.properties) == record.artifacts:
            return record, row["execution_arn"]
    return None


def tell(connection: sqlite3.Connection, job: JobRecord, step: StepRecord, inputs: list[str]) -> None:
    """Let the tags of a step's job say what its result is found by, so that a plan can foresee it.

    Args:
        connection: an open transaction.
        job: the step's job.
        step: the step, which has succeeded.
        inputs: what `Fingerprints.of_inputs` says of the job's data.
    """
    values = {
        KEY_TAG: str(step.cache_key),
        ARTIFACTS_TAG: digest(sorted(step.artifacts.items())),
        INPUTS_TAG: " ".join(inputs),
    }
    tags.put_own(connection, job.arn, values)
