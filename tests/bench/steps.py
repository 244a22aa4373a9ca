"""What the local endpoint adds to each step: jobs that do nothing, beside other tools and bare processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipecell.local.home import EXECUTION_ROLE_ARN
from pipecell.local.work.sandbox import choose
from tests.bench import peers
from tests.bench.endpoint import run_pipeline, running
from tests.bench.reading import IMAGE
from tests.bench.row import Row, median_seconds

CHAIN = 20
LONG_CHAIN = 500
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


def chain(steps: int) -> dict[str, Any]:
    """Return a pipeline in which every step waits for the one before."""
    names = [f"Step{number}" for number in range(steps)]
    return definition([step(names[0]), *(step(name, before) for before, name in pairwise(names))])


def spawn() -> None:
    """Start the program of a step bare, and wait for it."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def spawn_all() -> None:
    """Start the independent steps' programs, as many at once as there are cores."""
    with ThreadPoolExecutor(CORES) as pool:
        for done in [pool.submit(spawn) for _ in range(INDEPENDENT)]:
            done.result()


def sandboxed_seconds() -> float:
    """Return what the program of a step takes with an ``/opt/ml`` of its own, and nothing else around it."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = choose(folder)
        root = Path(folder) / "root"
        (root / ".pipecell").mkdir(parents=True)

        def start() -> None:
            subprocess.run(
                sandbox.command([sys.executable, "-c", "pass"], str(root), "/opt/ml"),
                preexec_fn=sandbox.entry(str(root), "/opt/ml"),
                check=True,
            )

        return median_seconds(start, 10)


def measure() -> list[Row]:
    """Run chains, where every step waits for the one before, and steps that all may start at once."""
    independent = [step(f"Step{number}") for number in range(INDEPENDENT)]
    bare, sandboxed = median_seconds(spawn, 10), sandboxed_seconds()
    with running() as endpoint:
        run_pipeline(endpoint, "WarmUp", definition([step("Step0")]))
        per_step = run_pipeline(endpoint, "Chain", chain(CHAIN)) / CHAIN
        all_at_once = run_pipeline(endpoint, "Independent", definition(independent))
        per_step_of_many = run_pipeline(endpoint, "LongChain", chain(LONG_CHAIN)) / LONG_CHAIN
    growth = per_step_of_many / per_step
    return [
        Row("local overhead per no-op step, chain", per_step - bare, 0.12, "the bare process itself", bare),
        Row("a no-op step in a chain, all of it", per_step, None, "a bare sandboxed spawn", sandboxed),
        Row("  the same", per_step, None, "Metaflow's local run", peers.metaflow_seconds()),
        Row("  the same", per_step, None, "KFP's SubprocessRunner", peers.kfp_seconds()),
        Row(
            f"{INDEPENDENT} independent no-op steps",
            all_at_once,
            6,
            "bare processes",
            median_seconds(spawn_all, 1),
        ),
        Row(f"a step in a chain of {LONG_CHAIN}, to one of {CHAIN}", growth, 1.5, unit="×"),
    ]
