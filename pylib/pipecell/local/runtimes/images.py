"""Container images by their names: which program is inside.

Only the repository's last part and the tag count, so that an image is known in every
region and registry, and in a copy in somebody's own account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """An image's URI taken apart.

    Args:
        uri: as given.
        repository: last part of its name, for example ``sagemaker-xgboost``.
        tag: after the colon; empty without one.
    """

    uri: str
    repository: str
    tag: str

    @property
    def version(self) -> tuple[int, ...]:
        """The numbers at the start of the tag: ``1.7-1`` is (1, 7, 1); empty for ``latest``."""
        start = re.match(r"\d+(?:[.-]\d+)*", self.tag)
        return tuple(int(part) for part in re.split(r"[.-]", start.group())) if start else ()


@dataclass(frozen=True)
class Family:
    """Images that the user's Python can stand in for.

    Args:
        name: what people call it.
        repository: pattern of the whole repository name.
        modules: what must be importable.
        install: what to give pip when it is not.
        toolkit: it holds SageMaker's training toolkit: script mode works.
    """

    name: str
    repository: str
    modules: tuple[str, ...] = ()
    install: str = ""
    toolkit: bool = True


FAMILIES = (
    Family("scikit-learn", r"sagemaker-scikit-learn", ("sklearn",), "scikit-learn"),
    Family("XGBoost", r"(sagemaker-)?xgboost", ("xgboost",), "xgboost-cpu"),
    Family("PyTorch", r"(sagemaker-)?pytorch(-training|-inference)?(-graviton)?", ("torch",), "torch"),
    Family(
        "TensorFlow",
        r"(sagemaker-)?tensorflow(-training|-inference|-scriptmode|-serving)?(-graviton)?",
        ("tensorflow",),
        "tensorflow",
    ),
    Family(
        "Hugging Face with PyTorch",
        r"huggingface-pytorch-(training|inference)",
        ("torch", "transformers"),
        "torch transformers",
    ),
    Family(
        "Hugging Face with TensorFlow",
        r"huggingface-tensorflow-(training|inference)",
        ("tensorflow", "transformers"),
        "tensorflow transformers",
    ),
    Family("MXNet", r"(sagemaker-)?mxnet(-training|-inference|-serving)?", ("mxnet",), "mxnet"),
    Family("AutoGluon", r"autogluon-(training|inference)", ("autogluon",), "autogluon"),
    Family("Python", r"sagemaker-base-python(-\d+)?|sagemaker-distribution(-prod|-cpu|-gpu)?"),
    Family("Python", r"python", toolkit=False),
)
"""First match wins. Apache Spark's image is not here: its entry point is no Python."""


def parse(uri: str) -> Image:
    """Take an image's URI apart: ``registry/path/repository:tag@digest``."""
    name = uri.partition("@")[0].rpartition("/")[2]
    repository, _, tag = name.partition(":")
    return Image(uri, repository, tag)


def family_of(image: Image) -> Family | None:
    """Return the family that an image belongs to, None when it is not known."""
    return next((each for each in FAMILIES if re.fullmatch(each.repository, image.repository)), None)
