"""SageMaker's service without processes: jobs that end when the test says so, and crashes on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from pipecell.local.records.jobs import JobRecord
from pipecell.local.service_model import ServiceModel
from pipecell.local.services.sagemaker.service import SageMakerService
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext
from pipecell.local.work.jobs import JobStatus, OnEnd
from pipecell.local.work.lifecycle.processes import FindContainer, Processes

ROLE = "arn:aws:iam::000000000000:role/any"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
PATIENCE = 60.0


_MODEL: list[ServiceModel] = []


class Crash(BaseException):
    """The server dies here."""


class World:
    """What outlives a server: its home, and the jobs that run.

    Args:
        folder: for the home.
    """

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home").create()
        self.jobs: dict[tuple[str, str], JobStatus] = {}
        self.launches: list[str] = []
        self.decide: Callable[[JobRecord], JobStatus | None] = lambda job: None
        """How a job ends as soon as it is launched; None when it goes on."""

    def bench(self, store: Store | None = None) -> Bench:
        """Start a server."""
        return Bench(self, store or Store(self.home))


class FakeProcesses(Processes):
    """Jobs without processes: they are kept in the world, and end when it says so."""

    def __init__(self, home: Home, on_end: OnEnd, models: FindContainer, world: World) -> None:
        super().__init__(home, on_end, models)
        self._tell = on_end
        self._world = world

    def refusal(self, kind: str, request: Mapping[str, Any]) -> str | None:
        return None

    def resume(self) -> None:
        for (kind, name), status in list(self._world.jobs.items()):
            if status.is_final:
                self._tell(kind, name)

    def close(self) -> None:
        pass

    def launch(self, job: JobRecord) -> None:
        key = (job.kind, job.name)
        if key in self._world.jobs:
            return
        self._world.jobs[key] = JobStatus("InProgress", "Training", job.created, started=time.time())
        self._world.launches.append(job.name)
        ended = self._world.decide(job)
        if ended is not None:
            self.end(job.kind, job.name, ended)

    def end(self, kind: str, name: str, status: JobStatus) -> None:
        self._world.jobs[kind, name] = status
        self._tell(kind, name)

    def stop(self, job: JobRecord) -> None:
        if not self._world.jobs[job.kind, job.name].is_final:
            self.end(job.kind, job.name, status_of("Stopped"))

    def status(self, job: JobRecord) -> JobStatus:
        return self._world.jobs[job.kind, job.name]


class Bench:
    """One server's life.

    Args:
        world: what was there before it and will be after it.
        store: its state.
    """

    def __init__(self, world: World, store: Store) -> None:
        self.world = world
        self.store = store
        self.objects = ObjectStore(world.home)
        for database in (store, self.objects.database):
            database._writer.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug here
        self.objects.ensure_bucket("data")
        self.service = SageMakerService(
            world.home,
            store,
            self.objects,
            lambda home, on_end, models: FakeProcesses(home, on_end, models, world),
        )
        # Reading AWS's shapes takes longer than most tests; they never change.
        if not _MODEL:
            _MODEL.append(self.service.model)
        self.service._model = _MODEL[0]

    @property
    def processes(self) -> FakeProcesses:
        found = self.service.processes
        assert isinstance(found, FakeProcesses)
        return found

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation as a client would, over JSON and AWS's shapes."""
        sent = json.loads(json.dumps(request, default=str))
        answer = self.service.call(operation, sent, RequestContext("sagemaker", operation))
        problems = self.service.model.output_problems(operation, answer)
        assert not problems, f"{operation} answers what AWS would not: {problems}"
        return answer

    def start(self, steps: list[dict[str, Any]], name: str = "p", **request: Any) -> str:
        """Create and start a pipeline; return the execution's ARN."""
        self.create(steps, name)
        return str(self.call("StartPipelineExecution", **started(name), **request)["PipelineExecutionArn"])

    def create(self, steps: list[dict[str, Any]], name: str = "p", **body: Any) -> None:
        text = json.dumps({"Version": "2020-12-01", "Steps": steps, **body})
        self.call(
            "CreatePipeline",
            PipelineName=name,
            PipelineDefinition=text,
            RoleArn=ROLE,
            ClientRequestToken=f"{name:x>32}",
        )

    def wait(self, arn: str) -> dict[str, Any]:
        """Wait until an execution has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.call("DescribePipelineExecution", PipelineExecutionArn=arn)
            if found["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
                return found
            time.sleep(0.002)
        pytest.fail(f"the execution does not end: {self.steps(arn)}")

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something holds and return it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            value = holds()
            if value:
                return value
            time.sleep(0.002)
        pytest.fail("it does not happen")

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        found = self.call("ListPipelineExecutionSteps", PipelineExecutionArn=arn, SortOrder="Ascending")
        return {step["StepName"]: step for step in found["PipelineExecutionSteps"]}

    def statuses(self, arn: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def job_of(self, arn: str, step: str) -> str:
        return str(self.steps(arn)[step]["Metadata"]["ProcessingJob"]["Arn"]).rpartition("/")[2]

    def close(self) -> None:
        self.service.close()
        self.store.close()
        self.objects.close()


class CrashingStore(Store):
    """A store whose server dies at a commit: just before it, or just after it.

    Args:
        home: a home.
        commits: how many succeed first.
        after: whether the fatal one is still made.
    """

    def __init__(self, home: Home, commits: int, *, after: bool) -> None:
        self._left = 10**9
        self._after = after
        super().__init__(home)
        self.crashed = False
        self._planned = commits

    def arm(self) -> None:
        """Begin to count."""
        self._left = self._planned

    def _commit(self) -> None:
        self._left -= 1
        if self._left > 0:
            super()._commit()
            return
        if self._left == 0 and self._after:
            super()._commit()
        elif self._writer.in_transaction:
            self._writer.execute("ROLLBACK")
        self.crashed = True
        raise Crash


@contextmanager
def open_bench(world: World, store: Store | None = None) -> Iterator[Bench]:
    """Start a server, and close it at the end."""
    bench = world.bench(store)
    try:
        yield bench
    finally:
        bench.close()


def status_of(word: Any, reason: str | None = None, **fields: Any) -> JobStatus:
    """Return how a job ended."""
    now = time.time()
    return JobStatus(word, word, now, started=now, ended=now, failure_reason=reason, **fields)


def processing(name: str, *needs: str, **body: Any) -> dict[str, Any]:
    """Return a Processing step."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "x.py"]},
            "RoleArn": ROLE,
        },
        **({"DependsOn": list(needs)} if needs else {}),
        **body,
    }


def condition(name: str, then: list[Any], otherwise: list[Any], *, holds: bool = True) -> dict[str, Any]:
    """Return a Condition step that holds, or does not."""
    test = {"Type": "Equals", "LeftValue": "a", "RightValue": "a" if holds else "b"}
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {"Conditions": [test], "IfSteps": then, "ElseSteps": otherwise},
    }


def started(name: str, token: str = "") -> dict[str, str]:
    """Return what a start request needs."""
    return {"PipelineName": name, "ClientRequestToken": f"{token or time.monotonic_ns():x>40}"}
