"""The renderer alone in a real browser: what it draws, and what people can do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pipecell.definition import read_document, read_graph
from pipecell.definition.checks import Diagnostic
from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.folding import Folding, unfold
from pipecell.view.model import RunFacts, document, scene_of, step_states
from tests.browser.axe import violations
from tests.browser.renderer import asked, show, tell

CENSUS = Path(__file__).parents[1] / "unit" / "golden" / "census.json"
Keep = Callable[[Page, str], None]


def census() -> Graph:
    return read_graph(read_document(CENSUS.read_text(encoding="utf-8"), name="CensusPipeline"))


def running(graph: Graph, **states: NodeState) -> dict[str, Any]:
    """Return the document of a run that began at second 0 of its epoch."""
    scene = scene_of(graph, Folding(), with_state=True)
    return document(
        graph,
        scene,
        run=RunFacts("Executing", started=0.0, count=f"1 of {len(graph.nodes)} steps"),
        states=step_states(scene, states, 0.0),
        target="local",
        place="on this machine",
        profile="smoke",
        execution="arn:aws:sagemaker:us-east-1:000000000000:pipeline/censuspipeline/execution/e1",
    )


def test_a_run_is_drawn_with_a_sign_for_each_state(page: Page, screenshot: Keep) -> None:
    graph = census()
    show(
        page,
        running(
            graph, CensusProcess=NodeState("Succeeded", 0.0, 2.0), CensusTrain=NodeState("Executing", 2.0)
        ),
    )
    cards = page.locator(".pc-node")
    expect(cards).to_have_count(len(graph.nodes))
    expect(page.get_by_role("button", name="CensusProcess, Processing")).to_contain_text("0:02 ✓")
    expect(page.get_by_role("button", name="CensusTrain, Training")).to_contain_text("●")
    expect(page.get_by_role("button", name="TooWeak, Fail")).to_contain_text("○")
    screenshot(page, "renderer-run-light")


def test_a_document_that_is_drawn_already_is_not_drawn_again(page: Page) -> None:
    drawn = running(census(), CensusTrain=NodeState("Executing", 2.0))
    show(page, drawn)
    page.evaluate("() => { document.querySelector('.pc-node').wasDrawn = true; }")
    kept = "() => document.querySelector('.pc-node').wasDrawn === true"
    tell(page, {"type": "document", "document": drawn})
    assert page.evaluate(kept)
    tell(page, {"type": "document", "document": {**drawn, "facts": ["another"]}})
    assert not page.evaluate(kept)


def test_a_document_that_was_drawn_before_the_last_change_is_drawn_again(page: Page) -> None:
    drawn = running(census(), CensusTrain=NodeState("Executing", 2.0))
    show(page, drawn)
    train = page.get_by_role("button", name="CensusTrain, Training")
    tell(page, {"type": "delta", "steps": [[1, "Succeeded", 2, 9]]})
    expect(train).to_contain_text("✓")
    tell(page, {"type": "document", "document": drawn})
    expect(train).to_contain_text("●")


def test_a_delta_changes_its_card_and_no_other(page: Page) -> None:
    show(page, running(census(), CensusTrain=NodeState("Executing", 2.0)))
    places = "() => [...document.querySelectorAll('.pc-node')].map(node => node.style.transform)"
    before = page.evaluate(places)
    tell(page, {"type": "delta", "steps": [[1, "Failed", 2, 9, {"reason": "ran out of memory"}]]})
    card = page.get_by_role("button", name="CensusTrain, Training")
    expect(card).to_contain_text("0:07 ✕")
    name = "CensusTrain, Training, xgboost 1.7-1 · ml.p3.2xlarge, failed, ran out of memory"
    expect(card).to_have_accessible_name(name)
    assert page.evaluate(places) == before


def test_a_pipeline_without_steps_says_so(page: Page, screenshot: Keep) -> None:
    begun = Graph("FirstPipeline", "sagemaker")
    show(page, document(begun, scene_of(begun, Folding(), with_state=False)))
    expect(page.get_by_text("No steps yet")).to_be_visible()
    screenshot(page, "renderer-no-steps")
    show(page, running(census()))
    expect(page.get_by_text("No steps yet")).to_be_hidden()


def test_an_upload_has_a_bar_while_it_lasts(page: Page) -> None:
    show(page, running(census()))
    tell(page, {"type": "progress", "what": "Uploading 30 of 120 MB", "share": 0.25})
    bar = page.locator(".pc-progress")
    expect(bar).to_contain_text("Uploading 30 of 120 MB")
    expect(bar.locator(".pc-meter > span")).to_have_attribute("style", "width: 25%;")
    tell(page, {"type": "progress", "what": "", "share": 1})
    expect(bar).to_be_hidden()


def test_the_log_and_a_retry_are_one_click_away_from_a_failure(page: Page) -> None:
    graph = census()
    show(page, running(graph, CensusTrain=NodeState("Failed", 2.0, 9.0)))
    tell(page, {"type": "delta", "run": {"status": "Failed", "running": False, "ended": 9.0}})
    page.get_by_role("button", name="Open log").click()
    tell(page, {"type": "detail", "detail": DETAIL})
    expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
    assert {"type": "log", "node": "CensusTrain", "follow": True} in asked(page)
    page.get_by_role("button", name="Retry from here").click()
    assert {"type": "act", "action": "retry", "node": "CensusTrain"} in asked(page)


def test_words_without_end_stay_within_the_view(page: Page) -> None:
    drawn = running(census(), CensusTrain=NodeState("Failed", 2.0, 3.0))
    drawn["run"] |= {"status": "Failed", "reason": "L" * 30000}
    problem = {"code": "PC612", "severity": "warning", "step": None, "message": "W" * 200, "hint": ""}
    show(page, {**drawn, "problems": [problem]})
    expect(page.locator(".pc-problem")).to_contain_text("WWW")
    reason = page.locator(".pc-reason").evaluate("element => element.clientHeight")
    assert 0 < reason <= 120
    beyond = page.locator(".pc-problems").evaluate("element => element.scrollWidth - element.clientWidth")
    assert beyond == 0
    # Where it is narrow, the words are below the code and have all of its room.
    page.set_viewport_size({"width": 200, "height": 900})
    assert page.locator(".pc-problem > :last-child").evaluate("element => element.clientWidth") > 120


def test_where_nothing_can_go_on_the_button_says_why(page: Page) -> None:
    show(page, running(census()))
    page.locator(".pc-node[data-id=CensusTrain]").click()
    again = {"way": "none", "words": "It still runs: stop it first."}
    tell(page, {"type": "detail", "detail": {**DETAIL, "again": again}})
    button = page.get_by_role("button", name="Retry from here. It still runs")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.press("Enter")
    expect(page.locator(".pc-toast")).to_have_text("It still runs: stop it first.")
    assert not [one for one in asked(page) if one["type"] == "act"]


def test_what_costs_money_takes_a_second_click(page: Page) -> None:
    show(page, {**running(census()), "target": "aws"})
    page.locator(".pc-node[data-id=CensusTrain]").click()
    again = {"way": "new", "words": "Starts a new execution."}
    tell(page, {"type": "detail", "detail": {**DETAIL, "again": again}})
    button = page.locator(".pc-again")
    button.click()
    expect(button).to_have_text("▲ Start on AWS?")
    assert not [one for one in asked(page) if one["type"] == "act"]
    button.click()
    assert {"type": "act", "action": "retry", "node": "CensusTrain"} in asked(page)


def test_a_click_asks_for_the_step_s_details(page: Page) -> None:
    show(page, running(census()))
    page.get_by_role("button", name="CensusTrain, Training").click()
    expect(page.get_by_role("complementary")).to_contain_text("CensusTrain")
    assert {"type": "open", "node": "CensusTrain"} in asked(page)


def test_a_click_is_not_lost_when_all_is_drawn_anew_between_press_and_release(page: Page) -> None:
    graph = census()
    show(page, running(graph))
    page.locator(".pc-node[data-id=CensusTrain]").hover()
    page.mouse.down()
    folded = scene_of(graph, Folding(folded=frozenset({"CheckAccuracy"})), with_state=True)
    tell(page, {"type": "scene", "scene": dict(folded.body), "steps": []})
    page.mouse.up()
    expect(page.get_by_role("complementary", name="Step CensusTrain")).to_be_visible()
    expect(page.locator(".pc-node")).to_have_count(4)


def test_a_click_on_stop_is_not_lost_when_another_document_comes_meanwhile(page: Page) -> None:
    drawn = running(census())
    show(page, drawn)
    page.get_by_role("button", name="■ Stop").hover()
    page.mouse.down()
    tell(page, {"type": "document", "document": {**drawn, "profile": "full"}})
    page.mouse.up()
    expect(page.locator(".pc-header")).to_contain_text("full")
    assert {"type": "act", "action": "stop"} in asked(page)


HOSTILE = "<img src=x onerror=window.hacked=1>\"'&</text><script>window.hacked=1</script>"


def hostile() -> Graph:
    """A pipeline every word of which would be markup if it were ever taken for any."""
    nodes = (
        Node("a", HOSTILE, HOSTILE, summary=HOSTILE),
        Node("b", HOSTILE, "Condition", summary=HOSTILE),
    )
    return Graph(HOSTILE, "sagemaker", nodes, (Edge("a", "b", "data", HOSTILE),))


def test_names_and_logs_that_are_markup_stay_text(page: Page) -> None:
    graph = hostile()
    show(
        page, {**running(graph, a=NodeState("Failed", 0.0, 1.0, failure_reason=HOSTILE)), "profile": HOSTILE}
    )
    page.locator(".pc-node[data-id=a]").click()
    words = {"label": HOSTILE, "value": HOSTILE, "was": HOSTILE}
    artifact = {
        "label": HOSTILE,
        "uri": HOSTILE,
        "size": HOSTILE,
        "objects": [{"uri": "s3://b/k", "name": HOSTILE, "size": HOSTILE}],
    }
    detail = {
        "node": "a",
        "heading": HOSTILE,
        "facts": [words],
        "failure": {"reason": HOSTILE, "line": HOSTILE},
        "arguments": [{"path": HOSTILE, "declared": HOSTILE, "value": "v", "full": HOSTILE}],
        "code": [{"title": HOSTILE, "tokens": [[HOSTILE, HOSTILE]]}],
        "inputs": [artifact],
        "outputs": [],
        "plots": [],
        "payloads": [{"label": HOSTILE, "text": HOSTILE}],
        "attempts": [HOSTILE],
        "again": {"way": "none", "words": HOSTILE},
        "logs": True,
    }
    tell(page, {"type": "detail", "detail": detail})
    for name in ("Log", "State", "Arguments", "Code", "Data", "Overview"):
        page.get_by_role("tab", name=name).click()
        if name == "Log":
            tell(page, {"type": "log", "node": "a", "lines": [HOSTILE], "first": True, "over": True})
            expect(page.get_by_role("log")).to_have_text(HOSTILE)
        if name == "Data":
            page.locator(".pc-object").click()
            table = {"kind": "table", "rows": [[HOSTILE], [HOSTILE]], "more": False}
            tell(page, {"type": "object", "uri": "s3://b/k", "preview": table})
            expect(page.locator(".pc-sheet td")).to_have_text(HOSTILE)
    tell(page, {"type": "said", "text": HOSTILE, "bad": True})
    expect(page.locator(".pc-toast")).to_have_text(HOSTILE)
    assert page.locator(".pcdag img, .pcdag script").count() == 0
    assert page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize("dark", [False, True])
def test_people_who_do_not_see_can_use_it(page: Page, screenshot: Keep, *, dark: bool) -> None:
    graph = census()
    states = {
        "CensusProcess": NodeState("Succeeded", 0.0, 2.0, cached=True),
        "CensusTrain": NodeState("Failed", 2.0, 9.0, failure_reason="ran out of memory"),
        "CensusEval": NodeState("Executing", 9.0),
    }
    show(page, running(graph, **states), dark=dark)
    page.locator(".pc-node[data-id=CensusTrain]").click()
    tell(page, {"type": "detail", "detail": DETAIL})
    found = violations(page, ".pcdag")
    screenshot(page, f"renderer-{'dark' if dark else 'light'}")
    assert found == []


def test_the_keyboard_reaches_every_node_and_opens_its_drawer(page: Page) -> None:
    show(page, running(census()))
    page.locator(".pc-node[tabindex='0']").focus()
    focused = "() => document.activeElement.getAttribute('data-id')"
    assert page.evaluate(focused) == "CensusProcess"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "CensusTrain"
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary")).to_contain_text("CensusTrain")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("eval")
    expect(page.locator(".pc-found")).to_have_count(1)


def test_a_fold_moves_cards_to_their_new_places(page: Page) -> None:
    graph = census()
    show(page, running(graph))
    page.locator(".pc-node[data-id=CheckAccuracy] .pc-toggle").click()
    assert {"type": "toggle", "node": "CheckAccuracy"} in asked(page)
    folded = scene_of(graph, Folding(folded=frozenset({"CheckAccuracy"})), with_state=True)
    tell(page, {"type": "scene", "scene": dict(folded.body), "steps": []})
    expect(page.locator(".pc-node")).to_have_count(4)
    expect(page.locator(".pc-node[data-id=CheckAccuracy]")).to_contain_text("2 steps inside")


def test_a_problem_of_a_folded_step_opens_what_hides_it_and_chooses_it(page: Page) -> None:
    graph, shut = census(), Folding(folded=frozenset({"CheckAccuracy"}))
    problem = Diagnostic("PC131", "error", "CensusRegister-RegisterModel", "", "Nothing is registered.")
    folded = scene_of(graph, shut, with_state=False)
    show(page, document(graph, folded, problems=[problem, replace(problem, step="Nowhere")]))
    page.get_by_role("button", name="CensusRegister-RegisterModel: Nothing is registered.").click()
    assert {"type": "show", "node": "CensusRegister-RegisterModel"} in asked(page)
    opened = scene_of(graph, unfold(graph, shut, "CensusRegister-RegisterModel"), with_state=False)
    tell(page, {"type": "scene", "scene": dict(opened.body), "steps": []})
    expect(page.get_by_role("complementary", name="Step CensusRegister-RegisterModel")).to_be_visible()
    expect(page.locator(".pc-node.pc-selected")).to_contain_text("CensusRegister")
    expect(page.locator(".pc-node.pc-selected")).to_be_in_viewport()
    page.get_by_role("button", name="Nowhere: Nothing is registered.").click()
    tell(page, {"type": "scene", "scene": dict(opened.body), "steps": []})
    expect(page.get_by_text("Nowhere is not in the drawing.")).to_be_visible()


def test_a_storm_of_updates_ends_at_the_last_one(page: Page) -> None:
    show(page, running(census(), CensusTrain=NodeState("Executing", 2.0)))
    page.evaluate(
        """() => {
            for (let turn = 0; turn < 500; turn++) {
                const status = turn % 2 ? 'Succeeded' : 'Executing';
                window.pipecell.tell({ type: 'delta', steps: [[turn % 6, status, 2, turn % 2 ? 9 : null]] });
            }
            window.pipecell.tell({ type: 'delta', steps: [[1, 'Failed', 2, 9]] });
        }"""
    )
    expect(page.locator(".pc-node[data-id=CensusTrain]")).to_contain_text("0:07 ✕")
    expect(page.locator(".pc-node.pc-is-run")).to_have_count(3)


def test_only_cards_of_running_steps_have_a_moving_bar(page: Page) -> None:
    show(page, running(census(), CensusTrain=NodeState("Executing", 2.0)))
    expect(page.locator(".pc-pulse")).to_have_count(1)
    tell(page, {"type": "delta", "steps": [[1, "Succeeded", 2, 9], [2, "Executing", 9, None]]})
    expect(page.locator(".pc-node[data-id=CensusEval]")).to_contain_class("pc-is-run")
    expect(page.locator(".pc-pulse")).to_have_count(1)
    tell(page, {"type": "delta", "steps": [[2, "Succeeded", 9, 10]]})
    expect(page.locator(".pc-pulse")).to_have_count(0)


def test_a_drawing_too_large_to_read_begins_at_its_start_and_fits_when_asked(
    page: Page, screenshot: Keep
) -> None:
    names = [f"Step{number}" for number in range(200)]
    edges = tuple(Edge(one, other, "data") for one, other in zip(names, names[10:], strict=False))
    graph = Graph("Large", "sagemaker", tuple(Node(name, name, "Training") for name in names), edges)
    show(page, running(graph, Step0=NodeState("Succeeded", 0.0, 2.0), Step1=NodeState("Executing", 2.0)))
    first, last = (page.locator(f".pc-node[data-id={name}]") for name in ("Step0", "Step199"))
    expect(first).to_be_in_viewport()
    expect(first.locator(".pc-title")).to_be_visible()
    expect(page.locator(".pc-minimap")).not_to_contain_class("pc-hidden")
    page.locator(".pc-canvas").hover()
    page.get_by_role("button", name="Fit the whole drawing").click()
    for node in (first, last):
        expect(node).to_be_in_viewport()
        expect(node.locator(".pc-title")).to_be_hidden()
        expect(node.locator(".pc-glyph")).to_be_visible()
    screenshot(page, "renderer-from-afar")


def test_zoom_pan_fit_and_a_minimap_where_not_all_is_seen(page: Page) -> None:
    show(page, running(census()))
    page.locator(".pc-canvas").hover()
    expect(page.locator(".pc-minimap")).to_contain_class("pc-hidden")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".pc-minimap")).not_to_contain_class("pc-hidden")
    page.get_by_role("button", name="Fit the whole drawing").click()
    expect(page.locator(".pc-minimap")).to_contain_class("pc-hidden")


DETAIL = {
    "node": "CensusTrain",
    "heading": "Training · cell 7",
    "facts": [{"label": "InstanceType", "value": "ml.m5.large", "was": "ml.p3.2xlarge"}],
    "failure": {"reason": "MemoryError", "line": 'File "train.py", line 3'},
    "arguments": [
        {"path": "ResourceConfig.InstanceType", "declared": "{Parameters.T}", "value": "ml.m5.large"}
    ],
    "code": [],
    "inputs": [],
    "outputs": [],
    "plots": [
        {
            "title": "logloss",
            "axis": "round",
            "form": "line",
            "threshold": 0.3,
            "series": [{"name": "train", "points": [[n, 1 / (n + 1)] for n in range(30)]}],
        }
    ],
    "payloads": [],
    "attempts": [],
    "again": {"way": "retry", "words": "Goes on from this step."},
    "logs": True,
}


def test_a_drawing_out_of_sight_is_left_out_of_layout_until_it_is_scrolled_to(page: Page) -> None:
    show(page, running(census()))
    page.evaluate("() => { document.getElementById('place').style.marginTop = '20000px'; }")
    rendered = "() => document.querySelector('.pc-node').checkVisibility({ contentVisibilityAuto: true })"
    page.wait_for_function(f"() => !({rendered})()")
    page.locator(".pc-canvas").scroll_into_view_if_needed()
    page.wait_for_function(rendered)
