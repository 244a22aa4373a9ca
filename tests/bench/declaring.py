"""A cell that declares 50 steps: from running it to the DAG, the SDK being loaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench import fresh
from tests.bench.row import Row

STEPS = 50

BODY = f"""
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.steps import ProcessingStep
kind = ParameterString("InstanceType", default_value="ml.m5.large")
role = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-pipecell"
steps = []
for number in range({STEPS}):
    processor = SKLearnProcessor(
        "1.2-1", role=role, instance_type=kind, instance_count=1, sagemaker_session=session
    )
    source = "s3://bucket/data" if not steps else (
        steps[-1].properties.ProcessingOutputConfig.Outputs["out"].S3Output.S3Uri
    )
    steps.append(ProcessingStep(
        name=f"Step{{number}}",
        processor=processor,
        code="s3://bucket/code.py",
        inputs=[ProcessingInput(source=source, destination="/opt/ml/processing/input")],
        outputs=[ProcessingOutput(
            output_name="out", source="/opt/ml/processing/out", destination=f"s3://bucket/{{number}}"
        )],
    ))
"""

SESSION = """
import boto3, sagemaker
boto_session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
session = sagemaker.Session(boto_session=boto_session, default_bucket="bucket")
"""

OURS = f"""
import contextlib, io, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "pipecell")
shell.run_cell({SESSION!r}).raise_error()
cell = "%%pipeline Many\\n" + {BODY!r}
with contextlib.redirect_stdout(io.StringIO()) as shown:
    shell.run_cell(cell).raise_error()
    started = time.perf_counter()
    shell.run_cell(cell).raise_error()
    taken = time.perf_counter() - started
assert "Step{STEPS - 1}" in shown.getvalue(), shown.getvalue()
print(taken)
"""

SDK_ALONE = f"""
import time
{SESSION}
from sagemaker.workflow.pipeline import Pipeline
body = compile({BODY!r}, "cell", "exec")
started = time.perf_counter()
exec(body)
Pipeline("Many", parameters=[kind], steps=steps, sagemaker_session=session).definition()
print(time.perf_counter() - started)
"""


def measure() -> list[Row]:
    """Run the cell twice and take the second time, beside the SDK building and compiling the same steps."""
    with tempfile.TemporaryDirectory() as folder:
        env = fresh.environment(Path(folder) / "home", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
        ours = fresh.measure(OURS, env, times=3)
        theirs = fresh.measure(SDK_ALONE, env, times=1)
    return [Row(f"cell run → DAG, {STEPS} steps", ours, 0.15, "SDK v2 alone, no DAG", theirs)]
