"""A large upload in a real JupyterLab: a bar in the run's own cell, in the preview and in the side panel."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.test_lab import node

Keep = Callable[[Page, str], None]

LARGE = """from pathlib import Path
Path("large.py").write_text("print('large')\\n#" + "x" * 12_000_000)
import time
def hold(what, done, total):
    while done > 1_000_000 and not Path({door!r}).exists(): time.sleep(0.05)"""
DECLARE = """%%pipeline Uploaded
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.steps import ProcessingStep
processor = SKLearnProcessor("1.2-1", "arn:aws:iam::000000000000:role/R", 1, "ml.m5.large")
large = ProcessingStep("Large", processor=processor, code="large.py")"""
RUN = "e = pipecell.pipeline('Uploaded').run(progress=hold); e"


def test_an_upload_shows_where_its_run_will_be_and_in_the_side_panel(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    door = lab.folder / "upload-door"
    cells = ("%load_ext pipecell", f"import pipecell; {LARGE.format(door=str(door))}", DECLARE, RUN)
    lab.write("Uploaded.ipynb", *cells)
    notebook = lab.open(page, "Uploaded.ipynb")
    notebook.wait_for_kernel()
    for index in range(3):
        notebook.run(index)
    page.evaluate("() => window.jupyterapp.commands.execute('pipecell:show')")
    expect(page.locator(".pc-Panel .pc-Overview .pc-node")).to_have_count(1)
    notebook.start(3)
    view = notebook.output(3).locator(".pcdag")
    expect(view.locator(".pc-progress")).to_contain_text("Uploading")
    expect(node(view, "Large")).to_be_visible()
    expect(page.locator(".pc-Panel .pc-Progress")).to_contain_text("of 12 MB")
    screenshot(page, "lab-uploading")
    door.touch()
    notebook.wait(3)
    expect(view.locator(".pc-status")).to_contain_text("Succeeded")
    expect(view).to_have_count(1)
    expect(view.locator(".pc-progress")).to_be_hidden()
    expect(page.locator(".pc-Panel .pc-Progress")).to_be_hidden()
