"""Open a notebook, restart its kernel, close it, many times: what stays in the page and in the kernel.

    .venv/bin/python -m tests.browser.endurance [--cycles 200] [--release oldest]

Each cycle does besides what is its turn: run the pipeline and read a log, open a definition file, switch the
theme, change settings and close and open the panel, shut the kernel down.

What decides is Chromium's heap before and after: what of ours is still held, and what is held by ours alone;
of neither may there be more after many cycles. JupyterLab and ipywidgets' extension keep notebooks that are
closed, with us and without; what nothing but these hold does not count. Then the same is done without the
extension, and the elements and listeners of each cycle are compared, in blocks, whose spread says how far the
difference can be trusted. ipywidgets' extension is off there, for it hides what is ours; what it draws, our
live widgets, is looked at in cycles of its own.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.cycles import ACTS, Cycles
from tests.browser.lab import RUN_SECONDS, Lab
from tests.browser.leaks import Leaks, settled
from tests.browser.releases import NEWEST, OLDEST, python_of
from tests.browser.servers import find_browser, running_lab

OURS = "pipecell-labextension"
WIDGETS = "@jupyter-widgets/jupyterlab-manager"

BLOCKS = 10
LIVE, KERNEL = 40, 40
"""Cycles with live widgets, and with a kernel that lives on, at most."""
UNLINKED = 1500
"""Milliseconds for which a notebook that is not linked stays open, as one that is linked does."""
MOST_NODES = 3.0
MOST_LISTENERS = 3.0
CERTAIN = 3.0
"""Standard errors by which a difference must exceed what is allowed: less may be chance."""

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


@dataclass(frozen=True)
class Growth:
    """What each cycle leaves behind, on average over blocks of cycles, with its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, totals: list[float], cycles: int) -> Growth:
        """Return it of what there was before and after each block of so many cycles.

        The median, for JupyterLab and the engine drop some hundred things at once now and then; its error is
        that of normal noise as wide as the middle half of the blocks.
        """
        slopes = [(after - before) / cycles for before, after in pairwise(totals)]
        middle = statistics.median(slopes)
        deviation = statistics.median(abs(slope - middle) for slope in slopes)
        return cls(middle, 1.4826 * 1.2533 * deviation / len(slopes) ** 0.5)

    def __sub__(self, other: Growth) -> Growth:
        return Growth(self.mean - other.mean, (self.error**2 + other.error**2) ** 0.5)

    def __str__(self) -> str:
        return f"{self.mean:7.1f} ± {self.error:4.1f}"

    def exceeds(self, most: float) -> bool:
        return self.mean - CERTAIN * self.error > most


def measure(page: Page, session: CDPSession) -> dict[str, float]:
    """Return what is alive after everything that can be collected is."""
    page.wait_for_timeout(500)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    found = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return {"nodes": found["Nodes"], "listeners": found["JSEventListeners"]}


@contextmanager
def opened(python: str, *without: str) -> Iterator[tuple[Lab, Page]]:
    """A JupyterLab without some extensions, and a page of it with no notebook."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder), python) as lab,
        lab.without(*without),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(RUN_SECONDS * 1000)
        page.goto(f"{lab.url}/lab/workspaces/endurance?token={lab.token}&reset")
        page.wait_for_selector(".jp-DirListing-content")
        yield lab, page
        browser.close()


def kernel_growth(cycles: Cycles, count: int) -> dict[str, int]:
    """Return what a kernel that is not restarted has more of, after its notebook was opened many times."""

    def open_again() -> None:
        cycles.open()
        if cycles.linked:
            cycles.wait_for_link()
        else:
            cycles.page.wait_for_timeout(UNLINKED)  # others' comms are as long in coming as ours

    def look() -> dict[str, int]:
        open_again()
        found: dict[str, int] = cycles.page.evaluate(_KERNEL)
        cycles.close()
        return found

    cycles.open()
    cycles.run(2)
    cycles.close()
    look()
    before = look()
    for _ in range(count):
        open_again()
        cycles.close()
    after = look()
    return {name: after[name] - before[name] for name in after}


def growth(cycles: Cycles, count: int) -> tuple[dict[str, Growth], Leaks | None]:
    """Return how much each cycle leaves behind in the page, and what of it is ours."""
    session = cycles.page.context.new_cdp_session(cycles.page)
    session.send("Performance.enable")
    cycles.begin()
    for number in range(ACTS):
        cycles.once([number])
    before = settled(session) if cycles.linked else None
    samples = [measure(cycles.page, session)]
    block = max(count // BLOCKS // ACTS, 1) * ACTS
    for number in range(count):
        cycles.once([number % ACTS])
        if (number + 1) % block == 0:
            samples.append(measure(cycles.page, session))
    leaks = None if before is None else Leaks.since(before, session, max(count // ACTS, 2))
    return {name: Growth.of([each[name] for each in samples], block) for name in samples[0]}, leaks


def main() -> int:
    """Look for what is ours, and compare with and without the extension."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--release", choices=(NEWEST, OLDEST), default=NEWEST, help="which JupyterLab")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as built:
        python = python_of(arguments.release, Path(built))
    count = arguments.cycles
    in_page: dict[str, dict[str, Growth]] = {}
    in_kernel: dict[str, Counter[str]] = {}
    bad = False
    runs: tuple[tuple[str, tuple[str, ...], int], ...] = (
        ("with live widgets", (), min(count, LIVE)),
        ("with", (WIDGETS,), count),
        ("without", (WIDGETS, OURS), count),
    )
    for name, off, cycles_done in runs:
        with opened(python, *off) as (lab, page):
            cycles = Cycles(page, "Small", linked=OURS not in off, live=not off)
            cycles.write(lab)
            found, leaks = growth(cycles, cycles_done)
            if off:
                in_page[name] = found
                in_kernel[name] = Counter(kernel_growth(cycles, min(count, KERNEL)))
        _say(f"{name}, {cycles_done} cycles: {_row(found)} a cycle")
        if leaks is not None:
            _say(str(leaks))
            bad |= bool(leaks.grown)
    more = {key: in_page["with"][key] - in_page["without"][key] for key in in_page["with"]}
    _say(f"more with the extension: {_row(more)} a cycle")
    in_kernel["more with it"] = Counter(in_kernel["with"])
    in_kernel["more with it"].subtract(in_kernel["without"])
    for name, counts in in_kernel.items():
        _say(f"in a kernel that lives on, {name}: {dict(counts)}")
    bad |= more["nodes"].exceeds(MOST_NODES) or more["listeners"].exceeds(MOST_LISTENERS)
    return int(bad or any(each > 0 for each in in_kernel["more with it"].values()))


def _row(values: dict[str, Growth]) -> str:
    return f"{values['nodes']} DOM nodes, {values['listeners']} listeners"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
