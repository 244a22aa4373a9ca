"""``%%step`` cells: one of N cells runs again, from the cell to the DAG, the SDK being loaded."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.bench import fresh, peers
from tests.bench.row import Row

SIZES = (10, 50, 200, 1000)
BUDGETS = {50: 0.15}
FUNCTIONS = 50

OURS = """
import contextlib, io, os, time
os.chdir({folder!r})
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "pipecell")
from pipecell.loaded import loaded
notebook = loaded(shell).workspace.notebook
for number in range({steps}):
    read = f"x=Step{{number - 1}}.out" if number else "x=s3://bucket/data"
    options = {{"name": f"Step{{number}}", "input": [read], "output": ["out"], "pipeline": "Many"}}
    notebook.declare_step("processing", options, f"print(inputs, {{number}})", {{}}, cell=number)
middle = {steps} // 2
line = f"processing Step{{middle}} -i x=Step{{middle - 1}}.out -o out --pipeline Many"
with contextlib.redirect_stdout(io.StringIO()) as shown:
    shell.run_cell_magic("step", line, "print(inputs)")
    started = time.perf_counter()
    shell.run_cell_magic("step", line, "print(inputs, 'again')")
    taken = time.perf_counter() - started
assert f"Step{{middle}}" in shown.getvalue()
print(taken)
"""

COMPLETION = """
import os, time
os.chdir({folder!r})
from pipecell.declare.notebook import Notebook
from pipecell.completion import candidates
from pipecell.workspace import Workspace
notebook = Notebook()
for number in range(200):
    options = {{"name": f"Step{{number}}", "output": ["out"], "pipeline": "Many"}}
    notebook.declare_step("processing", options, "print(outputs)", {{}}, cell=number)
workspace = Workspace(notebook)
lines = ["%%step pro", "%%step training T -i train=Step1", "%%step training T --instance ml.",
         "%%step training T --image xgboost:1"]
slowest = 0.0
for line in lines:
    started = time.perf_counter()
    assert candidates(line, workspace, {{}})[1]
    slowest = max(slowest, time.perf_counter() - started)
print(slowest)
"""

HAMILTON = """
import contextlib, io, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "hamilton.plugins.jupyter_magic")
body = "def step0(x: int) -> int:\\n    return x\\n" + "".join(
    f"def step{{n}}(step{{n - 1}}: int) -> int:\\n    return step{{n - 1}}\\n" for n in range(1, {functions})
)
with contextlib.redirect_stdout(io.StringIO()):
    shell.run_cell_magic("cell_to_module", "many --display", body)
    started = time.perf_counter()
    shell.run_cell_magic("cell_to_module", "many --display", body)
    taken = time.perf_counter() - started
print(taken)
"""

SDK_ALONE = """
import time
import boto3, sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.steps import ProcessingStep
boto_session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
session = sagemaker.Session(boto_session=boto_session, default_bucket="bucket")
started = time.perf_counter()
steps = []
for number in range({steps}):
    processor = ScriptProcessor(
        image_uri="image", command=["python3"], role="arn:aws:iam::000000000000:role/x",
        instance_type="ml.m5.large", instance_count=1, sagemaker_session=session,
    )
    source = "s3://bucket/data" if not steps else (
        steps[-1].properties.ProcessingOutputConfig.Outputs["out"].S3Output.S3Uri
    )
    steps.append(ProcessingStep(
        name=f"Step{{number}}", processor=processor, code="s3://bucket/code.py",
        inputs=[ProcessingInput(source=source, destination="/opt/ml/processing/input/x")],
        outputs=[ProcessingOutput(
            output_name="out", source="/opt/ml/processing/output/out", destination=f"s3://bucket/{{number}}"
        )],
    ))
Pipeline("Many", steps=steps, sagemaker_session=session).definition()
print(time.perf_counter() - started)
"""


def measure() -> list[Row]:
    """Run one cell of many again, beside the SDK that builds and compiles as many steps, without a DAG."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        env = fresh.environment(Path(folder) / "home", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
        for steps in SIZES:
            place = Path(folder) / str(steps)
            place.mkdir()
            ours = fresh.measure(OURS.format(folder=str(place), steps=steps), env, times=1)
            theirs = fresh.measure(SDK_ALONE.format(steps=steps), env, times=1)
            what = f"one of {steps} %%step cells again → DAG"
            rows.append(Row(what, ours, BUDGETS.get(steps), "SDK v2 alone, no DAG", theirs))
        place = Path(folder) / "completion"
        place.mkdir()
        slowest = fresh.measure(COMPLETION.format(folder=str(place)), env, times=1)
        rows.append(Row("completion of a %%step line, 200 steps, slowest of four", slowest, 0.05))
    beside = next(row for row, steps in zip(rows, SIZES, strict=False) if steps == FUNCTIONS)
    peer = f"Hamilton %%cell_to_module --display, {FUNCTIONS} functions"
    return [*rows, Row(beside.what, beside.seconds, beside.budget, peer, hamilton())]


def hamilton() -> float | None:
    """Return what Hamilton takes from a cell of 50 functions to its picture; None without it."""
    interpreter = peers.python()
    if interpreter is None or not any(peers.FOLDER.glob("lib/*/site-packages/hamilton")):
        return None
    command = [interpreter, "-W", "ignore", "-c", HAMILTON.format(functions=FUNCTIONS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)
    return float(done.stdout.split()[-1])
