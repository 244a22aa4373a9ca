"""Point the SDK's STS calls at the local endpoint.

``AWS_ENDPOINT_URL`` redirects every AWS client but one: the SDK asks STS at an address that it works
out itself, for ``default_bucket()`` and ``get_execution_role()``. That one function is replaced.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from pipecell.declare.patches import Patch, PatchSet
from pipecell.declare.sagemaker_v2.quiet import hide_our_settings, show_our_settings

_LOCK = threading.Lock()
_ENDPOINT: list[str] = []


def point_sdk_at(endpoint_url: str) -> None:
    """Send the SDK's STS calls to ``endpoint_url``, also when the SDK is imported later."""
    with _LOCK:
        active = bool(_ENDPOINT)
        _ENDPOINT[:] = [endpoint_url]
    if not active:
        hide_our_settings()
        _PATCHES.install()


def restore_sdk() -> None:
    """Undo :func:`point_sdk_at`: the SDK has its own functions again."""
    with _LOCK:
        active = bool(_ENDPOINT)
        _ENDPOINT.clear()
    if active:
        _PATCHES.remove()
        show_our_settings()


def _endpoint(original: Any) -> Any:
    @functools.wraps(original)
    def sts_regional_endpoint(region: str) -> str:
        endpoint = _ENDPOINT[:1]
        return endpoint[0] if endpoint else str(original(region))

    return sts_regional_endpoint


def _opted_out(original: Any) -> Any:
    """Send no telemetry about local work: its request goes past any endpoint setting."""

    @functools.wraps(original)
    def _send_telemetry_request(*args: Any, **kwargs: Any) -> None:
        if not _ENDPOINT:
            original(*args, **kwargs)

    return _send_telemetry_request


_PATCHES = PatchSet(
    (
        Patch("sagemaker.session", "sts_regional_endpoint", _endpoint),
        Patch("sagemaker.utils", "sts_regional_endpoint", _endpoint),
        Patch("sagemaker.telemetry.telemetry_logging", "_send_telemetry_request", _opted_out),
    )
)
