"""Measure SageMaker Pipelines beside Step Functions on this machine, for docs/pipelines-or-step-functions.md.

    python scripts/compare_engines.py

Both run the same jobs on the local endpoint: what differs is the orchestrator alone. Nothing goes to AWS.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from pipecell.declare.compiled import PLACEHOLDER_ROLE, Compiled
from pipecell.definition.asl import models
from pipecell.definition.asl.integrations import ACTIONS
from pipecell.definition.document import read_document
from pipecell.local import daemon
from pipecell.local.home import Home
from pipecell.workspace import Workspace

STEPS = 10
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def job() -> dict[str, Any]:
    """Return the arguments of a processing job that does nothing."""
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
        "RoleArn": PLACEHOLDER_ROLE,
    }


def pipeline() -> dict[str, Any]:
    """Return a pipeline of such jobs, one after the other."""
    steps: list[dict[str, Any]] = [
        {"Name": f"S{n}", "Type": "Processing", "DependsOn": [f"S{n - 1}"] if n else [], "Arguments": job()}
        for n in range(STEPS)
    ]
    return {"Version": "2020-12-01", "Steps": steps}


def machine(state: dict[str, Any], *, named: bool = False) -> dict[str, Any]:
    """Return a machine of one state again and again, one after the other."""
    states = {}
    for n in range(STEPS):
        way = {"End": True} if n == STEPS - 1 else {"Next": f"S{n + 1}"}
        body = dict(state)
        if named:
            name = f"States.Format('{{}}-{n}', $$.Execution.Name)"
            body["Parameters"] = {**job(), "ProcessingJobName.$": name}
        states[f"S{n}"] = {**body, **way}
    return {"StartAt": "S0", "States": states}


def seconds(workspace: Workspace, name: str, body: dict[str, Any]) -> float:
    """Run a definition and return seconds from its start to its end, by the orchestrator's own clock."""
    run = workspace.add(Compiled(read_document(body, name=name), region="")).run(wait=True).snapshot
    if run.started is None or run.ended is None:
        raise SystemExit(f"{name} did not run.")
    return run.ended - run.started


def main() -> None:
    """Measure, and print a table."""
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "ResultPath": None,
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        daemon.start(home)
        workspace = Workspace(home=home.root)
        try:
            rows = [
                ("SageMaker Pipelines, a job a step", seconds(workspace, "pipeline", pipeline())),
                ("Step Functions, a job a state", seconds(workspace, "jobs", machine(call, named=True))),
                ("Step Functions, a Pass a state", seconds(workspace, "passes", machine({"Type": "Pass"}))),
            ]
        finally:
            workspace.monitor.close()
            daemon.stop(home)
    for words, took in rows:
        print(f"{words:<40} {took / STEPS * 1000:8.0f} ms a step ({STEPS} in a row)")
    actions = sum(map(len, ACTIONS.values()))
    print(f"{'optimized integrations':<40} {actions:8} actions of {len(ACTIONS)} services")
    began = time.perf_counter()
    services = sorted({name for name in map(models.service_name, models.service_names()) if name})
    known = sum(len(models.operations(name)) for name in services)
    print(
        f"{'AWS SDK integrations':<40} {known:8} operations of {len(services)} services"
        f" (read in {time.perf_counter() - began:.0f} s)"
    )


if __name__ == "__main__":
    main()
