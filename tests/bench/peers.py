"""Other tools at the same work, in an environment of their own (`make bench` makes it).

Each peer runs a chain of steps that do nothing, once short and once long: the difference is what its steps
cost, without what it takes to start.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(os.environ.get("PIPECELL_BENCH_PEERS", ".venv/peers")).absolute()
SHORT, LONG = 2, 8
TIMES = 3

METAFLOW = """
from metaflow import FlowSpec, step

class Chain(FlowSpec):
{steps}

if __name__ == "__main__":
    Chain()
"""

METAFLOW_STEP = """
    @step
    def {name}(self):
        {body}
"""

KFP = """
import sys
from kfp import dsl, local

local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[1])

@dsl.component(install_kfp_package=False)
def nothing():
    pass

@dsl.pipeline
def chain():
    before = None
    for _ in range({steps}):
        task = nothing()
        if before is not None:
            task.after(before)
        before = task

chain()
"""


def python() -> str | None:
    """Return the interpreter of the peers' environment; None where it was not made."""
    found = FOLDER / "bin" / "python"
    return str(found) if found.exists() else None


def metaflow_flow(steps: int) -> str:
    """Return a flow of that many steps, ``start`` and ``end`` among them."""
    names = ["start", *(f"s{number}" for number in range(steps - 2)), "end"]
    bodies = [*(f"self.next(self.{name})" for name in names[1:]), "pass"]
    written = [METAFLOW_STEP.format(name=name, body=body) for name, body in zip(names, bodies, strict=True)]
    return METAFLOW.format(steps="".join(written))


def metaflow_seconds() -> float | None:
    """Return what a step of Metaflow's local run takes; None where it is not installed."""
    return _per_step("metaflow", metaflow_flow, "run")


def kfp_seconds() -> float | None:
    """Return what a step of Kubeflow's SubprocessRunner takes, without its virtual environments."""
    return _per_step("kfp", lambda steps: KFP.format(steps=steps), ".")


def _per_step(package: str, write: Callable[[int], str], argument: str) -> float | None:
    interpreter = python()
    if interpreter is None or not any(FOLDER.glob(f"lib/*/site-packages/{package}")):
        return None
    with tempfile.TemporaryDirectory() as folder:
        taken = {}
        for steps in (SHORT, LONG):
            script = Path(folder) / f"chain{steps}.py"
            script.write_text(write(steps))
            taken[steps] = statistics.median(_run(interpreter, script, argument) for _ in range(TIMES))
    return (taken[LONG] - taken[SHORT]) / (LONG - SHORT)


def _run(interpreter: str, script: Path, argument: str) -> float:
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # SubprocessRunner starts the ``python3`` that it finds.
    env |= {
        "PATH": f"{FOLDER / 'bin'}{os.pathsep}{env.get('PATH', '')}",
        "METAFLOW_HOME": str(script.parent / "metaflow"),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(script.parent),
        "METAFLOW_USER": "bench",
    }
    started = time.perf_counter()
    done = subprocess.run(
        [interpreter, str(script), argument],
        cwd=script.parent,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)
    return time.perf_counter() - started
