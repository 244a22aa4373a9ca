"""The live widget in a real browser: first paint, deltas, updates, and frames while it moves."""

from __future__ import annotations

import json
import statistics
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.view.folding import Folding
from pipecell.view.model import RunFacts, document, scene_of, step_states
from tests.bench.row import Row
from tests.browser.renderer import show
from tests.browser.servers import find_browser

UPDATES = 250
FRAMES = 120
FEW = 4
RATE = 50

_UPDATES = """
async ([count, events]) => {
  const began = performance.now();
  for (let turn = 0; turn < count; turn++) {
    window.pipecell.tell(events[turn % events.length]);
    await new Promise(resolve => setTimeout(resolve, 0));  // each comes in a message of its own
  }
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return count / ((performance.now() - began) / 1000);
}
"""
_PACED = """
async ([count, events, rate]) => {
  const began = performance.now();
  for (let turn = 0; turn < count; turn++) {
    window.pipecell.tell(events[turn % events.length]);
    const due = began + (turn + 1) * 1000 / rate;
    await new Promise(resolve => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
}
"""
_FRAMES = """
async count => {
  const canvas = document.querySelector('.pc-canvas');
  const box = canvas.getBoundingClientRect();
  const point = { bubbles: true, button: 0, clientX: box.left + 5, clientY: box.top + 5 };
  canvas.dispatchEvent(new PointerEvent('pointerdown', point));
  const times = [];
  let last = performance.now();
  for (let turn = 0; turn < count; turn++) {
    const by = { clientX: point.clientX + (turn % 40) * 3, clientY: point.clientY + (turn % 20) * 2 };
    const moved = { ...point, ...by };
    window.dispatchEvent(new PointerEvent('pointermove', moved));
    await new Promise(resolve => requestAnimationFrame(resolve));
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  window.dispatchEvent(new PointerEvent('pointerup', point));
  times.sort((one, other) => one - other);
  return 1000 / times[Math.floor(times.length / 2)];
}
"""


def lattice(nodes: int) -> Graph:
    """Return a graph of layers of ten steps, each of which waits for two of the layer before."""
    names = [f"Step{number}" for number in range(nodes)]
    edges = [
        Edge(names[number - 10 - shift], names[number], "data")
        for number in range(10, nodes)
        for shift in (0, 1)
        if number - 10 - shift >= 0
    ]
    made = tuple(Node(name, name, "Training", summary="xgboost 1.7 · ml.m5.large") for name in names)
    return Graph("Lattice", "sagemaker", made, tuple(edges))


def run_of(graph: Graph, folding: Folding | None = None) -> dict[str, Any]:
    """Return the document of a run of a graph, half of it done."""
    scene = scene_of(graph, folding or Folding(), with_state=True)
    half = {node.id: NodeState("Succeeded", 0.0, 5.0) for node in graph.nodes[: len(graph.nodes) // 2]}
    facts = RunFacts("Executing", started=0.0, count="some steps")
    return document(graph, scene, run=facts, states=step_states(scene, half, 0.0))


def measure() -> list[Row]:
    """Paint graphs of 50 and 1,000 nodes, send deltas of 200 steps, and move 1,000 nodes about."""
    rows: list[Row] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for nodes, budget in ((50, 0.2), (1_000, 0.7)):
            body = run_of(lattice(nodes))
            took = statistics.median(show(page, body) for _ in range(5)) / 1000
            rows.append(Row(f"widget: first paint of {nodes:,} nodes", took, budget))
        rows += _deltas(page)
        rows += _opened(page)
        browser.close()
    return rows


def _opened(page: Page) -> list[Row]:
    """Return how long 1,000 nodes take that people have opened, all of them, and how they move."""
    graph = lattice(1_000)
    opened = Folding()
    for _ in range(3):  # a stack opens into smaller ones before its steps are drawn one by one
        folded = scene_of(graph, opened, with_state=True).folded
        opened = Folding(opened=opened.opened | {one for one, shut in folded.groups.items() if shut})
    body = run_of(graph, opened)
    took = statistics.median(show(page, body) for _ in range(5)) / 1000
    drawn = page.locator(".pc-node").count()
    frames = float(page.evaluate(_FRAMES, FRAMES))
    return [
        Row(f"widget: first paint of {drawn:,} nodes, none of them folded", took, 0.7),
        Row(f"widget: a frame while {drawn:,} nodes are dragged", 1 / frames, 1 / 30),
    ]


def _deltas(page: Page) -> list[Row]:
    """Return the size of a delta in which all of 200 steps change, and how many are drawn a second."""
    graph = lattice(200)
    scene = scene_of(graph, Folding(), with_state=True)
    words = ("Executing", "Succeeded")
    events = [
        {
            "type": "delta",
            "steps": step_states(scene, {node.id: NodeState(word, 12.3, 45.6) for node in graph.nodes}, 0.0),
        }
        for word in words
    ]
    largest = max(len(json.dumps(event).encode()) for event in events)
    show(page, run_of(graph))
    rate = float(page.evaluate(_UPDATES, [UPDATES, events]))
    few = [
        {"type": "delta", "steps": event["steps"][start : start + FEW]}
        for event in events
        for start in range(0, len(graph.nodes), FEW)
    ]
    usual = float(page.evaluate(_UPDATES, [UPDATES, few]))
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _busy(session)
    page.evaluate(_PACED, [UPDATES, few, RATE])
    busy = (_busy(session) - before) / UPDATES
    session.detach()
    return [
        Row(f"widget: work of the page for each of {RATE} updates a second", busy, 1 / RATE),
        Row("widget: one of 250 updates of 4 among 200 steps", 1 / usual, 1 / 50),
        Row("widget: a delta in which 200 steps change", largest / 1000, 10, unit="kB"),
        Row("widget: one of 250 updates of 200 steps", 1 / rate, 1 / 50),
    ]


def _busy(session: CDPSession) -> float:
    """Return the seconds for which the page's main thread has worked since the session looks at it."""
    metrics = {
        metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]
    }
    return float(metrics["TaskDuration"])
