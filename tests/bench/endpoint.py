"""A local endpoint of its own for a measurement, and clients for it."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipecell.local import daemon
from pipecell.local.home import EXECUTION_ROLE_ARN, Home

DEADLINE_SECONDS = 600


@dataclass(frozen=True)
class Endpoint:
    """Where a running endpoint is, and the key pair for it."""

    url: str
    access_key: str
    secret_key: str
    pid: int = 0

    def client(self, service: str) -> Any:
        """Return a boto3 client for it."""
        import boto3

        session: Any = boto3.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )
        return session.client(service, endpoint_url=self.url)


@contextmanager
def running() -> Iterator[Endpoint]:
    """Start an endpoint with an empty home; stop it and remove the home afterwards."""
    with tempfile.TemporaryDirectory() as folder, started(Home(Path(folder) / "home")) as endpoint:
        yield endpoint


@contextmanager
def started(home: Home) -> Iterator[Endpoint]:
    """Start the endpoint of a home, and stop it afterwards."""
    info = daemon.start(home)
    try:
        yield Endpoint(info.endpoint, info.access_key, info.secret_key, info.pid)
    finally:
        daemon.stop(home)


def megabytes_of(pid: int, *, peak: bool = False) -> float:
    """Return the resident memory of a process, now or the most it ever was (Linux)."""
    name = "VmHWM:" if peak else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} says nothing of its memory")


def cpu_seconds_of(pid: int) -> float:
    """Return the processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_pipeline(endpoint: Endpoint, name: str, definition: Mapping[str, Any]) -> float:
    """Run a definition to its end and return its seconds, from the first job's start to the execution's end.

    Raises:
        RuntimeError: it did not succeed, or not in time.
    """
    client = endpoint.client("sagemaker")
    client.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken=f"{name:x<32}",
        RoleArn=EXECUTION_ROLE_ARN,
    )
    arn = client.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        seen = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        if seen["PipelineExecutionStatus"] == "Succeeded":
            created: datetime = seen["CreationTime"]
            ended: datetime = seen["LastModifiedTime"]
            return (ended - created).total_seconds()
        if seen["PipelineExecutionStatus"] in {"Failed", "Stopped"}:
            raise RuntimeError(f"{name} {seen['PipelineExecutionStatus']}: {seen.get('FailureReason', '')}")
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not end within {DEADLINE_SECONDS} s")
