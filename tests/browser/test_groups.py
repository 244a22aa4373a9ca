"""What steps start folds and opens in a real JupyterLab: trials, machines, pipelines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.definitions import definition, job
from tests.browser.lab import Lab, LabPage
from tests.browser.test_lab import READ, node, tab
from tests.nested import judge, starter, tuning_pipeline, tuning_request

Keep = Callable[[Page, str], None]

SOURCE = (
    "import sys; sys.path.insert(0, {root!r}); from tests.nested import put_source; "
    "put_source(p._session.connect('local', 'us-east-1').client('s3'), {prefix!r})"
)
RUN = "e = p.run(); e"
ROOT = Path(__file__).resolve().parents[2]


def open_notebook(lab: Lab, page: Page, name: str, *cells: str) -> LabPage:
    lab.write(f"{name}.ipynb", *cells)
    notebook = lab.open(page, f"{name}.ipynb")
    notebook.wait_for_kernel()
    for index in range(len(cells) - 1):
        notebook.run(index)
    return notebook


def source(prefix: str) -> str:
    """Return a cell that puts the trials' script in its place."""
    return SOURCE.format(root=str(ROOT), prefix=prefix)


def test_trials_appear_folded_and_open_with_the_best_one_marked(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    (lab.folder / "Trials.json").write_text(json.dumps(tuning_pipeline("trials", 5)))
    notebook = open_notebook(lab, page, "Trials", READ.format("Trials.json"), source("trials"), RUN)
    view = notebook.run(2).locator(".pcdag")
    expect(node(view, "Tune")).to_contain_text("best")
    expect(view.locator(".pc-node")).to_have_count(1)
    node(view, "Tune").locator(".pc-toggle").click()
    expect(view.locator(".pc-node").filter(has_text="Trial")).to_have_count(5)
    expect(view.locator(".pc-status")).to_contain_text("Succeeded")
    best = view.locator(".pc-best")
    expect(best).to_have_count(1)
    expect(best).to_contain_text("★")
    best.click()
    expect(view.locator(".pc-facts").first).to_contain_text("the best")
    tab(view, "Log")
    expect(view.get_by_role("log")).to_contain_text("auc=")
    screenshot(page, "lab-trials")
    view.get_by_role("button", name="Fold all groups").click()
    expect(view.locator(".pc-node")).to_have_count(1)


def test_a_machine_opens_into_the_machine_the_pipeline_and_the_trials_it_started(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    (lab.folder / "Judged.asl.json").write_text(json.dumps(judge()))
    (lab.folder / "Started.json").write_text(json.dumps(definition(job("Hello", "\nprint('hello')"))))
    body = starter("Judged", "Started", tuning_request("starter", 2))
    (lab.folder / "Starter.asl.json").write_text(json.dumps(body))
    prepare = (
        "import pipecell; pipecell.Pipeline.read('Judged.asl.json').run(input={'n': 1}, wait=False).wait("
        "raise_on_failure=False); pipecell.Pipeline.read('Started.json').run(wait=True)"
    )
    notebook = open_notebook(
        lab, page, "Starter", prepare, READ.format("Starter.asl.json"), source("starter"), RUN
    )
    view = notebook.run(3).locator(".pcdag")
    expect(view.locator(".pc-status")).to_contain_text("SUCCEEDED")
    expect(node(view, "Machine")).to_contain_text("3 of 3 states")
    expect(node(view, "Pipeline")).to_contain_text("1 of 1 steps")
    expect(node(view, "Tune")).to_contain_text("2 of 2, best")
    view.hover()
    view.get_by_role("button", name="Open all groups").click()
    expect(node(view, "Machine/Yes")).to_contain_text("✓")
    expect(node(view, "Machine/No")).to_contain_class("pc-off")
    node(view, "Pipeline/Hello").click()
    tab(view, "Log")
    expect(view.get_by_role("log")).to_contain_text("hello")
    screenshot(page, "lab-inside")
