"""Whether something on this machine stands in for a container image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ImageCheck = Callable[[Any, str, Mapping[str, Any]], str | None]
"""Takes an image URI (None while it is not known), the kind of job, and the request as far as it is
known; returns the reason why nothing stands in for the image, None when something does."""
