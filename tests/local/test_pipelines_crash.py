"""Kills at random instants: after each, the server starts again and the execution ends as it should.

``PIPECELL_KILLS`` says how many runs; a few by default, hundreds before a release.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from pipecell.local import daemon
from pipecell.local.home import Home
from pipecell.local.work.folder import JobFolder
from tests.local.conftest import Clients
from tests.local.pipeline_parts import Pipelines, Traces, definition, processing
from tests.local.waiting import wait_until

KILLS = int(os.environ.get("PIPECELL_KILLS", "3"))
EXPECTED = ["First", "Left", "Right", "Check", "Good", "Last"]


def steps(pipelines: Pipelines, traces: Traces) -> list[dict[str, Any]]:
    """Parallel branches, then a condition, then a chain."""

    def step(name: str, *needs: str) -> dict[str, Any]:
        body: dict[str, Any] = {"DependsOn": list(needs)} if needs else {}
        return processing(name, pipelines.upload(traces.code(name, "time.sleep(0.1)")), **body)

    holds = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
    check = {
        "Name": "Check",
        "Type": "Condition",
        "DependsOn": ["Left", "Right"],
        "Arguments": {"Conditions": [holds], "IfSteps": [step("Good")], "ElseSteps": [step("Bad")]},
    }
    return [step("First"), step("Left", "First"), step("Right", "First"), check, step("Last", "Good")]


def supervisors(home: Home) -> list[int]:
    """Return the processes of the supervisors that are alive."""
    found = (JobFolder(str(path)).holder() for path in home.jobs_folder.glob("processing/*"))
    return [pid for pid in found if pid]


@pytest.mark.parametrize("seed", range(KILLS))
def test_the_endpoint_is_killed_again_and_again(home: Home, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    traces = Traces(tmp_path / "traces")
    clients = Clients(daemon.start(home))
    pipelines = Pipelines(clients)
    arn = pipelines.start(pipelines.create(definition(steps(pipelines, traces))))
    try:
        for _ in range(3):
            time.sleep(draw.uniform(0, 0.5))
            finished = _finished(pipelines, arn)
            os.kill(clients.info.pid, signal.SIGKILL)
            clients.close()
            time.sleep(draw.choice([0, 0.2]))
            clients = Clients(daemon.start(home))
            pipelines = Pipelines(clients)
            assert finished.items() <= _finished(pipelines, arn).items(), "what was finished stays so"
        assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert pipelines.statuses(arn) == dict.fromkeys(EXPECTED, "Succeeded")
        assert {name: traces.runs(name) for name in EXPECTED if name != "Check"} == dict.fromkeys(
            (name for name in EXPECTED if name != "Check"), 1
        )
        assert traces.runs("Bad") == 0
    finally:
        clients.close()
        daemon.stop(home)


def test_supervisors_and_server_die_together(home: Home, tmp_path: Path) -> None:
    """Jobs that lose their supervisor run again; steps that had finished do not."""
    traces = Traces(tmp_path / "traces")
    clients = Clients(daemon.start(home))
    pipelines = Pipelines(clients)
    arn = pipelines.start(pipelines.create(definition(steps(pipelines, traces))))
    try:
        wait_until(lambda: traces.runs("Left"), "the first parallel step runs")
        os.kill(clients.info.pid, signal.SIGKILL)
        for pid in supervisors(home):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself in the meantime
                os.kill(pid, signal.SIGKILL)
        clients.close()
        clients = Clients(daemon.start(home))
        pipelines = Pipelines(clients)
        assert pipelines.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
        assert traces.runs("First") == 1
        assert all(step["AttemptCount"] == 1 for step in pipelines.steps(arn).values())
    finally:
        clients.close()
        daemon.stop(home)


def _finished(pipelines: Pipelines, arn: str) -> dict[str, Any]:
    """Return when each step that is over ended."""
    return {name: step["EndTime"] for name, step in pipelines.steps(arn).items() if "EndTime" in step}
