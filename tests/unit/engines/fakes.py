"""Hand-written stand-ins for the two edges of the engines: AWS's clients, and an engine itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from pipecell.definition.document import Document, read_document
from pipecell.engines.connection import Connection
from pipecell.engines.engine import Deployed, ExecutionSnapshot, ExecutionSummary, LogLine, StepSnapshot

DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "Rounds", "Type": "Integer", "DefaultValue": 50}],
    "Steps": [
        {"Name": "Prepare", "Type": "Processing", "Arguments": {}},
        {
            "Name": "Train",
            "Type": "Training",
            "DependsOn": ["Prepare"],
            "Arguments": {"HyperParameters": {"rounds": {"Get": "Parameters.Rounds"}}},
        },
    ],
}


def snapshot(status: str = "Executing", **changes: Any) -> ExecutionSnapshot:
    """Return an execution of the pipeline above."""
    fields: dict[str, Any] = {
        "execution_arn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/e1",
        "pipeline": "p",
        "engine": "sagemaker",
        "target": "local",
        "status": status,
        "steps": (StepSnapshot("Prepare", "Processing", status, started=1.0),),
        "started": 1.0,
    }
    return ExecutionSnapshot(**{**fields, **changes})


class FakeEngine:
    """An engine whose looks are given beforehand; the last one repeats. An exception is raised."""

    name = "sagemaker"

    def __init__(self, *looks: ExecutionSnapshot | Exception, target: str = "local") -> None:
        self.looks = list(looks)
        self.asked: list[str] = []
        self.reconnected = 0
        self.target = target
        self.poll_seconds = (0.001, 0.002)
        self.document = read_document(DEFINITION, name="p")

    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        self.asked.append(execution_arn)
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    def reconnect(self) -> bool:
        self.reconnected += 1
        return False

    def definition(self, execution_arn: str) -> Document:
        return self.document

    def stop(self, execution_arn: str) -> None:
        self.looks = [snapshot("Stopped", ended=5.0)]

    def retry(self, execution_arn: str) -> None:
        self.looks = [snapshot("Executing"), snapshot("Succeeded", ended=9.0)]

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        return []

    def ended(self, row: ExecutionSummary) -> float | None:
        """Return what the list says."""
        return row.ended

    def logs(self, execution_arn: str, step: str, *, follow: bool = False) -> Iterator[LogLine]:
        yield LogLine(1.5, "stream", f"{step} says hello")

    def tail(self, execution_arn: str, step: str) -> Iterator[list[LogLine]]:
        yield list(self.logs(execution_arn, step))

    @property
    def connection(self) -> Connection:
        raise AssertionError("an engine whose looks are given beforehand talks to nobody")

    def deploy(self, document: Document, **_: Any) -> str:
        return "arn:pipeline"

    def deployed(self, name: str) -> Deployed | None:
        return None

    def start(self, document: Document, **_: Any) -> str:
        return snapshot().execution_arn


class FakeClient:
    """A boto3 client whose operations are plain functions."""

    class exceptions:  # noqa: N801 - boto3's own name
        """What boto3 clients offer to catch."""

        ClientError = ClientError

    def __init__(self, **operations: Callable[..., Mapping[str, Any]]) -> None:
        self._operations = operations

    def __getattr__(self, name: str) -> Callable[..., Mapping[str, Any]]:
        return self._operations[name]

    def get_paginator(self, name: str) -> Any:
        operation = self._operations[name]

        class Paginator:
            def paginate(self, **request: Any) -> list[Mapping[str, Any]]:
                return [operation(**request)]

        return Paginator()


def client_error(code: str, message: str = "no") -> ClientError:
    """Return what boto3 raises for a refusal."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")
