"""Training: a training job. NotebookJob steps and ``@step`` functions are compiled to one, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.definition.sagemaker import StepView
from pipecell.local.work.pipelines.handler import Others
from pipecell.local.work.pipelines.steps.images import ImageCheck
from pipecell.local.work.pipelines.steps.job import JobHandler


class Training(JobHandler):
    """Runs a training job."""

    types = ("Training",)
    kind = "training"

    def __init__(self, check_image: ImageCheck) -> None:
        self._check_image = check_image

    def refusal(self, view: StepView, resolved: Mapping[str, Any], others: Others) -> str | None:
        """Refuse an image that nothing stands in for."""
        image = (resolved.get("AlgorithmSpecification") or {}).get("TrainingImage")
        return self._check_image(image, self.kind, resolved)
