"""A step's log is found by its job's ARN and read as CloudWatch Logs lays it out."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.engines.engine import StepSnapshot
from pipecell.engines.logs import LogSource, may_log, read_log, source_of
from tests.unit.engines.fakes import FakeClient, client_error

ARN = "arn:aws:sagemaker:us-east-1:000000000000"


def test_what_is_no_job_writes_no_log() -> None:
    assert [may_log(kind) for kind in ("Training", "Task", "Wait", "Condition")] == [True, True, False, False]


def step(metadata: dict[str, Any], kind: str = "Training") -> StepSnapshot:
    return StepSnapshot("Train", kind, "Executing", metadata=metadata)


@pytest.mark.parametrize(
    ("metadata", "source"),
    [
        ({"TrainingJob": {"Arn": f"{ARN}:training-job/t-1"}}, ("/aws/sagemaker/TrainingJobs", "t-1/")),
        ({"ProcessingJob": {"Arn": f"{ARN}:processing-job/p-1"}}, ("/aws/sagemaker/ProcessingJobs", "p-1/")),
        ({"TransformJob": {"Arn": f"{ARN}:transform-job/x"}}, ("/aws/sagemaker/TransformJobs", "x/")),
        (
            {"TuningJob": {"Arn": f"{ARN}:hyper-parameter-tuning-job/h"}},
            ("/aws/sagemaker/TrainingJobs", "h-"),
        ),
        ({"Lambda": {"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}}, ("/aws/lambda/f", "")),
    ],
)
def test_source_of_each_kind_of_job(metadata: dict[str, Any], source: tuple[str, str]) -> None:
    assert source_of(step(metadata)) == LogSource(*source)


def test_a_step_without_a_job_has_no_log() -> None:
    assert source_of(step({"Condition": {"Outcome": "True"}}, "Condition")) is None
    assert source_of(step({})) is None


class Log:
    """A growing log of several streams, answering as CloudWatch does: the last token repeats."""

    def __init__(self, streams: dict[str, list[tuple[int, str]]]) -> None:
        self.streams = streams

    def client(self) -> FakeClient:
        return FakeClient(describe_log_streams=self.describe, get_log_events=self.events)

    def describe(self, **request: Any) -> dict[str, Any]:
        prefix = request.get("logStreamNamePrefix", "")
        return {"logStreams": [{"logStreamName": name} for name in self.streams if name.startswith(prefix)]}

    def events(self, **request: Any) -> dict[str, Any]:
        start = int(request.get("nextToken", "f/0").split("/")[1])
        rows = self.streams[request["logStreamName"]][start : start + 2]
        return {
            "events": [{"timestamp": when, "message": text} for when, text in rows],
            "nextForwardToken": f"f/{start + len(rows)}",
        }


def test_all_pages_of_all_streams_in_the_order_of_time() -> None:
    log = Log(
        {
            "t-1/algo-1": [(1000, "a"), (3000, "c"), (5000, "e\n")],
            "t-1/algo-2": [(2000, "b"), (4000, "d")],
            "t-10/algo-1": [(1, "of another job")],
        }
    )
    lines = list(read_log(log.client(), LogSource("group", "t-1/"), 0))
    assert [line.message for line in lines] == ["a", "b", "c", "d", "e"]
    assert lines[0].time == 1.0
    assert lines[1].stream == "t-1/algo-2"


def test_follow_reads_what_comes_and_looks_once_more_after_the_end() -> None:
    log = Log({"t/1": [(1, "first")]})
    states = [False, True]

    def ended() -> bool:
        log.streams["t/1"].append((2 + len(log.streams["t/1"]), "later"))
        return states.pop(0)

    lines = [line.message for line in read_log(log.client(), LogSource("g", "t/"), 0, ended)]
    assert lines == ["first", "later", "later"]


def test_a_log_that_is_not_there_yet_is_empty() -> None:
    def missing(**_: Any) -> dict[str, Any]:
        raise client_error("ResourceNotFoundException")

    client = FakeClient(describe_log_streams=missing)
    assert list(read_log(client, LogSource("g", "t/"), 0)) == []


def test_any_other_refusal_comes_out() -> None:
    def refused(**_: Any) -> dict[str, Any]:
        raise client_error("AccessDeniedException")

    with pytest.raises(Exception, match="AccessDenied"):
        list(read_log(FakeClient(describe_log_streams=refused), LogSource("g", "t/"), 0))


def test_a_function_s_log_is_found_by_name_and_begins_with_its_call() -> None:
    step = StepSnapshot(
        "Ask",
        "Task",
        "Succeeded",
        100.0,
        metadata={"FunctionName": "score:live", "Input": {"x": f"{ARN}:training-job/t"}},
    )
    assert source_of(step) == LogSource("/aws/lambda/score", "", 99.8, None)


def test_a_job_that_only_the_data_names_is_another_state_s() -> None:
    assert (
        source_of(
            StepSnapshot(
                "Pass",
                "Pass",
                "Succeeded",
                1.0,
                metadata={"Output": {"TrainingJobArn": f"{ARN}:training-job/t"}},
            )
        )
        is None
    )
