"""Step caching: what identifies a step's work, and whether an earlier result may stand for it.

AWS compares, by type of step, the arguments that decide the result (not where outputs go or on
which instance it runs), within one pipeline, and takes the most recent success that is young
enough. Two things are stricter here. Uploaded code counts by its content, not by its address, so
that the same code uploaded again is the same. And an earlier result is taken only while what it
left in S3 is still there, unchanged.
Source: SageMaker developer guide, "Caching pipeline steps" and "Default cache key attributes by
pipeline step type".
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from pipecell.errors import DefinitionError
from pipecell.local.records import Query
from pipecell.local.records.executions import StepRecord, step_from_row
from pipecell.local.work.pipelines.fingerprints import Fingerprints
from pipecell.local.work.pipelines.handler import Handler, StepRun

_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_SECONDS = {
    "years": 365 * 86400,
    "months": 30 * 86400,
    "weeks": 7 * 86400,
    "days": 86400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}
_CANDIDATES = 20


def duration_seconds(text: str) -> float:
    """Return the seconds of an ISO 8601 duration; AWS's own examples leave the ``P`` out (``30dT5h``).

    Raises:
        DefinitionError: ``PC117``, it is none.
    """
    found = _DURATION.fullmatch(text.strip())
    parts = {unit: int(number) for unit, number in found.groupdict().items() if number} if found else {}
    if not parts:
        raise DefinitionError(
            f'"{text}" is not an ISO 8601 duration.', code="PC117", hint="Try P30D or PT1H."
        )
    return float(sum(_SECONDS[unit] * number for unit, number in parts.items()))


def key_of(run: StepRun, handler: Handler, fingerprints: Fingerprints) -> str | None:
    """Return what identifies a step's work within its pipeline, None when its type is never cached."""
    arguments = handler.identity(run)
    if arguments is None:
        return None
    identity = {
        "pipeline": run.execution.pipeline,
        "step": run.view.name,
        "type": run.view.type,
        "arguments": fingerprints.with_code_by_content(arguments),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def configuration_of(run: StepRun) -> Mapping[str, Any]:
    """Return the step's CacheConfig when it asks for reuse, else nothing."""
    configuration = run.view.body.get("CacheConfig") or {}
    return configuration if configuration.get("Enabled") is True else {}


def find_hit(
    run: StepRun, key: str, query: Query, fingerprints: Fingerprints
) -> tuple[StepRecord, str] | None:
    """Return the most recent earlier result that may be reused, and the ARN of its execution.

    Raises:
        DefinitionError: ``ExpireAfter`` is no duration.
    """
    expiry = configuration_of(run).get("ExpireAfter")
    oldest = time.time() - duration_seconds(expiry) if expiry else 0.0
    rows = query(
        "SELECT step.*, execution.arn AS execution_arn FROM step"
        " JOIN execution ON execution.id = step.execution"
        " WHERE cache_key = ? AND ended >= ? AND step.status = 'Succeeded' AND cache_source IS NULL"
        " AND selection_source IS NULL ORDER BY ended DESC LIMIT ?",
        (key, oldest, _CANDIDATES),
    )
    for row in rows:
        record = step_from_row(row)
        if all(fingerprints.of_uri(uri) == digest for uri, digest in record.artifacts.items()):
            return record, row["execution_arn"]
    return None
