"""A home with jobs in it, for the tests of jobs: launches, waits, reads results. All real processes."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from pipecell.local.work.jobs import Jobs, JobSpec, JobStatus
from pipecell.local.work.sandbox import KINDS, candidates, works
from tests.local.waiting import PATIENCE, wait_until

BUCKET = "sagemaker-us-east-1-000000000000"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:{version}"
ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-pipecell"

SANDBOXES = [kind for kind in KINDS if any(map(works, candidates(kind)))]


class Workshop:
    """One home, its jobs and its objects. Folders of jobs that completed stay, to be looked into."""

    keep = True

    def __init__(self, folder: Path, sandbox: str | None = None) -> None:
        self.home = Home(folder).create()
        self.store = ObjectStore(self.home)
        self.store.ensure_bucket(BUCKET)
        self.sandbox = sandbox
        self.environment = {"PIPECELL_SANDBOX": sandbox} if sandbox else {}
        self.ends: queue.Queue[tuple[str, str]] = queue.Queue()
        self.jobs = self.new_jobs()

    def new_jobs(self) -> Jobs:
        return Jobs(
            self.home,
            lambda kind, name: self.ends.put((kind, name)),
            environment=self.environment,
            keep=self.keep,
        )

    def restart(self) -> None:
        """Be a new server on the same home."""
        self.jobs.close()
        self.jobs = self.new_jobs()
        self.jobs.resume()

    def close(self) -> None:
        self.jobs.close()
        self.store.close()

    def spec(self, name: str, code: str, **fields: Any) -> JobSpec:
        """Return a processing job that runs Python code."""
        fields.setdefault("command", (sys.executable, "-c", code))
        return JobSpec(kind="processing", name=name, python=sys.executable, **fields)

    def run(self, spec: JobSpec) -> JobStatus:
        """Launch a job and return its status at the end."""
        self.jobs.launch(spec)
        return self.wait(spec.name, spec.kind)

    def run_code(self, name: str, code: str, **fields: Any) -> JobStatus:
        return self.run(self.spec(name, code, **fields))

    def wait(self, name: str, kind: str = "processing") -> JobStatus:
        """Wait for the report of a job's end; other jobs' reports are an error."""
        assert self.ends.get(timeout=PATIENCE) == (kind, name)
        status = self.jobs.status(kind, name)
        assert status.is_final
        return status

    def log(self, name: str, kind: str = "processing", host: str = "algo-1") -> str:
        path = self.jobs.log_path(kind, name, host)
        return path.read_text() if path.exists() else ""

    def wait_for_line(self, name: str, line: str, kind: str = "processing") -> None:
        wait_until(lambda: line in self.log(name, kind).splitlines(), f"{line!r} in the log of {name}")

    def wait_until_put_away(self) -> None:
        """Wait until nothing is left to do for a job: only then does no later server report its end again."""
        active = self.home.jobs_folder / "active"
        wait_until(lambda: not list(active.glob("*/*")), "every job is put away")

    def supervisor(self, name: str, kind: str = "processing") -> int:
        """Return the pid of a job's supervisor."""
        lock = self.jobs.folder_path(kind, name) / "lock"
        return wait_until(lambda: lock.exists() and int(lock.read_text() or 0), f"a supervisor of {name}")

    def put(self, key: str, content: bytes | str) -> str:
        """Store an object and return its URI."""
        self.store.put(BUCKET, key, content.encode() if isinstance(content, str) else content)
        return f"s3://{BUCKET}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.store.read(bucket, key)

    def keys(self, prefix: str = "") -> list[str]:
        return [info.key for info in self.store.iterate(BUCKET, prefix)]


@contextlib.contextmanager
def workshop(folder: Path, sandbox: str | None = None) -> Iterator[Workshop]:
    made = Workshop(folder, sandbox)
    try:
        yield made
    finally:
        made.close()


def reason_of(status: JobStatus) -> str:
    """Return why a job failed; it must have said so."""
    assert status.failure_reason is not None, status
    return status.failure_reason


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != b"Z"


def processes_of(text: str) -> list[int]:
    """Return the pids of other processes whose command line holds a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
    return found
