"""Definition files, the palette, the launcher's notebook, completion and keys, in a real JupyterLab."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import RUN_SECONDS, Lab
from tests.browser.releases import NEWEST, OLDEST
from tests.browser.watch import Watch

Keep = Callable[[Page, str], None]

CENSUS = Path(__file__).parents[1] / "unit" / "golden" / "census.json"
HOSTILE = "<img src=x onerror=alert(1)>"
MACHINE = {
    "StartAt": HOSTILE,
    "States": {
        HOSTILE: {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Nowhere"}]},
        "End": {"Type": "Succeed"},
    },
}


@pytest.fixture
def watched(page: Page, lab: Lab) -> Iterator[Watch]:
    """Fail a test whose page logs an error or asks anybody but Jupyter."""
    watch = Watch(page, lab.url)
    yield watch
    watch.check()


def arrive(page: Page, lab: Lab, workspace: str) -> None:
    page.goto(f"{lab.url}/lab/workspaces/{workspace}?token={lab.token}&reset")
    page.wait_for_selector(".jp-DirListing-item", timeout=RUN_SECONDS * 1000)


def double_click(page: Page, name: str) -> None:
    page.locator(".jp-DirListing-item").filter(has_text=name).first.dblclick()


@pytest.mark.parametrize("lab", [NEWEST, OLDEST], indirect=True)
def test_definitions_open_as_a_dag_with_their_checks(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    shutil.copy(CENSUS, lab.folder / "census.json")
    (lab.folder / "machine.asl.json").write_text(json.dumps(MACHINE))
    (lab.folder / "broken.asl.json").write_text("{")
    (lab.folder / "other.json").write_text('{"a": 1}')
    arrive(page, lab, "files")

    double_click(page, "census.json")
    shown = page.locator(".pc-Viewer")
    expect(shown.get_by_role("button", name="CensusTrain, Training")).to_be_visible()
    expect(shown.get_by_role("complementary", name="Checks")).to_contain_text("SageMaker Pipelines · 6 steps")
    screenshot(page, "extension-file")

    # A state machine with an error, and a name that must stay a name.
    double_click(page, "machine.asl.json")
    shown = page.locator(".pc-Viewer").filter(visible=True)
    expect(shown.get_by_role("button", name=HOSTILE).first).to_be_visible()
    expect(shown.get_by_role("complementary", name="Checks")).to_contain_text("Nowhere")
    assert page.locator(".pc-Viewer img").count() == 0

    # What cannot be read says why; what is no definition opens as ever.
    double_click(page, "broken.asl.json")
    shown = page.locator(".pc-Viewer").filter(visible=True)
    expect(shown).to_contain_text("not JSON")
    double_click(page, "other.json")
    expect(page.locator(".jp-RenderedJSON").filter(visible=True)).to_be_visible()


def test_the_launcher_s_notebook_runs_and_its_magics_complete(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    lab.write("any.ipynb", "1")
    arrive(page, lab, "launcher")
    page.locator(".jp-LauncherCard").filter(has_text="Pipeline notebook").click()
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=RUN_SECONDS * 1000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    last = page.locator(".jp-Notebook .jp-Cell").last
    expect(last.locator(".jp-OutputArea")).to_contain_text("10 rows read", timeout=RUN_SECONDS * 1000)

    # Completion of a magic line, in the words of the kernel's own table.
    page.evaluate(
        """() => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = content.widgets.length - 1;
            content.activeCell.model.sharedModel.setSource('%pipeline pr');
            content.mode = 'edit';
            content.activeCell.editor.setCursorPosition({ line: 0, column: 12 });
            content.activeCell.editor.focus();
            return window.jupyterapp.commands.execute('completer:invoke-notebook');
        }"""
    )
    expect(page.locator(".jp-Completer")).to_contain_text("preview")
    expect(page.locator(".jp-Completer")).to_contain_text("profile")

    # The palette and a key reach the same acts.
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Alt+p")
    bar = page.locator(".jp-NotebookPanel-toolbar").get_by_role("group", name="Pipeline")
    expect(bar.get_by_role("button", name="Use profile full")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+Shift+c")
    page.locator(".lm-CommandPalette-input").fill("smoke and full")
    page.locator(".lm-CommandPalette-item").filter(has_text="Switch between Smoke and Full").click()
    expect(bar.get_by_role("button", name="Use profile smoke")).to_have_attribute("aria-pressed", "true")
    screenshot(page, "extension-template")
