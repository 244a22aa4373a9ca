"""QualityCheck and ClarifyCheck: processing jobs of AWS's images, for which the user may have a stand-in.

The images (SageMaker Model Monitor's and Clarify's analyzers) are not on this machine. A command that
the user maps to one gets the same inputs and environment and writes the same files: ``statistics.json``
and ``constraints.json`` (``analysis.json`` of Clarify), and ``constraint_violations.json`` where the
data breaks the constraints.
Source: SageMaker developer guide, "QualityCheck step", "ClarifyCheck step".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipecell.definition.cache.content import split_uri
from pipecell.definition.cache.identity import settings_of
from pipecell.definition.foreknown import without_nulls
from pipecell.definition.references import resolve
from pipecell.definition.sagemaker import StepView
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import Began, Ended, Others, StepRun
from pipecell.local.work.pipelines.steps.images import ImageCheck
from pipecell.local.work.pipelines.steps.job import JobHandler

_SERVICES = {"QualityCheck": "SageMaker Model Monitor", "ClarifyCheck": "SageMaker Clarify"}
_FILES = {
    "QualityCheck": {"Statistics": "statistics.json", "Constraints": "constraints.json"},
    "ClarifyCheck": {"Constraints": "analysis.json"},
}
_SHOWN = ("CheckType", "ModelPackageGroupName", "SkipCheck", "RegisterNewBaseline")


class Check(JobHandler):
    """Runs the user's stand-in for a checking image, and fails on the violations it reports."""

    types = ("QualityCheck", "ClarifyCheck")
    kind = "processing"

    def __init__(self, check_image: ImageCheck) -> None:
        self._check_image = check_image

    def refusal(self, view: StepView, resolved: Mapping[str, Any], others: Others) -> str | None:
        """Refuse unless the user has mapped a command to the image."""
        image = (resolved.get("AppSpecification") or {}).get("ImageUri")
        needs = f"it needs {_SERVICES[view.type]}, which is not on this machine."
        if not isinstance(image, str):
            return needs
        reason = self._check_image(image, self.kind, resolved)
        return f"{needs} {reason}" if reason is not None else None

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Record the job, and show it as the check's."""
        began = super().begin(run, connection)
        if not isinstance(began, Began):
            return began
        shown = {key: value for key, value in _settings(run).items() if key in _SHOWN}
        arn = began.metadata["ProcessingJob"]["Arn"]
        return replace(began, metadata={run.view.type: {**shown, "CheckJobArn": arn}})

    def look(self, run: StepRun) -> Ended | None:
        """Return the baselines once the job has ended, or the violations that it found."""
        ended = super().look(run)
        if ended is None or ended.status != "Succeeded":
            return ended
        folder = _output(ended.properties)
        settings = _settings(run)
        found: dict[str, Any] = {}
        for word, name in _FILES[run.view.type].items():
            calculated = f"{folder}/{name}"
            found[f"CalculatedBaseline{word}"] = calculated
            found[f"BaselineUsedForDriftCheck{word}"] = settings.get(f"SuppliedBaseline{word}") or calculated
        report = f"{folder}/constraint_violations.json"
        violations = _violations(run, report)
        if violations is not None:
            found["ViolationReport"] = report
        metadata = {run.view.type: {**run.record.metadata[run.view.type], **found}}
        if violations and settings.get("FailOnViolation", True) and not settings.get("SkipCheck"):
            reason = f"ClientError: The check found {violations} violations. See {report}."
            return Ended("Failed", metadata, failure_reason=reason)
        return replace(ended, metadata=metadata, properties={**ended.properties, **found})


def _settings(run: StepRun) -> dict[str, Any]:
    return dict(without_nulls(resolve(settings_of(run.view.type, run.view.body), run.scope)))


def _output(properties: Mapping[str, Any]) -> str:
    outputs = (properties.get("ProcessingOutputConfig") or {}).get("Outputs") or [{}]
    return str((outputs[0].get("S3Output") or {}).get("S3Uri", "")).rstrip("/")


def _violations(run: StepRun, uri: str) -> int | None:
    """Return how many violations a report holds, None when there is none of it."""
    try:
        report = json.loads(run.platform.objects.read(*split_uri(uri)))
    except ServiceError:
        return None
    except ValueError as error:
        raise ServiceError("ValidationException", f"{uri} is not JSON: {error}.") from error
    found = report.get("violations") if isinstance(report, Mapping) else None
    return len(found) if isinstance(found, list) else 0
