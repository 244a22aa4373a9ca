"""The JupyterLab extension as a person uses it, on the local endpoint."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as Expired

from tests.browser.lab import PATIENCE, Lab, LabPage, hover_for
from tests.browser.pipeline import LOAD, PREPARE, TRAIN, scripts
from tests.browser.releases import NEWEST, OLDEST
from tests.browser.watch import Watch

Keep = Callable[[Page, str], None]


WITHIN_THE_TOOLBAR = """() => {
    const bar = document.querySelector('.jp-NotebookPanel-toolbar');
    const { bottom } = bar.getBoundingClientRect();
    return [...bar.children].every(item => item.getBoundingClientRect().bottom <= bottom + 1);
}"""


def declared(lab: Lab, page: Page, name: str, door: Path, *more: str) -> LabPage:
    """Open a notebook of its own and run the cells that declare a pipeline of its own; the panel is shown."""
    pipeline = name.removesuffix(".ipynb").title()
    cells = (cell.replace("NAME", pipeline) for cell in (PREPARE, TRAIN))
    lab.write(name, LOAD, scripts(str(door)), *cells, *more)
    notebook = lab.open(page, name)
    notebook.wait_for_kernel()
    show_panel(page)
    for index in range(4):
        notebook.run(index)
    return notebook


def show_panel(page: Page) -> None:
    page.evaluate("window.jupyterapp.commands.execute('pipecell:show')")


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Pipelines")


def toolbar(page: Page) -> Locator:
    return page.locator(".jp-NotebookPanel-toolbar").get_by_role("group", name="Pipeline")


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-Notebook .jp-Cell").nth(index)


def edit(page: Page, index: int, old: str, new: str) -> None:
    page.evaluate(
        """([index, old, now]) => {
            const model = window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel;
            model.setSource(model.getSource().replace(old, now));
        }""",
        [index, old, new],
    )


def newest_run(page: Page) -> Locator:
    """Return the first row of the panel's executions; those below it may be other tests'."""
    return panel(page).get_by_role("listitem").first


def click_while_it_changes(element: Locator, shown: Locator) -> None:
    """Press on an element, let go when it has another text, and wait for what the click shows."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        element.hover()
        before = element.inner_text()
        element.page.mouse.down()
        expect(element).not_to_have_text(before)
        element.page.mouse.up()
        with suppress(Expired):
            shown.wait_for(timeout=5000)
            return
    raise AssertionError("The click was lost.")


@pytest.mark.parametrize("lab", [NEWEST, OLDEST], indirect=True)
def test_a_notebook_from_its_first_problem_to_the_end_of_a_run(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep, tmp_path: Path
) -> None:
    door = tmp_path / "door"
    notebook = declared(
        lab, page, "first.ipynb", door, "import time\nwhile not Path(DOOR).exists(): time.sleep(0.05)"
    )
    shown = panel(page)

    # The problem: in the panel, on the badge, and under the very words.
    expect(shown.get_by_role("region", name="Problems")).to_contain_text('"ml.m5.larg" is not a processing')
    badge = cell(page, 3).locator(".pc-Badge")
    expect(badge).to_have_accessible_name("Processing, 1 problem. Show in First.")
    expect(cell(page, 3).locator(".pc-Underline.pc-mod-error")).to_have_text("ml.m5.larg")
    hover_for(cell(page, 3).locator(".pc-Underline.pc-mod-error"), page.locator(".pc-Tooltip"))
    expect(page.locator(".pc-Tooltip")).to_contain_text("Did you mean")
    screenshot(page, "extension-problem")

    # The controls came into a toolbar that was there before; nothing is pushed out of it.
    expect(toolbar(page)).to_be_visible()
    page.wait_for_function(WITHIN_THE_TOOLBAR)

    # The panel is as narrow as it comes, and no name in it is cut off.
    names = shown.locator(".pc-Fact dt, .pc-Problem-where > span")
    expect(names.filter(has_text="InstanceType").first).to_be_visible()
    assert names.evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length") == 0

    # A fixed cell is stale until it has run; then the problem is gone.
    edit(page, 3, "ml.m5.larg", "ml.m5.large")
    expect(badge).to_have_accessible_name(
        "Processing, 1 problem, The cell was edited since it ran: run it again. Show in First."
    )
    notebook.run(3)
    expect(cell(page, 3).locator(".pc-Underline.pc-mod-error")).to_have_count(0)

    # A cell runs, and keeps the kernel busy; the panel starts the pipeline all the same.
    notebook.start(4)
    shown.get_by_role("button", name="Run First on this machine").click()
    expect(newest_run(page)).to_contain_text("Executing")
    node = shown.get_by_role("button", name="Prepare, Processing")
    expect(node).to_contain_text("●")
    expect(cell(page, 2).locator(".pc-Badge")).to_contain_text("running")

    # A badge takes a click though its clock goes on between press and release.
    click_while_it_changes(
        cell(page, 2).locator(".pc-Badge"), shown.locator(".pc-Step-name", has_text="Prepare")
    )

    # From a node to its cell, and to its log, while the cell still runs.
    shown.get_by_role("button", name="Train, Processing").click()
    expect(cell(page, 3)).to_have_class(re.compile("jp-mod-active"))
    node.click()
    expect(cell(page, 2)).to_have_class(re.compile("jp-mod-active"))
    shown.get_by_role("button", name="Open log of Prepare").click()
    expect(shown.get_by_role("log")).to_contain_text("begun")
    screenshot(page, "extension-run")
    door.touch()
    expect(newest_run(page)).to_contain_text("Succeeded")
    expect(shown.get_by_role("log")).to_contain_text("<b>prepared</b>")
    expect(cell(page, 2).locator(".pc-Badge")).to_contain_text("succeeded")

    # From a badge to its node.
    cell(page, 3).locator(".pc-Badge").click()
    expect(shown.locator(".pc-Step-name")).to_contain_text("Train")
    screenshot(page, "extension-done")


def test_toolbar_profile_target_stop_and_a_restart(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep, tmp_path: Path
) -> None:
    notebook = declared(lab, page, "second.ipynb", tmp_path / "door")
    edit(page, 3, "ml.m5.larg", "ml.m5.large")
    notebook.run(3)
    bar = toolbar(page)
    expect(bar.get_by_role("button", name="Use profile smoke")).to_have_attribute("aria-pressed", "true")
    bar.get_by_role("button", name="Use profile full").click()
    expect(bar.get_by_role("button", name="Use profile full")).to_have_attribute("aria-pressed", "true")
    expect(panel(page).get_by_role("region", name="Parameters")).to_contain_text("ml.m5.4xlarge")

    # Before AWS, people are asked; saying no changes nothing.
    bar.get_by_role("button", name="Target: on this machine").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(bar.get_by_role("button", name="Target: on this machine")).to_be_visible()
    bar.get_by_role("button", name="Target: on this machine").click()
    page.get_by_role("dialog").get_by_role("button", name="Use AWS").click()
    expect(bar.get_by_role("button", name="Target: on AWS")).to_be_visible()
    screenshot(page, "extension-aws")
    bar.get_by_role("button", name="Target: on AWS").click()
    expect(bar.get_by_role("button", name="Target: on this machine")).to_be_visible()

    bar.get_by_role("button", name="Run Second").click()
    bar.get_by_role("button", name="Stop the running execution").click()
    expect(newest_run(page)).to_contain_text("Stopped")
    expect(panel(page).get_by_role("button", name="Retry the latest execution")).to_be_visible()

    # A restarted kernel knows nothing: the panel says so calmly, and follows when it is told again.
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(panel(page)).to_contain_text("has not loaded pipecell")
    expect(page.locator(".pc-Badge")).to_have_count(0)
    expect(bar).to_be_hidden()
    notebook.wait_for_kernel()
    page.evaluate(
        "window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
    )  # and their numbers
    for index in range(4):
        notebook.run(index)
    expect(newest_run(page)).to_contain_text("Stopped")


def test_a_kernel_without_pipecell_is_left_in_peace(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    lab.write("plain.ipynb", "print(1)", "# %pipeline is only mentioned here")
    notebook = lab.open(page, "plain.ipynb")
    notebook.wait_for_kernel()
    show_panel(page)
    notebook.run(0)
    notebook.run(1)
    expect(panel(page)).to_contain_text("This notebook has not loaded pipecell")
    expect(toolbar(page)).to_be_hidden()
    screenshot(page, "extension-absent")
    panel(page).get_by_role("button", name="Run in a cell: %load_ext pipecell").click()
    expect(panel(page)).to_contain_text("No pipeline yet")


HOSTILE = "<img src=x onerror=alert(1)>"


def test_hostile_text_stays_text(lab: Lab, page: Page, watched: Watch) -> None:
    lab.write(
        "hostile.ipynb",
        LOAD,
        f"""%%pipeline Hostile --engine stepfunctions
from stepfunctions.steps import Chain, Fail, Pass
Chain([Pass("{HOSTILE}"), Fail("no", error="{HOSTILE}", cause="<script>alert(2)</script>")])""",
        "%pipeline run",
    )
    notebook = lab.open(page, "hostile.ipynb")
    notebook.wait_for_kernel()
    show_panel(page)
    for index in range(3):
        notebook.run(index)
    expect(newest_run(page)).to_contain_text("<script>alert(2)</script>")
    expect(panel(page).get_by_role("button", name=HOSTILE).first).to_be_visible()
    assert page.locator(".pc-Panel img, .pc-Panel script, .pc-Badge img").count() == 0
