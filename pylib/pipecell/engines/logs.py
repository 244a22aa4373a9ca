"""A step's log, read from CloudWatch Logs as AWS lays it out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from pipecell.engines.connection import error_code
from pipecell.engines.engine import LogLine, StepSnapshot

_GROUPS = {
    "training-job": "/aws/sagemaker/TrainingJobs",
    "processing-job": "/aws/sagemaker/ProcessingJobs",
    "transform-job": "/aws/sagemaker/TransformJobs",
    "hyper-parameter-tuning-job": "/aws/sagemaker/TrainingJobs",
}
_SILENT = frozenset(
    {"Condition", "Fail", "Model", "RegisterModel", "Choice", "Pass", "Wait", "Succeed", "Parallel", "Map"}
)
_DATA = ("Input", "Output", "Cause")  # what a state was given and gave may name other jobs
_NEAR = 0.2  # seconds by which two clocks may differ
_NOT_YET = ("ResourceNotFoundException",)
_PAGE = 50  # log streams asked for at once; a job has one for each instance


class Log(Sequence[LogLine]):
    """The log of one step; prints as its text."""

    def __init__(self, lines: Sequence[LogLine]) -> None:
        self._lines = tuple(lines)

    @overload
    def __getitem__(self, index: int) -> LogLine: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LogLine]: ...
    def __getitem__(self, index: int | slice) -> LogLine | Sequence[LogLine]:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)

    def __str__(self) -> str:
        return "\n".join(line.message for line in self._lines)

    def __repr__(self) -> str:
        return str(self)


def may_log(step_type: str) -> bool:
    """Tell whether steps or states of a type have something that writes a log."""
    return step_type not in _SILENT


@dataclass(frozen=True)
class LogSource:
    """Where a job's log is.

    Attributes:
        group: the log group.
        prefix: what the names of the job's streams begin with.
        since, until: epoch seconds before and after which lines are another call's: a function's log
            holds all its calls.
    """

    group: str
    prefix: str
    since: float | None = None
    until: float | None = None


def source_of(step: StepSnapshot) -> LogSource | None:
    """Return where a started step's log is, from the ARN of its job; None when it has none yet or at all."""
    own = {key: value for key, value in step.metadata.items() if key not in _DATA}
    since = step.started - _NEAR if step.started is not None else None
    until = step.ended + _NEAR if step.ended is not None else None
    name = own.get("FunctionName")
    if isinstance(name, str) and not name.startswith("arn:"):
        return LogSource(f"/aws/lambda/{name.split(':')[0]}", "", since, until)
    for arn in _arns(own):
        match = re.match(r"arn:[^:]*:sagemaker:[^:]*:[^:]*:([a-z-]+)/(.+)$", arn)
        if match and match[1] in _GROUPS:
            # A tuning job's training jobs are named after it, without a slash in between.
            end = "-" if match[1] == "hyper-parameter-tuning-job" else "/"
            return LogSource(_GROUPS[match[1]], match[2] + end)
        function = re.match(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)", arn)
        if function:
            return LogSource(f"/aws/lambda/{function[1]}", "", since, until)
    return None


def read_log(
    client: Any, source: LogSource, pause: float, ended: Callable[[], bool] | None = None
) -> Iterator[LogLine]:
    """Yield log lines, oldest first.

    Args:
        client: boto3's ``logs`` client.
        source: where the log is.
        pause: seconds between two looks at a log that grows.
        ended: tells whether the job has ended; None to read what is there and return.
    """
    for lines in read_batches(client, source, pause, ended):
        yield from lines


def read_batches(
    client: Any, source: LogSource, pause: float, ended: Callable[[], bool] | None = None
) -> Iterator[list[LogLine]]:
    """Yield what each look at a log found, nothing too: whoever reads may stop after any."""
    tokens: dict[str, str] = {}
    last_look = False
    while True:
        lines = [
            line for stream in _streams(client, source) for line in _events(client, source, stream, tokens)
        ]
        yield sorted(lines, key=lambda line: line.time)
        if ended is None or (last_look and not lines):
            return
        if last_look:
            continue
        last_look = ended()  # one more look after the end: a last line may be later than the status
        if not last_look:
            time.sleep(pause)


def _streams(client: Any, source: LogSource) -> list[str]:
    request: dict[str, Any] = {"logGroupName": source.group, "limit": _PAGE}
    if source.prefix:
        request["logStreamNamePrefix"] = source.prefix
    try:
        pages = client.get_paginator("describe_log_streams").paginate(**request)
        return sorted(entry["logStreamName"] for page in pages for entry in page["logStreams"])
    except client.exceptions.ClientError as error:
        if error_code(error) in _NOT_YET:
            return []
        raise


def _events(client: Any, source: LogSource, stream: str, tokens: dict[str, str]) -> Iterator[LogLine]:
    """Yield what a stream has since the last look; CloudWatch repeats a token at the end."""
    while True:
        request = {"logGroupName": source.group, "logStreamName": stream, "startFromHead": True}
        if stream in tokens:
            request["nextToken"] = tokens[stream]
        try:
            page = client.get_log_events(**request)
        except client.exceptions.ClientError as error:
            if error_code(error) in _NOT_YET:
                return
            raise
        for event in page["events"]:
            when = event["timestamp"] / 1000
            if when < (source.since or 0) or (source.until is not None and when > source.until):
                continue
            yield LogLine(when, stream, event["message"].rstrip("\n"))
        token = page["nextForwardToken"]
        if token == tokens.get(stream):
            return
        tokens[stream] = token


def _arns(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("arn:"):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _arns(inner)
