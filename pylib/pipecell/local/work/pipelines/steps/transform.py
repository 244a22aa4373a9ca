"""Transform: a batch transform job with a model that was created before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.definition.sagemaker import StepView
from pipecell.local.work.pipelines.handler import Others
from pipecell.local.work.pipelines.steps.images import ImageCheck
from pipecell.local.work.pipelines.steps.job import JobHandler


class Transform(JobHandler):
    """Runs a transform job."""

    types = ("Transform",)
    kind = "transform"

    def __init__(self, check_image: ImageCheck) -> None:
        self._check_image = check_image

    def refusal(self, view: StepView, resolved: Mapping[str, Any], others: Others) -> str | None:
        """Refuse a model whose image nothing stands in for, where this pipeline creates the model."""
        for reference in view.references:
            if reference.kind == "step" and reference.path == "Arguments.ModelName":
                model = others(reference.name)
                container = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
                return self._check_image(container.get("Image"), self.kind, resolved)
        return None
