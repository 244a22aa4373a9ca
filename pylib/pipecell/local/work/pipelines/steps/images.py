"""Whether something on this machine stands in for a container image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ImageCheck = Callable[[Any, str, Mapping[str, Any]], str | None]
"""Takes an image URI (None while it is not known), the kind of job, and the request as far as it is
known; returns the reason why nothing stands in for the image, None when something does."""

WAY_OUT = "Map one with: %pipeline local map {image} COMMAND"


def with_way_out(reason: str, image: str) -> str:
    """Return a reason that ends with how to map the image."""
    way_out = WAY_OUT.format(image=image)
    return reason if way_out in reason else f"{reason.rstrip('.')}. {way_out}"
