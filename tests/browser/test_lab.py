"""Real runs in a real JupyterLab: live while they run, right when they are over, and without their kernel."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, LabPage

Keep = Callable[[Page, str], None]

DECLARE = """%%pipeline Live
from sagemaker.processing import ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep

instance = ParameterString("Instance", default_value="ml.c5.9xlarge")
processor = SKLearnProcessor(
    framework_version="1.2-1", instance_type=instance, instance_count=1,
    role="arn:aws:iam::000000000000:role/r", sagemaker_session=PipelineSession(),
)
first = ProcessingStep(
    "First",
    step_args=processor.run(
        code="first.py", outputs=[ProcessingOutput(output_name="table", source="/opt/ml/processing/table")]
    ),
)
second = ProcessingStep("Second", step_args=processor.run(code="second.py"), depends_on=[first])
"""
FIRST = """
import pathlib
folder = pathlib.Path("/opt/ml/processing/table")
folder.mkdir(parents=True, exist_ok=True)
(folder / "rows.csv").write_text("name,value\\n<b>one</b>,1\\ntwo,2\\n")
print("first is done")
"""
SECOND = """
import time
for number in range(300):
    print("line", number, flush=True)
    time.sleep(0.1)
"""


def start(lab: Lab, page: Page, name: str, second: str = SECOND) -> LabPage:
    (lab.folder / "first.py").write_text(FIRST)
    (lab.folder / "second.py").write_text(second)
    lab.write(name, "%load_ext pipecell", DECLARE, "%pipeline run", "%pipeline run --wait")
    notebook = lab.open(page, name)
    notebook.wait_for_kernel()
    notebook.run(0)
    notebook.run(1)
    return notebook


def test_a_run_is_live_and_can_be_stopped_while_a_cell_runs(lab: Lab, page: Page, screenshot: Keep) -> None:
    notebook = start(lab, page, "live.ipynb")
    declared = notebook.output(1)
    expect(declared.locator(".pcdag .pc-node")).to_have_count(2)
    screenshot(page, "lab-declared")
    notebook.start(3)
    view = notebook.output(3).locator(".pcdag")
    card = view.locator(".pc-node[data-id=Second]")
    expect(card).to_contain_text("●")
    screenshot(page, "lab-running")
    card.click()
    view.get_by_role("tab", name="Log").click()
    expect(view.get_by_role("log")).to_contain_text("line 5")
    screenshot(page, "lab-log")
    view.get_by_role("button", name="Stop this execution").click()
    expect(view.locator(".pc-status")).to_contain_text("Stopped")
    screenshot(page, "lab-stopped")
