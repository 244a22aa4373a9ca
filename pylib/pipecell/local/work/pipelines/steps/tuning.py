"""Tuning: a hyperparameter tuning job, which runs training jobs of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipecell.definition.sagemaker import StepView
from pipecell.local.work.lifecycle.tuning import summaries_of
from pipecell.local.work.pipelines.handler import Ended, Others, StepRun
from pipecell.local.work.pipelines.steps.images import ImageCheck
from pipecell.local.work.pipelines.steps.job import JobHandler


class Tuning(JobHandler):
    """Runs a tuning job."""

    types = ("Tuning",)
    kind = "tuning"
    longest_name = 32

    def __init__(self, check_image: ImageCheck) -> None:
        self._check_image = check_image

    def look(self, run: StepRun) -> Ended | None:
        """Return the job's description, with its training jobs, the best one first."""
        ended = super().look(run)
        if ended is None or ended.status != "Succeeded":
            return ended
        job = run.platform.lifecycle.find(self.kind, str(run.record.job_name))
        summaries = summaries_of(run.platform.store, job) if job is not None else []
        return replace(ended, properties={**ended.properties, "TrainingJobSummaries": summaries})

    def refusal(self, view: StepView, resolved: Mapping[str, Any], others: Others) -> str | None:
        """Refuse an image that nothing stands in for."""
        definitions = [
            resolved.get("TrainingJobDefinition") or {},
            *(resolved.get("TrainingJobDefinitions") or []),
        ]
        for definition in definitions:
            image = (definition.get("AlgorithmSpecification") or {}).get("TrainingImage")
            reason = self._check_image(image, "training", definition)
            if reason is not None:
                return reason
        return None
