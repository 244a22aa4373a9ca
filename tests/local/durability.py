"""A harness that kills the local endpoint at random instants and says what was lost.

One round is one execution of a pipeline with parallel branches, a step that loses its job and is retried, and
a condition, while a client puts objects. Meanwhile processes are killed with SIGKILL: the server, a
supervisor, a job, what stands between them (the nursery of supervisors, a sandbox), or everything at once.
Whoever is needed is started again, as a user would; a step whose own process was killed has failed as on
AWS, and the execution is retried. At the end `Round.check` compares what the endpoint says with what the jobs
themselves left in a file outside of the home.

``python -m tests.local.durability --rounds 200 --seed 1`` runs rounds and prints what happened, as
``make durability`` does.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecell.local import daemon
from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from pipecell.local.work.folder import JobFolder
from tests.local.pipeline_parts import BUCKET, ROLE, processing

PATIENCE = 120.0
LINES = 20
"""Lines that each script says, so that a lost one is noticed."""

VICTIMS = ("server", "supervisor", "job", "other", "all")
STEPS = ("Prepare", "Left", "Right", "Fragile", "Evaluate", "Good")
EXPECTED = dict.fromkeys([*STEPS, "Check"], "Succeeded")

# Its own traces go to a file outside of every sandbox: they show what really ran, whatever the endpoint says.
SCRIPT = f"""
job=${{PIPECELL_JOB##*/}}
echo "begin $STEP $job" >> "$SIDE/trace"
i=0
while [ $i -lt {LINES} ]; do i=$((i+1)); echo "$STEP $job line $i"; done
if [ "$STEP" = Fragile ] && [ ! -e "$SIDE/lost" ]; then
    # The harness kills the supervisor of this job, and it counts as the last of many: the job is lost.
    echo 10 > "$PIPECELL_JOB/claim"; echo "$job" > "$SIDE/lost"; sleep 60
fi
sleep 0.05
i=0
while [ $i -lt {LINES} ]; do i=$((i+1)); echo "row $i of $STEP"; done > /opt/ml/processing/out/rows.txt
echo '{{"score": {{"value": 0.9}}}}' > /opt/ml/processing/out/score.json
echo "done $STEP $job" >> "$SIDE/trace"
"""

RETRY = {
    "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
    "IntervalSeconds": 0,
    "BackoffRate": 1.0,
    "MaxAttempts": 3,
}


def pipeline() -> str:
    """Return the definition: Prepare → (Left, Right, Fragile) → Evaluate → Check → Good or Bad."""

    def step(name: str, *needs: str, **body: Any) -> dict[str, Any]:
        made = processing(
            name,
            f"s3://{BUCKET}/durability/code",
            outputs=["out"],
            environment={"SIDE": {"Get": "Parameters.Side"}, "STEP": name},
            **({"DependsOn": list(needs)} if needs else {}),
            **body,
        )
        made["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
            "sh",
            "/opt/ml/processing/input/code/job.sh",
        ]
        return made

    score = {
        "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Score"}, "Path": "score.value"}
    }
    check = {
        "Name": "Check",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": score, "RightValue": 0.5}],
            "IfSteps": [step("Good")],
            "ElseSteps": [{"Name": "Bad", "Type": "Fail", "Arguments": {"ErrorMessage": "never"}}],
        },
    }
    steps = [
        step("Prepare"),
        step("Left", "Prepare"),
        step("Right", "Prepare"),
        step("Fragile", "Prepare", RetryPolicies=[RETRY]),
        step("Evaluate", "Left", "Right", "Fragile", property_files={"Score": "score.json"}),
        check,
    ]
    parameter = {"Name": "Side", "Type": "String", "DefaultValue": ""}
    return json.dumps({"Version": "2020-12-01", "Parameters": [parameter], "Steps": steps})


def processes_of(home: Home) -> dict[str, list[int]]:
    """Return a home's living processes by what they are: ``server``, ``supervisor``, ``job``, ``other``."""
    found: dict[str, list[int]] = {"server": [], "supervisor": [], "job": [], "other": []}
    supervisors = {pid for folder in job_folders(home) if (pid := folder.holder())}
    mark = str(home.root).encode()
    for path in Path("/proc").iterdir():
        if not path.name.isdigit() or int(path.name) == os.getpid():
            continue
        try:
            words, variables = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
            zombie = (path / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
        except OSError:
            continue
        if zombie:
            continue
        pid = int(path.name)
        if pid in supervisors:
            found["supervisor"].append(pid)
        elif b"PIPECELL_JOB=" + mark in variables:
            found["job"].append(pid)
        elif mark in words:
            found["server" if b"pipecell.local.daemon" in words else "other"].append(pid)
    return found


def job_folders(home: Home) -> list[JobFolder]:
    """Return the folders of all processing jobs."""
    return [JobFolder(str(path)) for path in (home.jobs_folder / "processing").glob("*")]


@dataclass
class Endpoint:
    """The endpoint of a home, started again whenever it is found dead."""

    home: Home
    restarts: int = 0
    seconds: float = 0.0
    """What a run takes in which nothing is killed; kills are spread over it."""
    snapshot: threading.Lock = field(default_factory=threading.Lock)
    _pid: int = 0
    _clients: dict[str, Any] = field(default_factory=dict)

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Call an operation until it is answered; start the endpoint where nobody answers."""
        from botocore.exceptions import BotoCoreError, ClientError

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return getattr(self._client(service), operation)(**request)
            except ClientError:
                raise
            except (BotoCoreError, OSError):
                if time.monotonic() > deadline:
                    raise
                self.close()
                time.sleep(0.01)

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            import boto3
            from botocore.config import Config

            with self.snapshot:
                info = daemon.start(self.home)
            self.restarts += info.pid != self._pid
            self._pid = info.pid
            self._clients[service] = boto3.session.Session().client(
                service,
                region_name="us-east-1",
                endpoint_url=info.endpoint,
                aws_access_key_id=info.access_key,
                aws_secret_access_key=info.secret_key,
                config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
            )
        return self._clients[service]


class Killer(threading.Thread):
    """Kills what a seed says, when it says.

    Args:
        endpoint: whose processes.
        plan: seconds after the start, victim, seconds until the endpoint may be started again.
        dice: chooses among several of a kind.
        begins: returns how often each job has begun.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        plan: list[tuple[float, str, float]],
        dice: random.Random,
        begins: Callable[[], Counter[str]],
    ) -> None:
        super().__init__(daemon=True)
        self._endpoint, self._plan, self._dice, self._begins = endpoint, sorted(plan), dice, begins
        self.killed: Counter[str] = Counter()
        self.frozen: dict[str, int] = {}
        """Jobs that had a result at a kill, and how often they had begun by then."""
        self.error: BaseException | None = None

    def run(self) -> None:
        began = time.monotonic()
        try:
            for moment, victim, pause in self._plan:
                time.sleep(max(0.0, began + moment - time.monotonic()))
                with self._endpoint.snapshot:  # nobody starts a server while its death is looked at
                    self._kill(victim)
                    self._remember()
                    time.sleep(pause if victim in ("server", "all") else 0.0)
        except BaseException as error:
            self.error = error

    def _kill(self, victim: str) -> None:
        living = processes_of(self._endpoint.home)
        if victim == "all":
            chosen = [pid for pids in living.values() for pid in pids]
        else:
            chosen = living[victim] and [self._dice.choice(living[victim])]
        for pid in chosen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[victim] += 1 if victim != "all" else 0
        self.killed["all"] += victim == "all"

    def _remember(self) -> None:
        finished = [
            folder.path.rpartition("/")[2]
            for folder in job_folders(self._endpoint.home)
            if (folder.read_state() or {}).get("final")
        ]
        begins = self._begins()
        for job in finished:
            self.frozen.setdefault(job, begins[job])


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
        listed = {}
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
            with info.path.open("rb") as file:
                found = hashlib.file_digest(file, "md5").hexdigest() if sys.version_info >= (3, 11) else ""
            assert not found or found == info.etag, info.key
    finally:
        store.close()


def main(arguments: list[str] | None = None) -> int:
    """Run rounds and print what happened."""
    parser = argparse.ArgumentParser(description="Kill the local endpoint at random instants.")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; the others count on")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no round after so long")
    chosen = parser.parse_args(arguments)
    killed: Counter[str] = Counter()
    rounds = retries = lost = wrong = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="durability-") as folder, opened(Path(folder)) as endpoint:
        for seed in range(chosen.seed, chosen.seed + chosen.rounds):
            if time.monotonic() - began > chosen.seconds:
                break
            rounds += 1
            one = Round(endpoint, seed, Path(folder) / f"round-{seed}")
            try:
                one.run()
                one.check()
            except AssertionError as error:
                wrong += 1
                print(error, flush=True)  # noqa: T201 - a report
            killed += one.killer.killed
            retries += one.retries
            lost += (one.side / "lost").exists()
        check_disk(endpoint.home)
        restarts = endpoint.restarts - 1
    print(  # noqa: T201
        f"{rounds} rounds (seeds {chosen.seed} to {chosen.seed + rounds - 1}),"
        f" {time.monotonic() - began:.0f} s,"
        f" kills spread over {endpoint.seconds:.1f} s each: killed {dict(killed)};"
        f" {restarts} restarts of the endpoint,"
        f" {lost} lost jobs retried by policy, {retries} executions retried;"
        f" {wrong} rounds ended otherwise than they should have."
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
