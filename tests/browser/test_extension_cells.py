"""The JupyterLab extension as cells come and go: in a notebook, in two views, in two that share a kernel."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, LabPage, hover_for
from tests.browser.pipeline import LOAD
from tests.browser.watch import Watch

STATES = """%%pipeline NAME --engine stepfunctions
import stepfunctions.steps as states
states.Chain([states.Pass("Begin"), states.Wait("Hold", seconds=WRONG), states.Succeed("End")])"""

BACK = "3 states, The cell was taken out and put back: run it again. Show in NAME."


def opened(lab: Lab, page: Page, name: str, *cells: str) -> LabPage:
    """Open a notebook of its own, run its cells, and show the panel."""
    lab.write(f"{name}.ipynb", LOAD, *cells)
    notebook = lab.open(page, f"{name}.ipynb")
    notebook.wait_for_kernel()
    do(page, "pipecell:show")
    for index in range(len(cells) + 1):
        notebook.run(index)
    return notebook


def states(name: str, seconds: str = "1") -> str:
    return STATES.replace("NAME", name).replace("WRONG", seconds)


def do(page: Page, command: str, **arguments: object) -> None:
    page.evaluate(
        "([command, args]) => window.jupyterapp.commands.execute(command, args).then(() => null)",
        [command, arguments],
    )


def choose(page: Page, index: int) -> None:
    page.evaluate(
        """index => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = index;
            content.deselectAll();
        }""",
        index,
    )


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Pipelines")


def badges(page: Page) -> Locator:
    return page.locator(".jp-NotebookPanel:visible .pc-Badge")


def test_a_cell_that_python_refuses_is_underlined_until_it_is_mended(
    lab: Lab, page: Page, watched: Watch
) -> None:
    notebook = opened(lab, page, "Mended", states("Mended", "secnods"))
    line = page.locator(".pc-Underline.pc-mod-error")
    expect(line).to_have_text("secnods")
    expect(badges(page)).to_have_accessible_name("1 problem")
    problems = panel(page)
    expect(problems).to_contain_text("No pipeline yet")
    page.evaluate(
        "text => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(text)",
        states("Mended"),
    )
    notebook.run(1)
    expect(line).to_have_count(0)
    expect(badges(page)).to_have_accessible_name("3 states. Show in Mended.")


def test_a_cell_that_was_deleted_and_put_back_says_that_it_must_run(
    lab: Lab, page: Page, watched: Watch
) -> None:
    notebook = opened(lab, page, "Restored", states("Kept"), states("Undone"))
    shown = panel(page)
    expect(shown.get_by_role("combobox", name="Pipeline")).to_have_value("Undone")
    choose(page, 2)
    do(page, "notebook:delete-cell")
    expect(shown.get_by_role("heading", name="Kept")).to_be_visible()
    do(page, "notebook:undo-cell-action")
    expect(badges(page).nth(1)).to_have_accessible_name(BACK.replace("NAME", "Undone"))
    notebook.run(2)
    expect(badges(page).nth(1)).to_have_accessible_name("3 states. Show in Undone.")
    expect(shown.get_by_role("combobox", name="Pipeline")).to_have_value("Undone")


def test_a_copied_cell_is_told_of_the_first_until_that_is_edited(
    lab: Lab, page: Page, watched: Watch
) -> None:
    opened(lab, page, "Copied", states("Copied"), states("Copied"))
    shown, told = panel(page), "Hold is declared by cell 2, too."
    expect(shown).to_contain_text(told)
    expect(badges(page).nth(0)).to_have_accessible_name("Declared again in another cell. Show in Copied.")
    expect(badges(page).nth(1)).to_have_accessible_name(re.compile("3 states, 3 problems"))
    page.evaluate(
        "text => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(text)",
        states("Other"),
    )
    expect(shown).not_to_contain_text(told)


def test_a_cell_that_is_made_text_declares_nothing_until_it_runs_again(
    lab: Lab, page: Page, watched: Watch
) -> None:
    opened(lab, page, "Textual", states("Code"), states("Text"))
    shown = panel(page)
    expect(shown.get_by_role("combobox", name="Pipeline")).to_have_value("Text")
    choose(page, 2)
    do(page, "notebook:change-cell-to-markdown")
    expect(shown.get_by_role("heading", name="Code")).to_be_visible()
    do(page, "notebook:change-cell-to-code")
    expect(badges(page).nth(1)).to_have_accessible_name(BACK.replace("NAME", "Text"))


def test_a_step_of_a_console_has_no_cell_to_go_to(lab: Lab, page: Page, watched: Watch) -> None:
    opened(lab, page, "Consoled")
    begin = """async code => {
        const { commands, shell } = window.jupyterapp;
        const { id } = shell.currentWidget.sessionContext.session.kernel;
        const where = { path: 'Consoled.ipynb', basePath: '', insertMode: 'split-bottom' };
        const made = await commands.execute('console:create', { ...where, kernelPreference: { id } });
        await made.sessionContext.ready;
        await made.console.inject(code);
    }"""
    page.evaluate(begin, states("Consoled"))
    shown = panel(page)
    shown.locator(".pc-node[data-id=Begin]").click()
    expect(shown.locator(".pc-Step")).to_contain_text("Pass")
    expect(shown.get_by_role("button", name="Go to cell of Begin")).to_have_count(0)


def test_a_problem_is_said_once_in_each_of_two_views_of_a_notebook(
    lab: Lab, page: Page, watched: Watch
) -> None:
    opened(lab, page, "Viewed", states("Viewed", '"soon"'))
    expect(page.locator(".pc-Underline.pc-mod-error")).to_have_count(1)
    do(page, "docmanager:clone")
    expect(page.locator(".jp-NotebookPanel")).to_have_count(2)
    lines = page.locator(".jp-NotebookPanel:visible .pc-Underline.pc-mod-error")
    expect(lines).to_have_count(2)
    hover_for(lines.last, page.locator(".pc-Tooltip"))
    expect(page.locator(".pc-Tooltip .pc-Explain")).to_have_count(1)
    expect(badges(page)).to_have_count(2)


def test_two_notebooks_that_share_a_kernel_both_show_its_pipelines(
    lab: Lab, page: Page, watched: Watch
) -> None:
    lab.write("guest.ipynb", states("Guest"))
    opened(lab, page, "Host", states("Host"))
    host = page.evaluate("window.jupyterapp.shell.currentWidget.id")
    kernel = page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    do(page, "docmanager:open", path="guest.ipynb", kernel={"id": kernel})
    shown = panel(page)
    expect(shown.get_by_role("heading", name="Host")).to_be_visible()
    LabPage(lab, page, "guest.ipynb").run(0)
    expect(shown.get_by_role("combobox", name="Pipeline")).to_have_value("Guest")
    expect(badges(page).last).to_have_accessible_name("3 states. Show in Guest.")

    # Of the other notebook's cells nothing is said but what is so; a node leads there.
    shown.get_by_role("combobox", name="Pipeline").select_option("Host")
    node = shown.get_by_role("button", name="Hold, Wait")
    expect(node).not_to_have_attribute("aria-description", "The cell that declares this was deleted.")
    node.click()
    page.wait_for_function("id => window.jupyterapp.shell.currentWidget?.id === id", arg=host)
    expect(shown.get_by_role("combobox", name="Pipeline")).to_have_value("Host")


def bars(page: Page) -> Locator:
    return page.locator(".jp-NotebookPanel-toolbar").get_by_role("group", name="Pipeline")


def test_a_toolbar_acts_on_its_own_notebook_though_another_is_in_front(
    lab: Lab, page: Page, watched: Watch
) -> None:
    lab.write("front.ipynb", "1")
    opened(lab, page, "Behind", states("Behind"))
    do(page, "docmanager:open", path="front.ipynb", options={"mode": "split-bottom"})
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.context?.path === 'front.ipynb'")
    full = bars(page).get_by_role("button", name="Use profile full")
    full.dispatch_event("click")  # some browsers give a button that is clicked no focus
    expect(full).to_have_attribute("aria-pressed", "true")
