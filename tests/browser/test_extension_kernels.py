"""The JupyterLab extension when kernels die and notebooks change, and what its settings do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, LabPage
from tests.browser.pipeline import LOAD, PREPARE, TRAIN, scripts
from tests.browser.releases import NEWEST, OLDEST
from tests.browser.watch import Watch

LISTEN = """() => {
    const told = (window.pipecellTold = new Set());
    new MutationObserver(() => {
        for (const toast of document.querySelectorAll('.Toastify__toast')) told.add(toast.textContent);
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
"""Remembers what JupyterLab's notifications say: they pass."""
DIE = "import os; os._exit(1)"
CELLS = 4
"""Cells that load pipecell, write the scripts and declare both steps."""


def declared(lab: Lab, page: Page, name: str, door: Path, *more: str) -> LabPage:
    """Open a notebook and run the cells that declare a pipeline of its name; the panel is shown."""
    steps = (cell.replace("NAME", name).replace("m5.larg", "m5.large") for cell in (PREPARE, TRAIN))
    lab.write(f"{name}.ipynb", LOAD, scripts(str(door)), *steps, *more)
    notebook = lab.open(page, f"{name}.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('pipecell:show')")
    run_all(notebook)
    return notebook


def run_all(notebook: LabPage) -> None:
    notebook.wait_for_kernel()
    for index in range(CELLS):
        notebook.run(index)


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Pipelines")


def test_a_run_goes_on_without_its_kernel_and_is_there_again_in_the_next_one(
    lab: Lab, page: Page, tmp_path: Path
) -> None:
    door = tmp_path / "door"
    notebook = declared(lab, page, "Orphan", door, DIE)
    shown = panel(page)
    shown.get_by_role("button", name="Run Orphan on this machine").click()
    newest = shown.get_by_role("listitem").first
    expect(newest).to_contain_text("Executing")

    notebook.start(CELLS)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()  # JupyterLab starts another one
    expect(shown).to_contain_text("has not loaded pipecell")
    expect(page.locator(".pc-Badge")).to_have_count(0)

    run_all(notebook)
    expect(newest).to_contain_text("Executing")
    expect(shown.get_by_role("button", name="Prepare, Processing")).to_contain_text("●")
    door.touch()
    expect(newest).to_contain_text("Succeeded")
    expect(shown.get_by_role("button", name="Train, Processing")).to_contain_text("✓")


def test_a_reloaded_page_shows_the_pipeline_that_runs(lab: Lab, page: Page, tmp_path: Path) -> None:
    door = tmp_path / "door"
    other = "%%pipeline Idle\nStartAt: A\nStates: {A: {Type: Pass, End: true}}"
    notebook = declared(lab, page, "Busy", door, other, "%pipeline run --pipeline Busy")
    notebook.run(CELLS)
    chosen = panel(page).get_by_role("combobox", name="Pipeline")
    expect(chosen).to_have_value("Idle")
    notebook.run(CELLS + 1)
    expect(chosen).to_have_value("Busy")
    notebook.save()

    page.reload()
    expect(page.locator(".pc-Badge").first).to_be_visible()
    page.evaluate("window.jupyterapp.commands.execute('pipecell:show')")
    expect(chosen).to_have_value("Busy")
    expect(panel(page).get_by_role("button", name="Stop the running execution")).to_be_enabled()
    door.touch()
    expect(panel(page).get_by_role("listitem").first).to_contain_text("Succeeded")


def test_the_panel_is_that_of_the_notebook_in_front(lab: Lab, page: Page, tmp_path: Path) -> None:
    declared(lab, page, "Left", tmp_path / "door")
    shown = panel(page)
    expect(shown.get_by_role("heading", name="Left")).to_be_visible()
    left = page.evaluate("window.jupyterapp.shell.currentWidget.id")

    lab.write("right.ipynb", "1")
    page.evaluate("void window.jupyterapp.commands.execute('docmanager:open', { path: 'right.ipynb' })")
    expect(shown).to_contain_text("This notebook has not loaded pipecell")
    expect(shown.get_by_role("heading", name="Left")).to_have_count(0)

    page.evaluate("id => window.jupyterapp.shell.activateById(id)", left)
    expect(shown.get_by_role("heading", name="Left")).to_be_visible()
    expect(shown.get_by_role("button", name="Run Left on this machine")).to_be_enabled()


@pytest.mark.parametrize("lab", [NEWEST, OLDEST], indirect=True)
def test_each_notebook_is_linked_to_its_own_kernel(lab: Lab, page: Page, tmp_path: Path) -> None:
    door = str(tmp_path / "door")
    for name in ("East", "West"):
        step = PREPARE.replace("NAME", name).replace("m5.larg", "m5.large")
        lab.write(f"{name}.ipynb", LOAD, scripts(door), step)
    lab.open(page, "East.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('pipecell:show')")
    shown = panel(page)
    for name in ("East", "West"):
        page.evaluate(
            "path => void window.jupyterapp.commands.execute('docmanager:open', { path })", f"{name}.ipynb"
        )
        notebook = LabPage(lab, page, f"{name}.ipynb")
        notebook.wait_for_kernel()
        for index in range(3):
            notebook.run(index)
        expect(shown.get_by_role("heading", name=name)).to_be_visible()


def test_kernels_without_pipecell_and_of_another_language_are_told_apart_calmly(
    lab: Lab, page: Page, watched: Watch
) -> None:
    lab.write("kernels.ipynb", LOAD, "%%pipeline Nowhere\n1")
    notebook = lab.open(page, "kernels.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('pipecell:show')")

    def use(kernel: str) -> None:
        session = "window.jupyterapp.shell.currentWidget.sessionContext"
        page.evaluate(f"async kernel => {{ await {session}.changeKernel({{ name: kernel }}); }}", kernel)
        page.wait_for_function(f"kernel => {session}.session?.kernel?.name === kernel", arg=kernel)
        notebook.wait_for_kernel()

    notebook.wait_for_kernel()
    use("without")
    expect(panel(page)).to_contain_text("has not loaded pipecell")
    panel(page).get_by_role("button", name="Run in a cell: %load_ext pipecell").click()
    expect(panel(page)).to_contain_text("The kernel of this notebook has no pipecell.")
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(2)  # its own cell ran, no new one
    use("bash")
    expect(panel(page)).to_contain_text("The kernel of this notebook speaks bash.")
    notebook.run(1)
    expect(panel(page)).to_contain_text("The kernel of this notebook speaks bash.")
    use("python3")
    notebook.run(0)
    expect(panel(page)).to_contain_text("No pipeline yet")


def test_settings_choose_the_profile_of_a_run_and_whether_aws_is_asked_about(
    lab: Lab, page: Page, setting: Callable[..., None], tmp_path: Path
) -> None:
    setting(defaultProfile="full", confirmAws=False)
    door = tmp_path / "door"
    door.touch()
    declared(lab, page, "Settled", door)
    bar = page.locator(".jp-NotebookPanel-toolbar").get_by_role("group", name="Pipeline")
    full = bar.get_by_role("button", name="Use profile full")
    expect(full).to_have_attribute("aria-pressed", "true")

    bar.get_by_role("button", name="Target: on this machine").click()
    expect(bar.get_by_role("button", name="Target: on AWS")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    bar.get_by_role("button", name="Target: on AWS").click()

    page.evaluate(LISTEN)
    told = "words => [...window.pipecellTold].some(text => text.includes(words))"
    bar.get_by_role("button", name="Run Settled").click()
    page.wait_for_function(told, arg="Settled: profile full")
    bar.get_by_role("button", name="Use profile smoke").click()
    expect(full).to_have_attribute("aria-pressed", "false")
    bar.get_by_role("button", name="Run Settled").click()
    page.wait_for_function(told, arg="Settled: profile smoke")
    expect(panel(page).get_by_role("listitem").first).to_contain_text("Succeeded")


def test_a_notebook_opened_again_and_again_finds_its_pipelines_in_its_kernel(
    lab: Lab, page: Page, tmp_path: Path
) -> None:
    # ipywidgets' extension keeps closed notebooks and their connections alive: faults of closing do not show.
    with lab.without("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        notebook = declared(lab, page, "Reopened", tmp_path / "door")
    shown = panel(page)
    for _ in range(3):
        expect(shown.get_by_role("heading", name="Reopened")).to_be_visible()
        notebook.wait_for_front()
        page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")
        expect(shown.get_by_role("heading", name="Reopened")).to_have_count(0)
        page.evaluate(
            "void window.jupyterapp.commands.execute('docmanager:open', { path: 'Reopened.ipynb' })"
        )
    expect(shown.get_by_role("heading", name="Reopened")).to_be_visible()
