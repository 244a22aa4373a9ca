"""What a Task's ``Resource`` names: a function, an activity or an operation of a service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_SERVICE = re.compile(
    r"arn:(?P<partition>aws[\w-]*):states:(?P<region>[^:]*):(?P<account>[^:]*):(?:(?P<sdk>aws-sdk):)?"
    r"(?P<service>[\w-]+):(?P<action>\w+)(?:\.(?P<pattern>[\w:]+))?$"
)
_ACTIVITY = re.compile(r"arn:aws[\w-]*:states:[^:]*:[^:]*:activity:.+$")
_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[^:]*:[^:]*:function:[\w$-]+(?::[\w$-]+)?$")

WAIT_FOR_TASK_TOKEN = "waitForTaskToken"  # noqa: S105 - the name of a pattern


@dataclass(frozen=True)
class Resource:
    """A parsed ``Resource``.

    Attributes:
        arn: as written.
        kind: function, activity or service.
        service: ``lambda``, ``sagemaker``, …; ``aws-sdk`` services by their SDK's name.
        action: operation in camel case, such as ``startExecution``.
        pattern: empty, ``sync``, ``sync:2`` or ``waitForTaskToken``.
        sdk: whether it is an ``aws-sdk`` integration.
    """

    arn: str
    kind: Literal["function", "activity", "service"]
    service: str = ""
    action: str = ""
    pattern: str = ""
    sdk: bool = False

    @property
    def resource_type(self) -> str:
        """``resourceType`` of history events."""
        return f"aws-sdk:{self.service}" if self.sdk else self.service

    @property
    def resource(self) -> str:
        """``resource`` of history events: the action with its pattern."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action

    @property
    def waits_for_token(self) -> bool:
        """Whether the task ends by SendTaskSuccess or SendTaskFailure."""
        return self.pattern == WAIT_FOR_TASK_TOKEN

    @property
    def sync(self) -> bool:
        """Whether the task ends when the job that it starts ends."""
        return self.pattern in ("sync", "sync:2")


@lru_cache(maxsize=1024)
def parse_resource(arn: str) -> Resource | None:
    """Return what the text names; None where it is no resource of a Task."""
    if _FUNCTION.match(arn):
        return Resource(arn, "function", "lambda", "invoke")
    if _ACTIVITY.match(arn):
        return Resource(arn, "activity")
    match = _SERVICE.match(arn)
    if match is None:
        return None
    return Resource(
        arn, "service", match["service"], match["action"], match["pattern"] or "", bool(match["sdk"])
    )
