"""EventBridge: moto's, with AWS's word on malformed details, and with events of our own services."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pipecell.local.services.others import Others
from pipecell.local.wire import Request, Response

_ERROR = 400
_PUT = "AWSEvents.PutEvents"
_MALFORMED = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


class Events:
    """EventBridge behind the port.

    Args:
        others: moto.
    """

    def __init__(self, others: Others) -> None:
        self._others = others

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.headers.get("x-amz-target") != _PUT:
            return self._others.handle(request)
        body = request.read_body()
        try:
            entries = json.loads(body)["Entries"]
            sound = [entry for entry in entries if not _is_malformed(entry)]
        except (ValueError, TypeError, KeyError, AttributeError):
            entries = sound = []
        if len(sound) == len(entries):
            return self._others.handle(replace(request, body=io.BytesIO(body)))
        return self._put(request, entries, sound)

    def _put(self, request: Request, entries: list[Any], sound: list[Any]) -> Response:
        """Put the sound ones and answer for all, in their order."""
        answered: list[dict[str, Any]] = []
        if sound:
            body = json.dumps({"Entries": sound}).encode()
            response = self._others.handle(replace(request, body=io.BytesIO(body)))
            if response.status >= _ERROR or not isinstance(response.body, bytes):
                return response
            answered = json.loads(response.body)["Entries"]
        told = [_MALFORMED if _is_malformed(entry) else answered.pop(0) for entry in entries]
        failed = sum("ErrorCode" in entry for entry in told)
        text = json.dumps({"FailedEntryCount": failed, "Entries": told})
        return Response(200, {"content-type": "application/x-amz-json-1.1"}, text.encode())

    def put(self, region: str, event: Callable[[], dict[str, Any]]) -> None:
        """Put an event of a service of ours on the default bus, if anybody has used EventBridge.

        Args:
            region: whose bus.
            event: makes an entry of PutEvents.
        """
        if not self._others.uses("events"):
            return
        backends = self._others.backends("events")
        backends[region].put_events([event()])
        self._others.save("events")


def _is_malformed(entry: dict[str, Any]) -> bool:
    detail = entry.get("Detail")
    if not detail:
        return False
    try:
        return not isinstance(json.loads(detail), dict)
    except ValueError:
        return True
