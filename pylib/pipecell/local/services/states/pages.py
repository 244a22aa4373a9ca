"""Lists in pages, with opaque tokens."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.local.wire import ServiceError

_DEFAULT, _MOST = 100, 1000


def limit_of(request: Mapping[str, Any]) -> int:
    """Return how many items a page has; 0 means the default."""
    return min(request.get("maxResults") or _DEFAULT, _MOST)


def write_token(position: Any) -> str:
    """Return a token that ``read_token`` turns back into ``position``."""
    return base64.urlsafe_b64encode(json.dumps(["pipecell", position]).encode()).decode()


def read_token(request: Mapping[str, Any], default: Any = 0) -> Any:
    """Return the position that the request's token names.

    Raises:
        ServiceError: InvalidToken.
    """
    token = request.get("nextToken")
    if token is None:
        return default
    try:
        mark, position = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, TypeError, binascii.Error) as error:
        raise invalid_token() from error
    if mark != "pipecell":
        raise invalid_token()
    return position


def invalid_token() -> ServiceError:
    """Return AWS's error for a token it did not give."""
    return ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")


def page(request: Mapping[str, Any], key: str, items: Sequence[Any]) -> dict[str, Any]:
    """Return one page of ``items`` under ``key``, with the token of the next one."""
    start, size = read_token(request), limit_of(request)
    if not isinstance(start, int):
        raise invalid_token()
    found: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        found["nextToken"] = write_token(start + size)
    return found
