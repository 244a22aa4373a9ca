"""Processing: a processing job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.definition.sagemaker import StepView
from pipecell.local.work.pipelines.handler import Others
from pipecell.local.work.pipelines.steps.images import ImageCheck
from pipecell.local.work.pipelines.steps.job import JobHandler


class Processing(JobHandler):
    """Runs a processing job."""

    types = ("Processing",)
    kind = "processing"

    def __init__(self, check_image: ImageCheck) -> None:
        self._check_image = check_image

    def refusal(self, view: StepView, resolved: Mapping[str, Any], others: Others) -> str | None:
        """Refuse an image that nothing stands in for, unless its command is given."""
        return self._check_image(
            (resolved.get("AppSpecification") or {}).get("ImageUri"), self.kind, resolved
        )
