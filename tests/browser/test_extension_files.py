"""Definition files, the palette, the launcher's notebook, completion and keys, in a real JupyterLab."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import RUN_SECONDS, Lab, press_until
from tests.browser.releases import NEWEST, OLDEST
from tests.browser.watch import Watch

Keep = Callable[[Page, str], None]

CENSUS = Path(__file__).parents[1] / "unit" / "golden" / "census.json"
HOSTILE = "<img src=x onerror=alert(1)> 🚀"
MACHINE = {
    "StartAt": HOSTILE,
    "States": {
        HOSTILE: {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Nowhere"}]},
        "End": {"Type": "Succeed"},
    },
}
# While nobody sees the page it does not look after its files: none of its looks meets the old name.
RENAME = """async () => {
    const { contents } = window.jupyterapp.serviceManager;
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    await contents.get('moved.asl.yaml', { content: false });
    await contents.rename('moved.asl.yaml', 'other-name.asl.yaml');
    delete document.hidden;
}"""


def arrive(page: Page, lab: Lab, workspace: str) -> None:
    page.goto(f"{lab.url}/lab/workspaces/{workspace}?token={lab.token}&reset")
    page.wait_for_selector(".jp-DirListing-item", timeout=RUN_SECONDS * 1000)


def double_click(page: Page, name: str) -> None:
    page.locator(".jp-DirListing-item").filter(has=page.get_by_text(name, exact=True)).dblclick()


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


def visible(page: Page) -> Locator:
    """Return the viewer that is looked at."""
    return page.locator(".pc-Viewer").filter(visible=True)


def test_checks_lead_to_the_step_and_to_the_line(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    """A click on what is wrong chooses the state, one on its place opens the text there."""
    file = lab.folder / "led.v2.asl.json"
    states = {"First": {"Type": "Pass", "Next": "Second"}, "Second": {"Type": "Wait", "Next": "Gone"}}
    file.write_text(json.dumps({"StartAt": "First", "States": states}, indent=1))
    arrive(page, lab, "led")
    double_click(page, "led.v2.asl.json")
    checks = visible(page).get_by_role("complementary", name="Checks")
    expect(checks).to_contain_text("2 errors")
    checks.get_by_role("button", name='There is no state "Gone". Go to Second.').click()
    drawer = visible(page).get_by_role("complementary", name="Step Second")
    expect(drawer.get_by_role("tab", name="Arguments")).to_have_attribute("aria-selected", "true")
    expect(drawer).to_contain_text("Gone")
    screenshot(page, "extension-file-step")

    checks.get_by_role("button", name="PC150: show its place in the text").click()
    page.wait_for_function(
        """() => {
            const editor = window.jupyterapp.shell.currentWidget?.content?.editor;
            return editor?.getCursorPosition().line === 9 && editor.hasFocus();
        }"""
    )
    # What is typed there is drawn before it is saved.
    page.evaluate(
        """() => {
            const model = window.jupyterapp.shell.currentWidget.context.model.sharedModel;
            model.setSource(model.getSource().replace('"Gone"', '"Third"'));
        }"""
    )
    expect(checks).to_contain_text('There is no state "Third"')

    # Half-typed text is no JSON for a moment: the drawing stays, and says that it is not of this text.
    page.keyboard.press("Control+Home")
    page.keyboard.type("x")
    expect(checks.get_by_role("status")).to_contain_text("as it could be read last")
    expect(page.locator(".pc-Viewer .pc-node")).to_have_count(2)
    page.keyboard.press("Backspace")
    expect(checks.get_by_role("status")).to_be_empty()

    # In a narrow window the drawing keeps the larger part.
    page.set_viewport_size({"width": 640, "height": 900})
    page.wait_for_function(
        """() => {
            const width = name => document.querySelector(`.pc-Viewer-${name}`).getBoundingClientRect().width;
            return innerWidth < 700 && width('main') > width('side');
        }"""
    )


def test_files_follow_the_disk_and_their_name(lab: Lab, page: Page, watched: Watch) -> None:
    (lab.folder / "moved.asl.yaml").write_text("StartAt: A\nStates:\n  A:\n    Type: Succeed\n")
    arrive(page, lab, "moved")
    double_click(page, "moved.asl.yaml")
    expect(visible(page).get_by_role("button", name="A, Succeed")).to_be_visible()
    (lab.folder / "moved.asl.yaml").write_text("StartAt: B\nStates:\n  B:\n    Type: Succeed\n")
    expect(visible(page).get_by_role("button", name="B, Succeed")).to_be_visible()
    page.evaluate(RENAME)
    expect(visible(page).get_by_role("region", name="Pipeline other-name")).to_be_visible()


def test_a_thousand_states_open_from_their_stack(lab: Lab, page: Page, watched: Watch) -> None:
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(999)}
    machine = {"StartAt": "S0", "States": {**states, "S999": {"Type": "Succeed"}}}
    (lab.folder / "thousand.asl.json").write_text(json.dumps(machine))
    arrive(page, lab, "thousand")
    double_click(page, "thousand.asl.json")
    expect(visible(page).locator(".pc-node").first).to_be_visible()
    visible(page).locator(".pc-toggle").first.click()
    expect(visible(page).locator(".pc-node")).to_have_count(1000)


def test_a_problem_in_a_stack_opens_it_and_shows_its_state(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(399)}
    states["S399"] = {"Type": "Pass", "Next": "Gone"}
    (lab.folder / "hidden.asl.json").write_text(json.dumps({"StartAt": "S0", "States": states}))
    arrive(page, lab, "hidden")
    double_click(page, "hidden.asl.json")
    expect(visible(page).locator(".pc-node").first).to_be_visible()
    checks = visible(page).get_by_role("complementary", name="Checks")
    checks.get_by_role("button", name='There is no state "Gone". Go to S399.').click()
    expect(visible(page).get_by_role("complementary", name="Step S399")).to_be_visible()
    expect(visible(page).locator(".pc-node.pc-selected")).to_be_in_viewport(ratio=1)
    screenshot(page, "extension-file-hidden-step")


def test_the_launcher_s_notebook_runs_and_its_magics_complete(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    lab.write("any.ipynb", "1")
    arrive(page, lab, "launcher")
    card = page.locator(".jp-LauncherCard").filter(has_text="Pipeline Notebook")
    expect(card.locator("img")).to_have_js_property("complete", value=True)
    assert card.locator("img").evaluate("picture => picture.naturalWidth > 0")
    card.click()
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=RUN_SECONDS * 1000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    expect(last.locator(".jp-OutputArea")).to_contain_text("12 rows read", timeout=RUN_SECONDS * 1000)

    # Completion of a magic line, in the words of the kernel's own table.
    last.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("%pipeline pr")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer")).to_contain_text("preview")
    expect(page.locator(".jp-Completer")).to_contain_text("profile")

    # The palette and a key reach the same acts.
    page.keyboard.press("Escape")
    press_until(page, "pipecell:profile", "Control+k", "p")
    bar = page.locator(".jp-NotebookPanel-toolbar").get_by_role("group", name="Pipeline")
    expect(bar.get_by_role("button", name="Use profile full")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+Shift+c")
    page.locator(".lm-CommandPalette-input").fill("smoke and full")
    page.locator(".lm-CommandPalette-item").filter(has_text="Switch between Smoke and Full").click()
    expect(bar.get_by_role("button", name="Use profile smoke")).to_have_attribute("aria-pressed", "true")
    screenshot(page, "extension-template")
