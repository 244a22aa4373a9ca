"""What an endpoint costs that does nothing, and what 10,000 executions of the past cost one that works."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from pipecell.local.home import Home
from tests.bench.endpoint import Endpoint, cpu_seconds_of, megabytes_of, run_pipeline, started
from tests.bench.row import Row, median_seconds
from tests.bench.steps import chain

PAST = 10_000
STEPS = 3
WATCHED_SECONDS = 10.0


def idle(endpoint: Endpoint) -> list[Row]:
    """Look at a process that has just run a pipeline and has nothing more to do."""
    before = cpu_seconds_of(endpoint.pid)
    time.sleep(WATCHED_SECONDS)
    used = (cpu_seconds_of(endpoint.pid) - before) / WATCHED_SECONDS * 100
    return [
        Row("idle endpoint: memory", megabytes_of(endpoint.pid), 120, unit="MB"),
        Row("idle endpoint: processor", used, 1, unit="%"),
    ]


def repeat(home: Home, pipeline: str) -> None:
    """Copy the one execution of a pipeline, its steps, jobs and their folders, as if it had run often."""
    with closing(sqlite3.connect(home.state_database)) as connection:
        connection.row_factory = sqlite3.Row
        execution = connection.execute("SELECT * FROM execution WHERE pipeline = ?", (pipeline,)).fetchone()
        known = execution["id"]
        rows = {
            "execution": [execution],
            "step": connection.execute("SELECT * FROM step WHERE execution = ?", (known,)).fetchall(),
            "job": connection.execute("SELECT * FROM job WHERE execution = ?", (known,)).fetchall(),
        }
        for table, found in rows.items():
            columns = found[0].keys()
            insert = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
            connection.executemany(
                insert,
                (
                    [
                        value.replace(known, f"past{number:08d}") if isinstance(value, str) else value
                        for value in row
                    ]
                    for number in range(PAST)
                    for row in found
                ),
            )
        connection.commit()
    jobs = [home.jobs_folder / row["kind"] / row["name"] for row in rows["job"]]
    for number in range(PAST):
        for job in jobs:
            past = job.with_name(job.name.replace(known, f"past{number:08d}"))
            shutil.copytree(job, past, copy_function=os.link)


def answers(endpoint: Endpoint, pipeline: str) -> None:
    """Ask what a user's screen asks."""
    sagemaker, logs = endpoint.client("sagemaker"), endpoint.client("logs")
    found = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    arn = found[0]["PipelineExecutionArn"]
    sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    sagemaker.list_processing_jobs(SortBy="CreationTime", SortOrder="Descending")
    job = steps[0]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    sagemaker.describe_processing_job(ProcessingJobName=job)
    group = "/aws/sagemaker/ProcessingJobs"
    logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")
    logs.describe_log_streams(logGroupName=group)


def start_seconds(home: Home) -> float:
    """Return what it takes until the endpoint of a home answers."""
    began = time.perf_counter()
    with started(home):
        return time.perf_counter() - began


def measure() -> list[Row]:
    """Measure the same with one execution and with 10,000 behind it."""
    definition = json.loads(json.dumps(chain(STEPS)))
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        with started(home) as endpoint:
            run_pipeline(endpoint, "Past", definition)
            young = [
                median_seconds(lambda: answers(endpoint, "Past")),
                run_pipeline(endpoint, "Now", definition) / STEPS,
            ]
            rows = idle(endpoint)
        young.append(start_seconds(home))
        repeat(home, "Past")
        with started(home) as endpoint:
            old = [
                median_seconds(lambda: answers(endpoint, "Past")),
                run_pipeline(endpoint, "Later", definition) / STEPS,
            ]
            rows.append(Row(f"memory after {PAST:,} executions", megabytes_of(endpoint.pid), 120, unit="MB"))
        old.append(start_seconds(home))
    words = ("eight questions of a screen", "a no-op step", "the endpoint's start")
    return [
        *rows,
        *(
            Row(f"{what}, after {PAST:,} executions", late, None, "after one", early)
            for what, early, late in zip(words, young, old, strict=True)
        ),
    ]
