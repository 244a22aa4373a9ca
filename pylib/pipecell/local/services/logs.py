"""CloudWatch Logs, as far as jobs and functions write there: groups, streams and events, read from files.

A job's log is one stream for each of its hosts, ``{job}/algo-1-{epoch}``, in the group of its kind.
A place in a stream is a byte offset of its file, so that tokens stay good for ever and reading on
costs what is new.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipecell.local.home import DEFAULT_REGION
from pipecell.local.json_service import JsonService
from pipecell.local.records import jobs as records
from pipecell.local.records import names
from pipecell.local.records.jobs import JobRecord
from pipecell.local.services.function_logs import STREAM, FunctionLogs
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.joblog import LogEvent, LogStream
from pipecell.local.work.lifecycle.kinds import KINDS

if TYPE_CHECKING:
    from pipecell.local.services.sagemaker.service import SageMakerService
    from pipecell.local.store import Store

GROUPS = {words.log_group: kind for kind, words in KINDS.items() if words.log_group is not None}
"""Log groups and the kind of job that writes there."""

MAX_EVENTS = 10_000
_MAX_BYTES = 1024 * 1024
_EVENT_OVERHEAD = 26
_MAX_STREAMS = 50
_MAX_HOSTS = 1_000
_BATCH = 500


@dataclass(frozen=True)
class Stream:
    """One log stream.

    Attributes:
        group: its log group.
        name: its name.
        region: of its job.
        created: epoch seconds.
        log: where its events are.
        finished: whether nothing more will be written.
    """

    group: str
    name: str
    region: str
    created: float
    log: LogStream
    finished: bool

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"{_group_arn(self.region, self.group)}:log-stream:{self.name}"


def build(store: Store, sagemaker: SageMakerService, functions: FunctionLogs) -> JsonService:
    """Return the service.

    Args:
        store: where jobs are recorded.
        sagemaker: the service whose jobs write the logs.
        functions: the logs of Lambda functions.
    """
    return JsonService("logs", LogOperations(store, sagemaker, functions).operations())


class LogOperations:
    """What a client can read of the logs of jobs and functions.

    Args:
        store: where jobs are recorded.
        sagemaker: the service whose jobs write the logs.
        functions: the logs of Lambda functions.
    """

    def __init__(self, store: Store, sagemaker: SageMakerService, functions: FunctionLogs) -> None:
        self._store = store
        self._sagemaker = sagemaker
        self._functions = functions

    def operations(self) -> dict[str, Any]:
        """Return the operations by AWS's name."""
        return {
            "DescribeLogGroups": self.describe_groups,
            "DescribeLogStreams": self.describe_streams,
            "GetLogEvents": self.get_events,
            "FilterLogEvents": self.filter_events,
        }

    def describe_groups(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribeLogGroups: those that some job has written to."""
        prefix, pattern = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
        groups = []
        for group, created in sorted(self._groups().items()):
            if not group.startswith(prefix) or pattern.lower() not in group.lower():
                continue
            arn = _group_arn(context.region, group)
            groups.append(
                {
                    "logGroupName": group,
                    "creationTime": int(created * 1000),
                    "metricFilterCount": 0,
                    "arn": f"{arn}:*",
                    "logGroupArn": arn,
                    "storedBytes": 0,
                }
            )
        start = _offset(request.get("nextToken"), "g")
        end = start + request.get("limit", 50)
        return {
            "logGroups": groups[start:end],
            "nextToken": _token("g", end) if end < len(groups) else None,
        }

    def describe_streams(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """DescribeLogStreams, by name or by the time of the last event."""
        group = self._group(request)
        prefix = request.get("logStreamNamePrefix", "")
        by_time = request.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise ServiceError(
                "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix."
            )
        if group not in GROUPS:
            return {"logStreams": [_described(stream) for stream in self._of_function(group, prefix)]}
        jobs = self._jobs(group, prefix, by_time=by_time, descending=bool(request.get("descending")))
        limit = request.get("limit", _MAX_STREAMS)
        first, skipped = divmod(_offset(request.get("nextToken"), "s"), _MAX_HOSTS)
        found: list[tuple[int, Stream]] = []
        for place in range(first, len(jobs)):
            # One job after the other: ten thousand that nobody asked for cost nothing.
            streams = self._of_job_named(group, jobs[place], prefix)
            if request.get("descending"):
                streams.reverse()
            numbered = enumerate(streams, start=place * _MAX_HOSTS)
            found += list(numbered)[skipped if place == first else 0 :]
            if len(found) > limit:
                break
        return {
            "logStreams": [_described(stream) for _, stream in found[:limit]],
            "nextToken": _token("s", found[limit][0]) if len(found) > limit else None,
        }

    def get_events(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """GetLogEvents: forward from a place, or backward; at an end the token is the one that came."""
        stream = self._stream(self._group(request), request["logStreamName"])
        limit = request.get("limit", MAX_EVENTS)
        token = request.get("nextToken")
        direction, place = _read_place(token) if token else _first_place(stream, request)
        between = _Between(request.get("startTime"), request.get("endTime"))
        if direction == "f":
            events = list(_forward(stream, place, limit, between))
        else:
            events = _backward(stream, place, limit, between)
        first = events[0].offset if events else place
        last = events[-1].end if events else place
        return {
            "events": [_event(event) for event in events],
            "nextForwardToken": f"f/{last:056d}",
            "nextBackwardToken": f"b/{first:056d}",
        }

    def filter_events(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """FilterLogEvents: of some streams of a group, in the order of time."""
        group = self._group(request)
        wanted, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix", "")
        if wanted is not None and prefix:
            raise ServiceError(
                "InvalidParameterException",
                "Only one of logStreamNames and logStreamNamePrefix can be given.",
            )
        if wanted is not None:
            streams = [self._stream(group, name) for name in wanted]
        else:
            streams = self._streams(group, prefix)
        matches = make_filter(request.get("filterPattern") or "")
        between = _Between(request.get("startTime"), request.get("endTime"))
        found = [
            (event.timestamp, stream.name, event.offset, event)
            for stream in streams
            for event in _forward(stream, 0, None, between)
            if matches(event.message)
        ]
        found.sort(key=lambda each: each[:3])
        start = _offset(request.get("nextToken"), "e")
        end = start + request.get("limit", MAX_EVENTS)
        page = [
            {**_event(event), "logStreamName": name, "eventId": f"{timestamp:020d}{offset:036d}"}
            for timestamp, name, offset, event in found[start:end]
        ]
        return {
            "events": page,
            "searchedLogStreams": [],
            "nextToken": _token("e", end) if end < len(found) else None,
        }

    def _streams(self, group: str, prefix: str) -> list[Stream]:
        """Return the streams of a group that have names that begin so, by name."""
        if group not in GROUPS:
            return self._of_function(group, prefix)
        jobs = self._jobs(group, prefix)
        return [stream for job in jobs for stream in self._of_job_named(group, job, prefix)]

    def _groups(self) -> dict[str, float]:
        """Return the groups that something was written to, with the epoch seconds of the first time."""
        found = self._functions.groups()
        for group, kind in GROUPS.items():
            first = self._store.query("SELECT min(created) AS created FROM job WHERE kind = ?", (kind,))
            if first[0]["created"] is not None:
                found[group] = first[0]["created"]
        return found

    def _group(self, request: Mapping[str, Any]) -> str:
        """Return the log group that a request names, by its name or ARN.

        Raises:
            ServiceError: ``ResourceNotFoundException``, no job and no function writes there.
        """
        given = request.get("logGroupName") or request.get("logGroupIdentifier") or ""
        name = given.split(":")[6] if given.startswith("arn:") and given.count(":") >= 6 else given  # noqa: PLR2004
        if name not in GROUPS and self._functions.log(name) is None:
            raise _no_group()
        return name

    def _of_function(self, group: str, prefix: str) -> list[Stream]:
        log = self._functions.log(group)
        if log is None or not STREAM.startswith(prefix):
            return []
        created = self._functions.groups()[group]
        return [Stream(group, STREAM, DEFAULT_REGION, created, log, finished=True)]

    def _jobs(self, group: str, prefix: str, *, by_time: bool = False, descending: bool = False) -> list[str]:
        """Return the names of the jobs whose streams may have names that begin so.

        Args:
            group: the log group.
            prefix: of the streams' names.
            by_time: order them by when they ended, those that run last; else by their streams' names.
            descending: the other way round.

        Raises:
            ServiceError: ``ResourceNotFoundException``, nothing was ever written to the group.
        """
        name, slash, _ = prefix.partition("/")
        kind = GROUPS[group]
        which = "name = ?2" if slash else "substr(name, 1, length(?2)) = ?2"
        ended = "CASE WHEN status IN ('InProgress', 'Stopping') THEN 1e12 ELSE modified END"
        order = "DESC" if descending else "ASC"
        rows = self._store.query(
            f"SELECT name FROM job WHERE kind = ?1 AND {which}"  # noqa: S608 - our own words
            f" ORDER BY {f'{ended} {order},' if by_time else ''} name || '/' {order}",
            (kind, name),
        )
        if not rows and not self._store.query("SELECT 1 FROM job WHERE kind = ? LIMIT 1", (kind,)):
            raise _no_group()
        return [row["name"] for row in rows]

    def _of_job_named(self, group: str, name: str, prefix: str) -> list[Stream]:
        job = records.find(self._store.query, GROUPS[group], name)
        streams = self._of_job(group, job) if job is not None else ()
        found = [stream for stream in streams if stream.name.startswith(prefix)]
        return sorted(found, key=lambda stream: stream.name)

    def _of_job(self, group: str, job: JobRecord) -> Iterable[Stream]:
        processes = self._sagemaker.processes.jobs
        if not processes.exists(job.kind, job.name):
            return
        status = self._sagemaker.lifecycle.status(job)
        if status.started is None:
            return  # as on AWS, a stream appears when its container starts to write
        for log in processes.streams(job.kind, job.name):
            name = f"{job.name}/{log.host}-{int(status.started)}"
            yield Stream(group, name, names.region_of(job.arn), status.started, log, job.is_final)

    def _stream(self, group: str, name: str) -> Stream:
        for stream in self._streams(group, f"{name.partition('/')[0]}/"):
            if stream.name == name:
                return stream
        raise ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")


@dataclass(frozen=True)
class _Between:
    """Times in epoch milliseconds, the end excluded."""

    start: int | None
    end: int | None

    def holds(self, event: LogEvent) -> bool:
        return (self.start is None or event.timestamp >= self.start) and (
            self.end is None or event.timestamp < self.end
        )


def _forward(stream: Stream, place: int, limit: int | None, between: _Between) -> Iterator[LogEvent]:
    """Yield events from a place on, as many as one answer may hold."""
    count = size = 0
    while batch := stream.log.events(place, limit=_BATCH, finished=stream.finished):
        for event in batch:
            place = event.end
            if not between.holds(event):
                continue
            size += event.end - event.offset + _EVENT_OVERHEAD
            if limit is not None and (count == limit or (size > _MAX_BYTES and count)):
                return
            count += 1
            yield event


def _backward(stream: Stream, place: int, limit: int, between: _Between) -> list[LogEvent]:
    """Return the last events before a place, oldest first."""
    kept: list[LogEvent] = []
    for event in _forward(stream, 0, None, between):
        if event.end > place:
            break
        kept.append(event)
    size = 0
    for index in range(len(kept) - 1, -1, -1):
        size += kept[index].end - kept[index].offset + _EVENT_OVERHEAD
        if len(kept) - index > limit or (size > _MAX_BYTES and index < len(kept) - 1):
            return kept[index + 1 :]
    return kept


def _first_place(stream: Stream, request: Mapping[str, Any]) -> tuple[str, int]:
    return ("f", 0) if request.get("startFromHead") else ("b", stream.log.size)


def _read_place(token: str) -> tuple[str, int]:
    found = re.fullmatch(r"([fb])/(\d{56})", token)
    if found is None:
        raise ServiceError("InvalidParameterException", "The specified nextToken is invalid.")
    return found[1], int(found[2])


def _span(stream: Stream) -> tuple[int, int]:
    """Return the times of the first and the last event, epoch milliseconds; zeros where there is none."""
    first = stream.log.events(0, limit=1, finished=True)
    if not first:
        return 0, 0
    last = first[-1].timestamp
    for event in _forward(stream, 0, None, _Between(None, None)):
        last = event.timestamp
    return first[0].timestamp, last


def _described(stream: Stream) -> dict[str, Any]:
    first, last = _span(stream)
    times = {"firstEventTimestamp": first, "lastEventTimestamp": last, "lastIngestionTime": last}
    return {
        "logStreamName": stream.name,
        "creationTime": int(stream.created * 1000),
        "arn": stream.arn,
        "storedBytes": 0,
        "uploadSequenceToken": f"{stream.log.size:056d}",
        **(times if first else {}),
    }


def _event(event: LogEvent) -> dict[str, Any]:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.timestamp}


def _no_group() -> ServiceError:
    return ServiceError("ResourceNotFoundException", "The specified log group does not exist.")


def _group_arn(region: str, group: str) -> str:
    return names.arn(region, "").replace(":sagemaker:", ":logs:") + f"log-group:{group}"


def make_filter(pattern: str) -> Any:
    """Return what tells whether a message matches a filter pattern of unstructured text.

    Terms must all occur, those after ``-`` must not, of those after ``?`` one must; quotes hold a
    phrase together. Patterns for JSON or space-delimited logs are refused.

    Raises:
        ServiceError: ``InvalidParameterException``.
    """
    text = pattern.strip()
    if text.startswith(("{", "[")):
        raise ServiceError(
            "InvalidParameterException", "The local endpoint matches text only, not JSON or fields."
        )
    terms = [(sign, quoted or bare) for sign, quoted, bare in re.findall(r'([?-]?)(?:"([^"]*)"|(\S+))', text)]
    every = [term for sign, term in terms if not sign]
    none = [term for sign, term in terms if sign == "-"]
    some = [term for sign, term in terms if sign == "?"]

    def matches(message: str) -> bool:
        return (
            all(term in message for term in every)
            and not any(term in message for term in none)
            and (not some or any(term in message for term in some))
        )

    return matches


def _token(kind: str, place: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([kind, place]).encode()).decode()


def _offset(token: str | None, kind: str) -> int:
    if token is None:
        return 0
    try:
        found: Sequence[Any] = json.loads(base64.urlsafe_b64decode(token.encode()))
        if found[0] == kind and isinstance(found[1], int):
            return found[1]
    except (ValueError, LookupError, TypeError):
        pass
    raise ServiceError("InvalidParameterException", "The specified nextToken is invalid.")
