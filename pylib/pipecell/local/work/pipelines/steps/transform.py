"""Transform: a batch transform job with a model that was created before."""

from __future__ import annotations

from pipecell.local.work.pipelines.steps.job import JobHandler


class Transform(JobHandler):
    """Runs a transform job."""

    types = ("Transform",)
    kind = "transform"
    identifying = ("DataProcessing", "Environment", "ModelName", "TransformInput")
