"""Open and close a notebook many times, and restart its kernel: what stays behind in the browser.

    .venv/bin/python -m tests.browser.endurance [--cycles 200]

JupyterLab itself keeps some of what it opens, so the same is done without the extension, and what
counts is the difference. Prints DOM nodes, event listeners and megabytes of heap for each cycle.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.lab import RUN_SECONDS, Lab
from tests.browser.servers import find_browser, running_lab

WARM = 5
RESTART_EVERY = 20
MOST_NODES = 5.0
MOST_LISTENERS = 5.0

_OPEN = """async () => {
    const { commands, shell } = window.jupyterapp;
    await commands.execute('docmanager:open', { path: 'n.ipynb', factory: 'Notebook' });
    await shell.currentWidget.context.ready;
    await shell.currentWidget.sessionContext.ready;
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 60)));
}"""
_CLOSE = """async () => {
    window.jupyterapp.shell.currentWidget.dispose();
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 30)));
}"""
_RESTART = """async () => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.session.kernel.restart();
    await session.session.kernel.info;
}"""


def measure(page: Page, session: CDPSession) -> dict[str, float]:
    """Return what is alive after everything that can be collected is."""
    page.wait_for_timeout(500)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    found = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return {
        "nodes": found["Nodes"],
        "listeners": found["JSEventListeners"],
        "heap": found["JSHeapUsedSize"] / 1e6,
    }


def growth(lab: Lab, cycles: int) -> dict[str, float]:
    """Return how much each cycle leaves behind, on average, after some to warm up."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(RUN_SECONDS * 1000)
        page.goto(f"{lab.url}/lab/workspaces/endurance?token={lab.token}&reset")
        page.wait_for_selector(".jp-DirListing-item")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        before: dict[str, float] = {}
        for cycle in range(WARM + cycles):
            if cycle == WARM:
                before = measure(page, session)
            page.evaluate(_OPEN)
            if cycle == 0:
                page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
            if cycle % RESTART_EVERY == RESTART_EVERY - 1:
                page.evaluate(_RESTART)
                page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.evaluate(_CLOSE)
        after = measure(page, session)
        browser.close()
    return {name: (after[name] - before[name]) / cycles for name in after}


def main() -> int:
    """Compare with and without the extension."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=200)
    cycles = parser.parse_args().cycles
    found: dict[str, dict[str, float]] = {}
    for name, disabled in (("without", True), ("with", False)):
        with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
            if disabled:
                page_config = Path(folder) / "config" / "labconfig" / "page_config.json"
                known = json.loads(page_config.read_text(encoding="utf-8"))
                known["disabledExtensions"]["pipecell-labextension"] = True
                page_config.write_text(json.dumps(known), encoding="utf-8")
            lab.write(
                "n.ipynb",
                "%load_ext pipecell",
                "%%pipeline Small --engine stepfunctions\n"
                "from stepfunctions.steps import Chain, Pass\n"
                "Chain([Pass(f'S{n}') for n in range(5)])",
            )
            found[name] = growth(lab, cycles)
        sys.stdout.write(f"{name:>8} the extension, per cycle: " + _row(found[name]) + "\n")
    more = {key: found["with"][key] - found["without"][key] for key in found["with"]}
    sys.stdout.write(f"{'more':>8} with it: {_row(more)}   ({cycles} cycles)\n")
    return int(more["nodes"] > MOST_NODES or more["listeners"] > MOST_LISTENERS)


def _row(values: dict[str, float]) -> str:
    return f"{values['nodes']:7.1f} DOM nodes  {values['listeners']:6.1f} listeners  {values['heap']:6.3f} MB"


if __name__ == "__main__":
    sys.exit(main())
