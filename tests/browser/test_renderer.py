"""The renderer alone in a real browser: what it draws, and what people can do with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from pipecell.definition import read_document, read_graph
from pipecell.graph import Graph, NodeState
from pipecell.view.folding import Folding
from pipecell.view.model import RunFacts, document, scene_of, step_states
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


def test_a_delta_changes_its_card_and_no_other(page: Page) -> None:
    show(page, running(census(), CensusTrain=NodeState("Executing", 2.0)))
    places = "() => [...document.querySelectorAll('.pc-node')].map(node => node.style.transform)"
    before = page.evaluate(places)
    tell(page, {"type": "delta", "steps": [[1, "Failed", 2, 9, {"reason": "ran out of memory"}]]})
    card = page.get_by_role("button", name="CensusTrain, Training")
    expect(card).to_contain_text("0:07 ✕")
    expect(card).to_have_attribute(
        "aria-label", "CensusTrain, Training, xgboost 1.7-1 · ml.p3.2xlarge, failed, ran out of memory"
    )
    assert page.evaluate(places) == before


def test_a_click_asks_for_the_step_s_details(page: Page) -> None:
    show(page, running(census()))
    page.get_by_role("button", name="CensusTrain, Training").click()
    expect(page.get_by_role("complementary")).to_contain_text("CensusTrain")
    assert {"type": "open", "node": "CensusTrain"} in asked(page)
