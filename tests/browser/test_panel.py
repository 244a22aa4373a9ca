"""The panel of profiles in a real JupyterLab: choose, change, run."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

Keep = Callable[[Page, str], None]

DECLARE = """%%pipeline Panel
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep

instance = ParameterString("ProcessingInstanceType", default_value="ml.c5.9xlarge")
count = ParameterInteger("InstanceCount", default_value=4)
mode = ParameterString("Mode", default_value="fast", enum_values=["fast", "thorough"])
note = ParameterString("Note", default_value="first <try>")
processor = SKLearnProcessor(
    framework_version="1.2-1", instance_type=instance, instance_count=count,
    role="arn:aws:iam::000000000000:role/r", sagemaker_session=PipelineSession(),
)
only = ProcessingStep("Only", step_args=processor.run(code="only.py", arguments=[mode, note]))
"""


def test_the_panel_of_profiles(lab: Lab, page: Page, screenshot: Keep) -> None:
    (lab.folder / "only.py").write_text("print('done')\n")
    lab.write("panel.ipynb", "%load_ext pipecell", DECLARE, "%pipeline profile")
    notebook = lab.open(page, "panel.ipynb")
    notebook.wait_for_kernel()
    for index in (0, 1):
        notebook.run(index)
    panel = notebook.run(2).locator(".pipecell-panel")
    instance = panel.locator("input[list]")
    expect(instance).to_have_value("ml.t3.medium")
    expect(panel).to_contain_text("full: ml.c5.9xlarge")
    expect(panel).to_contain_text("2 vCPU · 4 GiB")
    expect(panel).to_contain_text("full: 4")
    screenshot(page, "panel-smoke")
    panel.get_by_role("button", name="full").click()
    expect(instance).to_have_value("ml.c5.9xlarge")
    expect(panel).to_contain_text("36 vCPU · 72 GiB")
    expect(panel).not_to_contain_text("full: 4")
    panel.get_by_role("button", name="smoke").click()
    count = panel.locator("input[type=number]")
    expect(count).to_have_value("1")
    count.fill("2")
    count.press("Tab")
    expect(count).to_have_value("2")
    expect(panel).to_contain_text("full: 4")
    panel.get_by_role("button", name="Run on this machine").click()
    done = re.compile(r"Only, Processing, .* ml\.t3\.medium × 2, succeeded")
    expect(panel.get_by_role("button", name=done)).to_be_visible()
    screenshot(page, "panel-run")
