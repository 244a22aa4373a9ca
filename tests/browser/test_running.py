"""Runs of many steps in a real JupyterLab, on both engines, while they run; and their looks in the dark."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.definitions import BREAK, COUNT, chain, definition, job, write
from tests.browser.lab import Lab

Keep = Callable[[Page, str], None]

READ = "import pipecell; p = pipecell.Pipeline.read({!r})"
RUN = "e = p.run(); e"
HOSTILE = "<img src=x onerror=window.hacked=1>"
TALK = "\nfor number in range(400): print('line', number)\nprint('<b>needle</b>')\n" + BREAK.removeprefix(
    "\n"
)


def machine(count: int) -> dict[str, object]:
    """Return a state machine of one state after another, each of which can be told from the next."""
    names = [f"State{number}" for number in range(count)]
    after = [{"Next": name} for name in names[1:]] + [{"End": True}]
    states = {name: {"Type": "Pass", **more} for name, more in zip(names, after, strict=True)}
    return {"StartAt": names[0], "States": states}


def run(lab: Lab, page: Page, file: str, body: dict[str, object]) -> Locator:
    """Start a run of a definition in a notebook of its own; return the run's view."""
    name = file.partition(".")[0]
    if file.endswith(".asl.json"):
        (lab.folder / file).write_text(json.dumps(body), encoding="utf-8")
    else:
        write(lab.folder, name, body)
    lab.write(f"{name}.ipynb", READ.format(file), RUN)
    notebook = lab.open(page, f"{name}.ipynb")
    notebook.wait_for_kernel()
    notebook.run(0)
    return notebook.run(1).locator(".pcdag")


def in_state(view: Locator, ink: str) -> Locator:
    return view.locator(f".pc-node.pc-is-{ink}")


def open_all(view: Locator) -> None:
    view.locator(".pc-canvas").hover()
    view.get_by_role("button", name="Open all groups").click()


@pytest.mark.parametrize(
    ("file", "body"),
    [("Sixty.json", chain(60)), ("SixtyStates.asl.json", machine(60))],
    ids=["steps", "states"],
)
def test_each_of_sixty_says_how_it_stands(
    lab: Lab, page: Page, screenshot: Keep, file: str, body: dict[str, object]
) -> None:
    view = run(lab, page, file, body)
    expect(view.locator(".pc-node")).to_have_count(60)
    expect(view.locator(".pc-status")).to_contain_text("ucceeded", ignore_case=True)
    expect(in_state(view, "ok")).to_have_count(60)
    expect(view.locator(".pc-timeline .pc-row")).to_have_count(60)
    expect(view.locator(".pc-node").first).to_be_in_viewport()
    screenshot(page, f"running-{file.partition('.')[0]}")


def test_six_hundred_steps_run_as_stacks_and_one_by_one_until_they_are_stopped(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    body = chain(599)
    body["Steps"].append(job("Last", COUNT, DependsOn=["Start"]))  # it runs until somebody stops it
    view = run(lab, page, "SixHundred.json", body)
    expect(view.locator(".pc-node")).to_have_count(2)
    stack = view.locator(".pc-node").nth(1)
    expect(stack).to_contain_class("pc-is-run")
    open_all(view)
    expect(view.locator(".pc-node")).to_have_count(600)
    expect(in_state(view, "ok").nth(3)).to_be_attached()
    screenshot(page, "running-600")
    view.get_by_role("button", name="■ Stop").click()
    expect(view.locator(".pc-status")).to_contain_text("Stopped")
    expect(in_state(view, "run")).to_have_count(0)


def test_six_hundred_states_run_to_their_end(lab: Lab, page: Page, screenshot: Keep) -> None:
    view = run(lab, page, "SixHundredStates.asl.json", machine(600))
    expect(view.locator(".pc-status")).to_contain_text("SUCCEEDED")
    expect(in_state(view, "ok")).to_have_count(view.locator(".pc-node").count())
    assert view.locator(".pc-node").count() <= 300
    screenshot(page, "running-600-states")


def test_a_stack_in_the_side_panel_has_the_colour_of_its_run_and_opens(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    states = "Chain([Pass(f'State{n}') for n in range(400)])"
    declare = (
        f"%%pipeline Stacked --engine stepfunctions\nfrom stepfunctions.steps import Chain, Pass\n{states}"
    )
    lab.write("Stacked.ipynb", "%load_ext pipecell", declare, "%pipeline run --wait")
    notebook = lab.open(page, "Stacked.ipynb")
    notebook.wait_for_kernel()
    page.evaluate("() => window.jupyterapp.commands.execute('pipecell:show')")
    for index in range(3):
        notebook.run(index)
    panel = page.get_by_role("region", name="Pipelines").locator(".pc-Overview")
    stack = panel.locator(".pc-node")
    expect(stack).to_have_count(1)
    expect(stack).to_contain_class("pc-is-ok")
    screenshot(page, "running-panel")
    stack.locator(".pc-toggle").click()
    expect(panel.locator(".pc-node.pc-is-ok").nth(1)).to_be_attached()


def test_a_problem_in_a_stack_of_the_side_panel_shows_its_state(lab: Lab, page: Page) -> None:
    states = "Chain([*[Pass(f'State{n}') for n in range(399)], Wait('Slow', seconds_path='.wrong')])"
    needs = "from stepfunctions.steps import Chain, Pass, Wait"
    declare = f"%%pipeline Hidden --engine stepfunctions\n{needs}\n{states}"
    lab.write("Hidden.ipynb", "%load_ext pipecell", declare)
    notebook = lab.open(page, "Hidden.ipynb")
    notebook.wait_for_kernel()
    page.evaluate("() => window.jupyterapp.commands.execute('pipecell:show')")
    for index in range(2):
        notebook.run(index)
    panel = page.get_by_role("region", name="Pipelines")
    expect(panel.locator(".pc-Overview .pc-node")).to_have_count(1)
    panel.locator("button.pc-Problem").filter(has_text="Slow").click()
    expect(panel.locator(".pc-node.pc-selected")).to_have_accessible_name(re.compile("^Slow, Wait"))
    expect(panel.locator(".pc-node.pc-selected")).to_be_in_viewport(ratio=1)
    expect(panel.locator(".pc-Step-name")).to_contain_text("Slow")


def test_in_the_dark_a_log_is_searched_and_everything_can_be_told_apart(
    lab: Lab, page: Page, screenshot: Keep
) -> None:
    view = run(lab, page, "Talks.json", definition(job("Talk", TALK), job("Other", "\nprint(1)")))
    theme = "{ theme: 'JupyterLab Dark' }"
    page.evaluate(f"() => window.jupyterapp.commands.execute('apputils:change-theme', {theme})")
    expect(view).to_have_attribute("data-theme", "dark")
    expect(view.locator(".pc-status")).to_contain_text("Failed")
    view.locator(".pc-node[data-id=Talk]").click()
    view.get_by_role("tab", name="Log").click()
    view.get_by_role("searchbox", name="Search the log").fill("NEEDLE")
    expect(view.locator(".pc-hit")).to_have_text("<b>needle</b>")
    expect(view.locator(".pc-hit")).to_be_in_viewport()
    found = violations(page, ".pcdag")
    screenshot(page, "running-dark")
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })"
    )
    assert found == []


def test_hostile_states_stay_text(lab: Lab, page: Page, screenshot: Keep) -> None:
    states = {
        HOSTILE: {"Type": "Pass", "Result": HOSTILE, "Next": "Fail"},
        "Fail": {"Type": "Fail", "Error": HOSTILE, "Cause": "<script>window.hacked=1</script>"},
    }
    view = run(lab, page, "HostileRun.asl.json", {"StartAt": HOSTILE, "States": states})
    expect(view.locator(".pc-status")).to_contain_text("FAILED")
    view.locator(".pc-node").first.click()
    for name in ("State", "Arguments", "Overview"):
        view.get_by_role("tab", name=name).click()
        expect(view.get_by_role("complementary")).to_contain_text(HOSTILE)
    assert page.locator(".pcdag img, .pcdag script").count() == 0
    assert page.evaluate("() => window.hacked") is None
    screenshot(page, "running-hostile")
