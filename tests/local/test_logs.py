"""CloudWatch Logs' reads, by boto3 against a real endpoint with real jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.local.conftest import Clients
from tests.local.pipeline_parts import PATIENCE, Pipelines, Traces, fresh, processing
from tests.local.waiting import wait_until

GROUP = "/aws/sagemaker/ProcessingJobs"


@pytest.fixture
def pipelines(client: Clients) -> Pipelines:
    return Pipelines(client)


@pytest.fixture
def logs(client: Clients) -> Any:
    return client("logs")


def launch(pipelines: Pipelines, code: str, hosts: int = 1) -> str:
    """Start a processing job and return its name."""
    name = fresh("logs-job")
    request = processing("x", pipelines.upload(code))["Arguments"]
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = hosts
    pipelines.sagemaker.create_processing_job(ProcessingJobName=name, **request)
    return name


def finish(pipelines: Pipelines, name: str) -> None:
    wait_until(
        lambda: (
            pipelines.sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]
            != "InProgress"
        ),
        f"{name} ends",
        PATIENCE,
    )


def ran(pipelines: Pipelines, code: str, hosts: int = 1) -> str:
    name = launch(pipelines, code, hosts)
    finish(pipelines, name)
    return name


def streams(logs: Any, job: str) -> list[dict[str, Any]]:
    found = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")
    return list(found["logStreams"])


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_a_stream_for_each_host_named_as_on_aws(pipelines: Pipelines, logs: Any) -> None:
    job = ran(pipelines, "print('hello')", hosts=2)
    found = streams(logs, job)
    assert [stream["logStreamName"].rpartition("-")[0] for stream in found] == [
        f"{job}/algo-1",
        f"{job}/algo-2",
    ]
    assert all(stream["logStreamName"].rpartition("-")[2].isdecimal() for stream in found)
    assert found[0]["firstEventTimestamp"] <= found[0]["lastEventTimestamp"]
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Pro")["logGroups"]
    assert [group["logGroupName"] for group in groups] == [GROUP]
    page = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/", limit=1)
    rest = logs.describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix=f"{job}/", limit=1, nextToken=page["nextToken"]
    )
    assert "nextToken" not in rest, "the SDK would ask for ever"


def test_the_streams_of_a_group_by_pages_by_name_and_by_time(pipelines: Pipelines, logs: Any) -> None:
    jobs = [ran(pipelines, "print('x')", hosts=hosts) for hosts in (1, 2, 1)]
    pages = logs.get_paginator("describe_log_streams")

    def names(**request: Any) -> list[str]:
        every = pages.paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 1}, **request)
        found = [stream["logStreamName"] for page in every for stream in page["logStreams"]]
        return [name for name in found if name.partition("/")[0] in jobs]

    by_name = names()
    assert by_name == sorted(by_name)
    assert len(by_name) == 4
    assert names(descending=True) == by_name[::-1]
    newest = [name.partition("/")[0] for name in names(orderBy="LastEventTime", descending=True)]
    assert newest == [jobs[2], jobs[1], jobs[1], jobs[0]]


def test_events_forward_and_backward_by_pages(pipelines: Pipelines, logs: Any) -> None:
    job = ran(pipelines, "for i in range(10): print('line', i)")
    stream = streams(logs, job)[0]["logStreamName"]
    place = {"logGroupName": GROUP, "logStreamName": stream}
    lines = [f"line {index}" for index in range(10)]
    whole = messages(logs.get_log_events(**place, startFromHead=True))
    assert [line for line in whole if line.startswith("line")] == lines

    first = logs.get_log_events(**place, startFromHead=True, limit=4)
    second = logs.get_log_events(**place, startFromHead=True, limit=4, nextToken=first["nextForwardToken"])
    assert messages(first) + messages(second) == whole[:8]
    back = logs.get_log_events(**place, limit=4, nextToken=second["nextBackwardToken"])
    assert messages(back) == whole[:4]

    newest = logs.get_log_events(**place, limit=3)
    assert messages(newest) == whole[-3:]
    older = logs.get_log_events(**place, limit=3, nextToken=newest["nextBackwardToken"])
    assert messages(older) == whole[-6:-3]

    end = logs.get_log_events(**place, startFromHead=True)["nextForwardToken"]
    again = logs.get_log_events(**place, startFromHead=True, nextToken=end)
    assert (again["events"], again["nextForwardToken"]) == ([], end)


def test_a_running_log_can_be_followed_to_its_end(pipelines: Pipelines, logs: Any, tmp_path: Path) -> None:
    traces = Traces(tmp_path / "traces")
    job = launch(pipelines, traces.code("x", "sys.stdout.flush()\n" + traces.wait_for("go") + "print('end')"))
    wait_until(lambda: traces.runs("x"), "the job runs", PATIENCE)
    wait_until(lambda: streams(logs, job), "there is a stream", PATIENCE)
    place = {"logGroupName": GROUP, "logStreamName": streams(logs, job)[0]["logStreamName"]}
    wait_until(
        lambda: "this is x" in messages(logs.get_log_events(**place, startFromHead=True)),
        "the first line is there",
    )
    token = logs.get_log_events(**place, startFromHead=True)["nextForwardToken"]
    traces.put("go")
    finish(pipelines, job)
    assert messages(logs.get_log_events(**place, startFromHead=True, nextToken=token)) == ["end"]


def test_events_are_filtered_by_words_and_time(pipelines: Pipelines, logs: Any) -> None:
    job = ran(pipelines, "print('one ERROR here')\nprint('all fine')\nprint('ERROR but ignored')")
    where = {"logGroupName": GROUP, "logStreamNamePrefix": job}
    assert messages(logs.filter_log_events(**where, filterPattern="ERROR -ignored")) == ["one ERROR here"]
    assert messages(logs.filter_log_events(**where, filterPattern='"all fine"')) == ["all fine"]
    assert messages(logs.filter_log_events(**where, filterPattern="?one ?fine")) == [
        "one ERROR here",
        "all fine",
    ]
    last = logs.filter_log_events(**where)["events"][-1]["timestamp"]
    assert logs.filter_log_events(**where, startTime=last + 1)["events"] == []
    page = logs.filter_log_events(**where, filterPattern="ERROR", limit=1)
    rest = logs.filter_log_events(**where, filterPattern="ERROR", limit=1, nextToken=page["nextToken"])
    assert messages(page) + messages(rest) == ["one ERROR here", "ERROR but ignored"]


def test_what_is_not_there_is_said_in_awss_words(pipelines: Pipelines, logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.describe_log_streams(logGroupName="/aws/none")
    job = ran(pipelines, "print('x')")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream does not exist"):
        logs.get_log_events(logGroupName=GROUP, logStreamName=f"{job}/algo-9-1")
    stream = streams(logs, job)[0]["logStreamName"]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
        logs.get_log_events(logGroupName=GROUP, logStreamName=stream, nextToken="x")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="text only"):
        logs.filter_log_events(logGroupName=GROUP, filterPattern="{ $.a = 1 }")
