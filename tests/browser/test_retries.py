"""Going on from a step in a real JupyterLab: in the same execution, or in a new one in the same place."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.definitions import definition, job
from tests.browser.lab import Lab
from tests.browser.test_lab import node, open_notebook

Keep = Callable[[Page, str], None]

FLAKY = """
import pathlib, sys
print("looking for the door")
sys.exit(0 if pathlib.Path("{door}").exists() else "no door")
"""


def test_a_new_execution_from_a_step_takes_the_place_of_the_one_before(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    steps = job("First", "\nprint('one')"), job("Second", "\nprint('two')", DependsOn=["First"])
    notebook = open_notebook(lab, page, "Resumed", definition(*steps), "e = p.run(); e", "p")
    view = notebook.run(1).locator(".pcdag")
    expect(view.locator(".pc-status")).to_contain_text("Succeeded")
    node(view, "Second").click()
    view.get_by_role("button", name="Retry from here. Starts a new execution: Second runs").click()
    expect(node(view, "First")).to_contain_text("reused")
    expect(node(view, "Second")).to_contain_text("✓")
    node(view, "First").click()
    expect(view.locator(".pc-facts").first).to_contain_text("hit: taken over from execution")
    screenshot(page, "lab-resumed")
    notebook.wait_until_kept(1, "reused")
    saved = notebook.save()
    assert "reused" in saved.cells[1].outputs[0].data["text/plain"]


def test_a_failed_step_goes_on_in_its_own_execution(lab: Lab, page: Page, screenshot: Keep) -> None:
    door = lab.folder / "door"
    flaky = job("Flaky", FLAKY.format(door=door), DependsOn=["First"])
    body = definition(job("First", "\nprint('one')"), flaky)
    notebook = open_notebook(lab, page, "Retried", body, "e = p.run(); e")
    view = notebook.run(1).locator(".pcdag")
    node(view, "Flaky").click()
    expect(view.get_by_role("alert")).to_contain_text("no door")
    screenshot(page, "lab-failed-step")
    door.touch()
    view.get_by_role("button", name="Retry from here. Goes on from this step").click()
    expect(view.locator(".pc-status")).to_contain_text("Succeeded")
    expect(view.locator(".pc-facts").first).to_contain_text("Attempts")
    screenshot(page, "lab-retried")
