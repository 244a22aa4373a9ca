"""What each step type does: one handler a file, and the one table of them."""

from __future__ import annotations

from collections.abc import Mapping

from pipecell.local.work.pipelines.handler import Handler
from pipecell.local.work.pipelines.steps.callback import Callback
from pipecell.local.work.pipelines.steps.check import Check
from pipecell.local.work.pipelines.steps.condition import Condition
from pipecell.local.work.pipelines.steps.fail import Fail
from pipecell.local.work.pipelines.steps.function import Function
from pipecell.local.work.pipelines.steps.images import ImageCheck
from pipecell.local.work.pipelines.steps.model import Model
from pipecell.local.work.pipelines.steps.processing import Processing
from pipecell.local.work.pipelines.steps.register import RegisterModel
from pipecell.local.work.pipelines.steps.training import Training
from pipecell.local.work.pipelines.steps.transform import Transform
from pipecell.local.work.pipelines.steps.tuning import Tuning

Handlers = Mapping[str, Handler]
"""By the definition's word for the type."""


def handlers(check_image: ImageCheck) -> Handlers:
    """Return a handler for every step type that runs here.

    Args:
        check_image: tells whether something stands in for an image.
    """
    every: tuple[Handler, ...] = (
        Processing(check_image),
        Training(check_image),
        Tuning(check_image),
        Transform(check_image),
        Check(check_image),
        Model(),
        RegisterModel(),
        Condition(),
        Fail(),
        Callback(),
        Function(),
    )
    return {word: handler for handler in every for word in handler.types}
