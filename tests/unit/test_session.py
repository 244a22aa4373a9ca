"""A session finds executions by ARN, and refuses what would reach AWS unasked."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.engines.engine import ExecutionSummary
from pipecell.errors import ExecutionError, UsageError
from pipecell.workspace import Workspace
from tests.unit.engines.fakes import FakeEngine, snapshot

LOCAL = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/abc"
MACHINE = "arn:aws:states:eu-west-1:123456789012:execution:m:abc"


class Listing(FakeEngine):
    """An engine that lists executions."""

    def __init__(self, rows: list[ExecutionSummary]) -> None:
        super().__init__(snapshot())
        self.rows = rows

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        return [row for row in self.rows if pipeline in (None, row.pipeline)]


class Places(Workspace):
    """A workspace of recorded engines."""

    def __init__(self, **rows: list[ExecutionSummary]) -> None:
        super().__init__()
        self.rows = rows
        self.asked: list[tuple[str, str, str]] = []

    def engine(self, kind: str, on: str, region: str = "") -> Any:
        self.asked.append((kind, on, region))
        return Listing(self.rows.get(kind, []))


def row(pipeline: str, started: float, kind: str = "sagemaker") -> ExecutionSummary:
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{pipeline}/execution/{int(started)}"
    return ExecutionSummary(arn, pipeline, kind, "local", "Succeeded", started)


def test_an_arn_tells_engine_place_and_region() -> None:
    workspace = Places()
    workspace.execution(LOCAL)
    workspace.execution(MACHINE, on="aws")
    assert workspace.asked == [("sagemaker", "local", "us-east-1"), ("stepfunctions", "aws", "eu-west-1")]
    assert workspace.execution(LOCAL) is workspace.execution(LOCAL)


def test_an_execution_on_aws_needs_the_word() -> None:
    with pytest.raises(UsageError, match=r"PC916 — This execution is on AWS\. Add --on aws"):
        Places().execution(MACHINE)


@pytest.mark.parametrize(
    "arn", ["", "lastt", "arn:aws:s3:::bucket", "arn:aws:sagemaker:us-east-1:1:pipeline/p"]
)
def test_what_is_no_arn_of_an_execution(arn: str) -> None:
    with pytest.raises(UsageError, match="PC915"):
        Places().execution(arn)


def test_the_last_is_the_newest_of_both_engines() -> None:
    workspace = Places(sagemaker=[row("a", 1), row("b", 3)], stepfunctions=[row("m", 2, "stepfunctions")])
    assert [r.pipeline for r in workspace.executions("local")] == ["b", "m", "a"]
    assert workspace.execution().execution_arn == row("b", 3).execution_arn
    assert workspace.execution("last", pipeline="a").execution_arn == row("a", 1).execution_arn
    assert len(workspace.executions("local", limit=2)) == 2
    with pytest.raises(ExecutionError, match="There is no execution yet"):
        Places().execution()
