"""Client request tokens: the same request sent twice is done once and answered alike."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from pipecell.local.wire import ServiceError

_KEPT_SECONDS = 24 * 3600.0


def digest(request: Mapping[str, Any]) -> str:
    """Return what identifies a request apart from its token."""
    rest = {key: value for key, value in request.items() if key != "ClientRequestToken"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode()).hexdigest()


def recall(
    connection: sqlite3.Connection, operation: str, request: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the answer that this request has already had, None when it is new.

    Raises:
        ServiceError: ``ConflictException``, the token came with another request before.
    """
    token = request.get("ClientRequestToken")
    if token is None:
        return None
    row = connection.execute(
        "SELECT digest, answer FROM request_token WHERE operation = ? AND token = ? AND created > ?",
        (operation, token, time.time() - _KEPT_SECONDS),
    ).fetchone()
    if row is None:
        return None
    if row["digest"] != digest(request):
        raise ServiceError(
            "ConflictException", f"The ClientRequestToken {token} was already used with different parameters."
        )
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer


def remember(
    connection: sqlite3.Connection, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]
) -> None:
    """Keep the answer to a request that carries a token; tokens are good for a day."""
    token = request.get("ClientRequestToken")
    if token is None:
        return
    now = time.time()
    connection.execute("DELETE FROM request_token WHERE created < ?", (now - _KEPT_SECONDS,))
    connection.execute(
        "INSERT OR REPLACE INTO request_token (operation, token, digest, answer, created)"
        " VALUES (?, ?, ?, ?, ?)",
        (operation, token, digest(request), json.dumps(answer), now),
    )
