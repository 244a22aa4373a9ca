"""One round: an execution under fire, and what must be true of it at the end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecell.local import daemon
from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from pipecell.local.work.folder import JobFolder
from tests.local.durability.endpoint import PATIENCE, VICTIMS, Endpoint, Killer, processes_of
from tests.local.durability.scenario import EXPECTED, LINES, SCRIPT, STEPS, pipeline
from tests.local.pipeline_parts import BUCKET, ROLE


@dataclass
class Round:
    """One execution under fire.

    Args:
        endpoint: where it runs.
        seed: decides what is killed when; nothing is for 0.
        side: a folder of its own, outside of the home.
    """

    endpoint: Endpoint
    seed: int
    side: Path
    put: dict[str, str] = field(default_factory=dict)
    retries: int = 0
    arn: str = ""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        plan = [
            (
                self.dice.random() * self.endpoint.seconds,
                self.dice.choice(VICTIMS),
                self.dice.uniform(0, 0.3),
            )
            for _ in range(self.dice.randint(1, 4) if self.seed else 0)
        ]
        self.killer = Killer(self.endpoint, plan, self.dice, self.begins)

    def __str__(self) -> str:
        return f"seed {self.seed}, killed {dict(self.killer.killed)}"

    # What really happened

    def trace(self) -> list[list[str]]:
        """Return what the jobs themselves wrote down: ``begin`` or ``done``, step, job."""
        path = self.side / "trace"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def begins(self) -> Counter[str]:
        """Return how often each job has begun."""
        return Counter(job for word, _, job in self.trace() if word == "begin")

    # The run

    def run(self) -> None:
        """Run the execution to its end, whatever is killed."""
        self.side.mkdir(parents=True)
        self.killer.start()
        token = hashlib.sha256(f"{self.side}".encode()).hexdigest()
        answer = self.endpoint.call(
            "sagemaker",
            "start_pipeline_execution",
            PipelineName="durability",
            PipelineParameters=[{"Name": "Side", "Value": str(self.side)}],
            ClientRequestToken=token,
        )
        self.arn = answer["PipelineExecutionArn"]
        deadline = time.monotonic() + PATIENCE
        while (status := self.status()) != "Succeeded" or self.killer.is_alive():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self}: it does not end: {self.steps()}")
            if status == "Failed":
                self._retry()
            self._put_something()
            self._lose_a_job()
            time.sleep(0.02)
        self.killer.join()
        if self.killer.error:
            raise self.killer.error

    def status(self) -> str:
        found = self.endpoint.call("sagemaker", "describe_pipeline_execution", PipelineExecutionArn=self.arn)
        assert "PipelineExecutionStatus" in found, f"{self}: {found}"
        return str(found["PipelineExecutionStatus"])

    def steps(self) -> dict[str, Any]:
        found = self.endpoint.call(
            "sagemaker", "list_pipeline_execution_steps", PipelineExecutionArn=self.arn, MaxResults=100
        )
        return {step["StepName"]: step for step in found["PipelineExecutionSteps"]}

    def _retry(self) -> None:
        """Retry the execution when a job that was killed has failed its step."""
        failed = [step["FailureReason"] for step in self.steps().values() if step["StepStatus"] == "Failed"]
        killed = self.killer.killed
        assert killed["job"] + killed["other"] + killed["all"] > self.retries, f"{self}: {failed}"
        assert all("exit code: 137" in reason for reason in failed), f"{self}: {failed}"
        self.retries += 1
        token = hashlib.sha256(f"{self.side} {self.retries}".encode()).hexdigest()
        self.endpoint.call(
            "sagemaker", "retry_pipeline_execution", PipelineExecutionArn=self.arn, ClientRequestToken=token
        )

    def _put_something(self) -> None:
        content = self.dice.randbytes(self.dice.choice([10, 3_000, 300_000]))
        key = f"durability/put/{self.side.name}/{len(self.put)}"
        self.endpoint.call("s3", "put_object", Bucket=BUCKET, Key=key, Body=content)
        self.put[key] = hashlib.md5(content, usedforsecurity=False).hexdigest()

    def _lose_a_job(self) -> None:
        """Kill the supervisor of the job that asks for it: a lost job is retried by the step's policy."""
        lost = self.side / "lost"
        if not lost.exists() or (self.side / "taken").exists() or not (job := lost.read_text().strip()):
            return
        (self.side / "taken").touch()
        holder = JobFolder(str(self.endpoint.home.jobs_folder / "processing" / job)).holder()
        if holder:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder, signal.SIGKILL)

    # What has to hold

    def check(self) -> None:
        """Compare what the endpoint says with what happened."""
        steps = self.steps()
        assert {name: step["StepStatus"] for name, step in steps.items()} == EXPECTED, f"{self}: {steps}"
        assert steps["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
        self._check_runs(steps)
        for name in STEPS:
            self._check_log(name, steps)
        self._check_objects()
        self._check_processes()

    def _check_runs(self, steps: dict[str, Any]) -> None:
        trace, begins = self.trace(), self.begins()
        for job, count in self.killer.frozen.items():
            assert begins[job] == count, f"{self}: {job} had ended and ran again: {trace}"
        for name in STEPS:
            jobs = [job for word, step, job in trace if step == name and word == "done"]
            assert job_of(steps, name) == jobs[-1], f"{self}: {name} ended by another job: {trace}"
        killed = self.killer.killed
        lives = 1 + killed.total() - killed["server"]
        for name in STEPS:
            count = sum(word == "begin" and step == name for word, step, _ in trace)
            allowed = lives + (name == "Fragile")
            assert 1 <= count <= allowed, f"{self}: {name} began {count} times, {dict(killed)}: {trace}"

    def _check_log(self, name: str, steps: dict[str, Any]) -> None:
        job = job_of(steps, name)
        # The shell itself says so where the kill hit one of its children.
        lines = [line for line in self._log_of(job) if line not in ("Killed", "Terminated")]
        said = [f"{name} {job} line {number}" for number in range(1, LINES + 1)]
        assert lines[-LINES:] == said, f"{self}: the log of {job} is {lines}"
        for line in lines:  # what earlier attempts said is whole, too, but for a last line cut by the kill
            assert (
                line in said
                or line.startswith("pipecell: ")
                or any(one.startswith(line.partition("pipecell: ")[0]) for one in said)
            ), f"{self}: {line!r}"

    def _log_of(self, job: str) -> list[str]:
        streams = self.endpoint.call(
            "logs",
            "describe_log_streams",
            logGroupName="/aws/sagemaker/ProcessingJobs",
            logStreamNamePrefix=f"{job}/",
        )["logStreams"]
        found = self.endpoint.call(
            "logs",
            "get_log_events",
            logGroupName="/aws/sagemaker/ProcessingJobs",
            logStreamName=streams[0]["logStreamName"],
            startFromHead=True,
        )
        return [event["message"] for event in found["events"]]

    def _check_objects(self) -> None:
        execution = self.arn.rpartition("/")[2]
        listed: dict[str, str] = {}
        for prefix in (f"durability/put/{self.side.name}/", f"runs/{execution}/"):
            pages = self.endpoint.call("s3", "list_objects_v2", Bucket=BUCKET, Prefix=prefix)
            listed |= {each["Key"]: each["ETag"].strip('"') for each in pages.get("Contents", ())}
        content = {
            f"runs/{execution}/{name}/out/{file}": digest(text)
            for name in STEPS
            for file, text in (
                ("rows.txt", "".join(f"row {number} of {name}\n" for number in range(1, LINES + 1))),
                ("score.json", '{"score": {"value": 0.9}}\n'),
            )
        }
        assert listed == {**self.put, **content}, f"{self}: objects differ"
        for key in (*self.dice.sample(sorted(self.put), min(3, len(self.put))), *sorted(content)[:3]):
            body = self.endpoint.call("s3", "get_object", Bucket=BUCKET, Key=key)["Body"].read()
            assert hashlib.md5(body, usedforsecurity=False).hexdigest() == listed[key], f"{self}: {key}"

    def _check_processes(self) -> None:
        deadline = time.monotonic() + 10
        while True:
            living = processes_of(self.endpoint.home)
            # The nursery, of which supervisors are forked, is the only other one.
            if not living["job"] and not living["supervisor"] and len(living["other"]) <= 1:
                break
            assert time.monotonic() < deadline, f"{self}: orphans {living}"
            time.sleep(0.02)
        assert len(living["server"]) == 1, f"{self}: {living}"


def job_of(steps: dict[str, Any], name: str) -> str:
    """Return the name of a step's last job."""
    return str(steps[name]["Metadata"]["ProcessingJob"]["Arn"]).rpartition("/")[2]


def digest(text: str) -> str:
    """Return the MD5 that S3 shows as ETag."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Endpoint]:
    """Open a home with the pipeline in it."""
    endpoint = Endpoint(Home(folder / "home").create())
    try:
        endpoint.call("s3", "create_bucket", Bucket=BUCKET)
        endpoint.call("s3", "put_object", Bucket=BUCKET, Key="durability/code/job.sh", Body=SCRIPT.encode())
        endpoint.call(
            "sagemaker",
            "create_pipeline",
            PipelineName="durability",
            PipelineDefinition=pipeline(),
            RoleArn=ROLE,
            ClientRequestToken="d" * 32,
            ParallelismConfiguration={"MaxParallelExecutionSteps": 4},
        )
        quiet = Round(endpoint, 0, folder / "quiet")
        began = time.monotonic()
        quiet.run()
        endpoint.seconds = time.monotonic() - began
        quiet.check()
        yield endpoint
    finally:
        endpoint.close()
        daemon.stop(endpoint.home)


def check_disk(home: Home) -> None:
    """Compare S3's index with the files on disk once nothing runs: each whole, none without an owner."""
    store = ObjectStore(home)
    try:
        for info in store.iterate(BUCKET, ""):
            assert hashlib.md5(info.path.read_bytes()).hexdigest() == info.etag, info.key
    finally:
        store.close()
