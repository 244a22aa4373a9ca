"""Operations on activities and on task tokens: workers outside take tasks and answer for them."""

from __future__ import annotations

import time
from typing import Any

from pipecell.local.services.states import arns, pages
from pipecell.local.services.states.catalogue import Catalogue, Facts
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.states import json_text
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.evaluate import dumps, too_large

#: Seconds that GetActivityTask holds a connection open.
POLL_SECONDS = 60.0


class Activities:
    """Operations on activities and task tokens.

    Args:
        catalogue: the rows.
        engine: where tasks wait.
    """

    def __init__(self, catalogue: Catalogue, engine: Engine) -> None:
        self._catalogue, self._engine = catalogue, engine

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """CreateActivity: the same name again returns what is there."""
        name = arns.check_name(request["name"])
        arn = arns.activity_arn(context.region, name)
        found = self._catalogue.activity(arn)
        if found is None:
            found = {"arn": arn, "name": name, "created": time.time()}
            found["encryption"] = request.get("encryptionConfiguration", {"type": "AWS_OWNED_KEY"})
            self._catalogue.put_activity(found)
            if request.get("tags"):
                self._catalogue.tag(arn, request["tags"])
        return {"activityArn": arn, "creationDate": found["created"]}

    def describe(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DescribeActivity."""
        found = self._activity(request["activityArn"])
        return {"activityArn": found["arn"], "name": found["name"], "creationDate": found["created"]}

    def delete(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DeleteActivity: no error where there is none."""
        self._catalogue.delete_activity(arns.parse(request["activityArn"], "activity").text)
        return {}

    def list(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListActivities."""
        listed = [
            {"activityArn": found["arn"], "name": found["name"], "creationDate": found["created"]}
            for found in self._catalogue.activities()
        ]
        return pages.page(request, "activities", listed)

    def take(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """GetActivityTask: waits up to a minute for a task; an empty answer means that there was none."""
        arn = self._activity(request["activityArn"])["arn"]
        taken: list[dict[str, Any]] = []

        def try_once() -> bool:
            for row, number, token in self._engine.rows.awaiting(arn):
                found = self._start(row, number, token, request.get("workerName"))
                if found is not None:
                    taken.append(found)
                    return True
            return False

        self._engine.wait(try_once, POLL_SECONDS)
        return taken[0] if taken else {"taskToken": None, "input": None}

    def _start(self, row: int, number: int, token: str, worker: str | None) -> dict[str, Any] | None:
        given: list[str] = []

        def begin(turn: Any) -> None:
            frame = turn.execution.frames.get(number)
            if frame is not None and frame.awaits and frame.token == token:
                given.append(dumps(frame.arguments))
                turn.task_event("started", number, token, worker=worker)

        self._engine.act(row, begin)
        return {"taskToken": token, "input": given[0]} if given else None

    def succeed(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """SendTaskSuccess."""
        text = request["output"]
        self._find(request["taskToken"])
        try:
            json_text.parse(text)
        except json_text.InvalidJsonError as error:
            raise ServiceError("InvalidOutput", f"Invalid Output: '{error}'") from error
        if too_large(text):
            raise ServiceError("InvalidOutput", "Invalid Output: 'Output exceeds 262144 bytes.'")
        return self._send(request["taskToken"], "succeeded", output=text)

    def fail(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """SendTaskFailure."""
        return self._send(
            request["taskToken"], "failed", error=request.get("error"), cause=request.get("cause")
        )

    def heartbeat(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """SendTaskHeartbeat."""
        return self._send(request["taskToken"], "heartbeat")

    def _find(self, token: str) -> tuple[int, int]:
        found = self._engine.rows.by_token(token)
        if found is not None:
            return found
        if len(token) == _TOKEN_LENGTH and set(token) <= set("0123456789abcdef"):
            raise ServiceError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        raise pages.invalid_token()

    def _send(self, token: str, kind: str, **data: Any) -> dict[str, Any]:
        row, number = self._find(token)
        taken: list[bool] = []
        self._engine.act(row, lambda turn: taken.append(turn.task_event(kind, number, token, **data)))
        if not taken or not taken[0]:
            raise ServiceError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return {}

    def _activity(self, text: str) -> Facts:
        arn = arns.parse(text, "activity").text
        found = self._catalogue.activity(arn)
        if found is None:
            raise ServiceError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
        return found


_TOKEN_LENGTH = 64
