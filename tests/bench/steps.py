"""What the local endpoint adds to each step: jobs that do nothing, beside starting the same program bare."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from pipecell.local.home import EXECUTION_ROLE_ARN
from tests.bench.endpoint import run_pipeline, running
from tests.bench.reading import IMAGE
from tests.bench.row import Row, median_seconds

CHAIN = 20
INDEPENDENT = 100
CORES = 2


def step(name: str, *after: str) -> dict[str, Any]:
    """Return a processing step whose program ends at once."""
    return {
        "Name": name,
        "Type": "Processing",
        "DependsOn": list(after),
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
            },
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", "pass"]},
            "RoleArn": EXECUTION_ROLE_ARN,
        },
    }


def definition(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a pipeline definition of these steps."""
    return {"Version": "2020-12-01", "Parameters": [], "Steps": steps}


def spawn() -> None:
    """Start the program of a step bare, and wait for it."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def spawn_all() -> None:
    """Start the independent steps' programs, as many at once as there are cores."""
    with ThreadPoolExecutor(CORES) as pool:
        for done in [pool.submit(spawn) for _ in range(INDEPENDENT)]:
            done.result()


def measure() -> list[Row]:
    """Run a chain, where every step waits for the one before, and steps that all may start at once."""
    names = [f"Step{number}" for number in range(CHAIN)]
    chain = [step(names[0]), *(step(name, before) for before, name in pairwise(names))]
    independent = [step(f"Step{number}") for number in range(INDEPENDENT)]
    bare = median_seconds(spawn, 10)
    with running() as endpoint:
        run_pipeline(endpoint, "WarmUp", definition([step("Step0")]))
        per_step = run_pipeline(endpoint, "Chain", definition(chain)) / CHAIN
        all_at_once = run_pipeline(endpoint, "Independent", definition(independent))
    return [
        Row("local overhead per no-op step, chain", per_step - bare, 0.12, "the bare process itself", bare),
        Row(
            f"{INDEPENDENT} independent no-op steps",
            all_at_once,
            6,
            "bare processes",
            median_seconds(spawn_all, 1),
        ),
    ]
