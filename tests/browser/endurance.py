"""Open a notebook, restart its kernel, close it, many times: what stays in the page and in the kernel.

    .venv/bin/python -m tests.browser.endurance [--cycles 200] [--widgets] [--release oldest]

JupyterLab itself keeps hundreds of elements of each notebook that it closes, so the same is done
without the extension, and what counts is the difference. ipywidgets' own extension keeps whole notebooks
besides, and with them our buttons in their toolbars; it is off here, for it hides what is ours. With
``--widgets`` it is on, and its share is in both lines.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.lab import RUN_SECONDS, Lab
from tests.browser.releases import NEWEST, OLDEST, python_of
from tests.browser.servers import find_browser, running_lab

OURS = "pipecell-labextension"
WIDGETS = "@jupyter-widgets/jupyterlab-manager"

WARM = 5
UNLINKED = 1500
"""Milliseconds for which a notebook that is not linked stays open, as one that is linked does."""
BASELINE = 40
"""Cycles without the extension, at most: what each leaves behind is the same from first to last."""
DECLARE_EVERY = 5
MOST_NODES = 3.0
MOST_LISTENERS = 3.0

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
    const { session } = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.kernel.info;
    await session.kernel.restart();
    await session.kernel.info;
}"""
_RUN = """async all => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = 0;
    await window.jupyterapp.commands.execute(all ? 'notebook:run-all-cells' : 'notebook:run-cell');
}"""
_LINKED = """() => {
    const said = document.querySelector('.pc-Panel')?.textContent ?? '';
    return !/One moment|has not loaded pipecell|No kernel|No notebook/.test(said);
}"""
_KERNEL = """async () => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const shell = 'get_ipython().kernel';
    const counts = {
        comms: `len(${shell}.comm_manager.comms)`,
        subshells: `len(${shell}.shell_channel_thread.manager.list_subshell())`,
        threads: '__import__("threading").active_count()',
        listeners: `sum(map(len, get_ipython().events.callbacks.values()))`
    };
    const asked = kernel.requestExecute({ code: '', silent: true, user_expressions: counts });
    const { content } = await asked.done;
    return Object.fromEntries(Object.entries(content.user_expressions).map(
        ([name, found]) => [name, Number(found.data['text/plain'])]
    ));
}"""


_IN_TIME = """async ([code, seconds]) => Promise.race([
    eval(code)(),
    new Promise((_, fail) => setTimeout(() => fail(new Error(`JupyterLab hangs in ${code}`)), 1000 * seconds))
])"""


def do(page: Page, code: str) -> None:
    """Do something in the page, and wait for its end, but not for ever."""
    page.evaluate(_IN_TIME, [code, RUN_SECONDS])


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


def cycle(page: Page, number: int, *, linked: bool) -> None:
    """Open the notebook, restart its kernel, load pipecell, at times declare the pipeline, and close it."""
    do(page, _OPEN)
    do(page, _RESTART)
    page.evaluate(_RUN, number % DECLARE_EVERY == 0)
    if linked:
        page.wait_for_function(_LINKED)
    do(page, _CLOSE)


def kernel_growth(page: Page, cycles: int, *, linked: bool) -> dict[str, int]:
    """Return what a kernel that is not restarted has more of, after its notebook was opened many times."""

    def open_again() -> None:
        do(page, _OPEN)
        if linked:
            page.wait_for_function(_LINKED)
        else:
            page.wait_for_timeout(UNLINKED)  # others' comms are as long in coming as ours

    def look() -> dict[str, int]:
        open_again()
        found: dict[str, int] = page.evaluate(_KERNEL)
        do(page, _CLOSE)
        return found

    do(page, _OPEN)
    page.evaluate(_RUN, True)
    do(page, _CLOSE)
    look()
    before = look()
    for _ in range(cycles):
        open_again()
        do(page, _CLOSE)
    after = look()
    return {name: after[name] - before[name] for name in after}


def growth(lab: Lab, cycles: int, *, linked: bool) -> tuple[dict[str, float], dict[str, int]]:
    """Return how much each cycle leaves behind in the page, on average, and all of them in the kernel."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(RUN_SECONDS * 1000)
        page.goto(f"{lab.url}/lab/workspaces/endurance?token={lab.token}&reset")
        page.wait_for_selector(".jp-DirListing-item")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        if linked:
            page.evaluate("() => window.jupyterapp.commands.execute('pipecell:show')")
        for number in range(WARM):
            cycle(page, number, linked=linked)
        before = measure(page, session)
        for number in range(cycles):
            cycle(page, number, linked=linked)
        after = measure(page, session)
        kernel = kernel_growth(page, min(cycles, BASELINE), linked=linked)
        browser.close()
    return {name: (after[name] - before[name]) / cycles for name in after}, kernel


def main() -> int:
    """Compare with and without the extension."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--release", choices=(NEWEST, OLDEST), default=NEWEST, help="which JupyterLab")
    parser.add_argument("--widgets", action="store_true", help="with the extension of ipywidgets")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as built:
        python = python_of(arguments.release, Path(built))
    found: dict[str, dict[str, float]] = {}
    kernels: dict[str, dict[str, int]] = {}
    for name, linked in (("without", False), ("with", True)):
        with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder), python) as lab:
            lab.write(
                "n.ipynb",
                "%load_ext pipecell",
                "%%pipeline Small --engine stepfunctions\n"
                "from stepfunctions.steps import Chain, Pass\n"
                "Chain([Pass(f'S{n}') for n in range(5)])",
            )
            cycles = arguments.cycles if linked else min(arguments.cycles, BASELINE)
            with lab.without(*([] if arguments.widgets else [WIDGETS]), *([] if linked else [OURS])):
                found[name], kernels[name] = growth(lab, cycles, linked=linked)
        sys.stdout.write(f"{name:>8} the extension, per cycle: {_row(found[name])}   ({cycles} cycles)\n")
        sys.stdout.flush()
    more = {key: found["with"][key] - found["without"][key] for key in found["with"]}
    sys.stdout.write(f"{'more':>8} with it: {_row(more)}\n")
    more_in_kernel = {key: kernels["with"][key] - kernels["without"][key] for key in kernels["with"]}
    sys.stdout.write("In a kernel that lives on:\n")
    for name, growths in (*kernels.items(), ("more", more_in_kernel)):
        sys.stdout.write(f"{name:>8} {'with it' if name == 'more' else 'the extension'}: {growths}\n")
    in_page = more["nodes"] > MOST_NODES or more["listeners"] > MOST_LISTENERS
    return int(in_page or any(count > 0 for count in more_in_kernel.values()))


def _row(values: dict[str, float]) -> str:
    return f"{values['nodes']:7.1f} DOM nodes  {values['listeners']:6.1f} listeners  {values['heap']:6.3f} MB"


if __name__ == "__main__":
    sys.exit(main())
