"""Real runs in a real JupyterLab: live while they run, right when they are over, and without their kernel."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.definitions import BREAK, COUNT, chain, definition, job, judged, write
from tests.browser.lab import Lab, LabPage

Keep = Callable[[Page, str], None]

READ = "import pipecell; from IPython.display import display; p = pipecell.Pipeline.read({!r})"
BUCKET = (
    "p._session.connect('local', 'us-east-1').client('s3')"
    ".create_bucket(Bucket='sagemaker-us-east-1-000000000000')"
)
RUN_AND_WAIT = "e = p.run(); display(e); e.wait(raise_on_failure=False)"


def open_notebook(lab: Lab, page: Page, name: str, body: dict[str, object], *cells: str) -> LabPage:
    write(lab.folder, name, body)
    lab.write(f"{name}.ipynb", READ.format(f"{name}.json"), *cells)
    notebook = lab.open(page, f"{name}.ipynb")
    notebook.wait_for_kernel()
    notebook.run(0)
    return notebook


def node(view: Locator, name: str) -> Locator:
    return view.locator(f'.pc-node[data-id="{name}"]')


def tab(view: Locator, name: str) -> None:
    view.get_by_role("tab", name=name).click()


def test_a_run_is_live_while_its_cell_runs_and_stops_at_a_click(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    notebook = open_notebook(lab, page, "Live", judged(job("Count", COUNT)), f"{BUCKET}; p", RUN_AND_WAIT)
    expect(notebook.run(1).locator(".pcdag .pc-node")).to_have_count(4)
    notebook.start(2)
    view = notebook.output(2).locator(".pcdag")
    expect(node(view, "Report")).to_contain_text("✓")
    expect(node(view, "Count")).to_contain_text("●")
    expect(node(view, "Judge")).to_contain_text("0.875 ≥ 0.8")
    expect(node(view, "TooWeak")).to_contain_class("pc-off")
    node(view, "Count").click()
    tab(view, "Log")
    expect(view.get_by_role("log")).to_contain_text("line 5")
    expect(view.get_by_role("log")).to_contain_text("line 40")
    screenshot(page, "lab-log")
    node(view, "Report").click()
    tab(view, "Data")
    view.get_by_role("button", name="rows.csv").click()
    expect(view.locator(".pc-sheet")).to_contain_text("<b>one</b>")
    tab(view, "Overview")
    expect(view.locator(".pc-plot").first).to_contain_text("threshold 0.8")
    expect(view.locator(".pc-facts").first).to_contain_text("ml.c5.9xlarge ml.t3.medium")
    screenshot(page, "lab-overview")
    view.get_by_role("button", name="■ Stop").click()
    expect(view.locator(".pc-status")).to_contain_text("Stopped")
    notebook.wait(2)
    screenshot(page, "lab-stopped")


def test_a_saved_run_outlives_its_kernel_and_can_be_watched_again(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    notebook = open_notebook(lab, page, "Saved", definition(job("Long", COUNT)), "e = p.run(); e")
    view = notebook.run(1).locator(".pcdag")
    expect(node(view, "Long")).to_contain_text("●")
    notebook.wait_until_kept(1, "● Long")
    notebook.shut_down_kernel()
    expect(view.get_by_role("button", name="Watch again")).to_be_visible()
    saved = notebook.save()
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    again = notebook.output(1)
    expect(node(again, "Long")).to_contain_text("●")
    expect(again).not_to_contain_text("not found")
    screenshot(page, "lab-reopened")
    data = saved.cells[1].outputs[0].data
    assert "application/vnd.jupyter.widget-view+json" not in data
    assert "● Long" in data["text/plain"]
    notebook.wait_for_kernel()
    again.get_by_role("button", name="Watch again").click()
    again.get_by_role("button", name="Stop").click()
    expect(again.locator(".pc-status")).to_contain_text("Stopped")
    html = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nbconvert", "--to", "html", "--stdout", "Saved.ipynb"],
        cwd=lab.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    pictures = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", html)
    assert any("Executing" in base64.b64decode(picture).decode() for picture in pictures)
    assert "widget-view" not in html


def test_a_failure_is_told_first_with_the_script_s_own_line(lab: Lab, page: Page, screenshot: Keep) -> None:
    notebook = open_notebook(lab, page, "Broken", definition(job("Break", BREAK)), RUN_AND_WAIT)
    view = notebook.run(1).locator(".pcdag")
    expect(node(view, "Break")).to_contain_text("✕")
    expect(view.locator(".pc-reason")).to_be_visible()
    node(view, "Break").click()
    expect(view.get_by_role("alert")).to_contain_text("ZeroDivisionError")
    expect(view.get_by_role("alert")).to_contain_text("line 2, in divide")
    screenshot(page, "lab-failed")
    expect(view.get_by_role("button", name="Retry from here")).to_be_visible()


def test_six_hundred_steps_open_folded_and_can_be_opened(lab: Lab, page: Page, screenshot: Keep) -> None:
    notebook = open_notebook(lab, page, "Large", chain(600), "p")
    view = notebook.run(1).locator(".pcdag")
    expect(view.locator(".pc-node")).to_have_count(2)
    view.hover()
    view.get_by_role("button", name="Open all groups").click()
    expect(view.locator(".pc-node")).to_have_count(600)
    view.get_by_role("searchbox").fill("Part599")
    expect(view.locator(".pc-found")).to_have_count(0)
    view.get_by_role("searchbox").fill("Part59")
    expect(view.locator(".pc-found")).to_have_count(10)
    expect(view.locator(".pc-found").first).to_be_in_viewport()
    screenshot(page, "lab-600")


def test_a_state_machine_shows_the_input_and_output_of_its_states(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    machine = {
        "StartAt": "Add",
        "States": {
            "Add": {"Type": "Pass", "Result": {"sum": 5}, "ResultPath": "$.added", "Next": "Both"},
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in ("L", "R")
                ],
                "Next": "Large?",
            },
            "Large?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$[0].added.sum", "NumericGreaterThan": 3, "Next": "Yes"}],
                "Default": "No",
            },
            "Yes": {"Type": "Succeed"},
            "No": {"Type": "Fail", "Error": "Small", "Cause": "too small"},
        },
    }
    (lab.folder / "Machine.asl.json").write_text(json.dumps(machine))
    lab.write("Machine.ipynb", READ.format("Machine.asl.json"), RUN_AND_WAIT)
    notebook = lab.open(page, "Machine.ipynb")
    notebook.wait_for_kernel()
    notebook.run(0)
    view = notebook.run(1).locator(".pcdag")
    expect(node(view, "Yes")).to_contain_text("✓")
    node(view, "Add").click()
    tab(view, "Arguments")
    expect(view.locator(".pc-arguments")).to_contain_text("ResultPath")
    screenshot(page, "lab-machine")


def test_executions_are_a_table_and_two_of_them_compare(lab: Lab, page: Page, screenshot: Keep) -> None:
    quick = definition(job("Quick", "\nprint('quick')"))
    runs = "p.run(wait=True); e = p.run(parameters={'Instance': 'ml.m5.large'}, wait=True)"
    notebook = open_notebook(
        lab, page, "Twice", quick, runs, "%load_ext pipecell", "%pipeline list --pipeline Twice"
    )
    for index in (1, 2):
        notebook.run(index)
    view = notebook.run(3).locator(".pc-executions")
    rows = view.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("✓ Succeeded")
    expect(rows.first.get_by_role("cell").nth(4)).to_have_text(re.compile(r"^\d+:\d\d$"))
    rows.first.get_by_role("checkbox").check()
    view.locator("tbody tr").nth(1).get_by_role("checkbox").check()
    view.get_by_role("button", name="Compare", exact=True).click()
    expect(view.locator(".pc-comparison .pc-differs").filter(has_text="Instance")).to_contain_text(
        "ml.m5.large"
    )
    screenshot(page, "lab-executions")
