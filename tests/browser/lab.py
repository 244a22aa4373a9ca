"""JupyterLab as a person uses it: open a notebook, run its cells, look at what they show."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as Expired

PATIENCE = float(os.environ.get("PIPECELL_PATIENCE", "180"))
"""Seconds that a step of a test may take: a busy machine of two cores is slow, not wrong."""
RUN_SECONDS = 300.0
"""Seconds that a cell, or the start of a page or kernel, may take on a busy machine."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes:
        url: where it answers.
        token: what lets one in.
        folder: its files, beside those of its configuration.
    """

    url: str
    token: str
    folder: Path

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook of code cells.

        Raises:
            FileExistsError: another test has one of that name; JupyterLab would give this one its kernel.
        """
        path = self.folder / name
        if path.exists():
            raise FileExistsError(f"Another test has a notebook {name}: give this one a name of its own.")
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, path)
        return path

    @contextmanager
    def without(self, *extensions: str) -> Iterator[None]:
        """Have JupyterLab start without some extensions in the pages that are opened meanwhile."""
        page_config = self.folder.parent / "config" / "labconfig" / "page_config.json"
        before = page_config.read_text(encoding="utf-8")
        known = json.loads(before)
        known["disabledExtensions"] |= dict.fromkeys(extensions, True)
        page_config.write_text(json.dumps(known), encoding="utf-8")
        try:
            yield
        finally:
            page_config.write_text(before, encoding="utf-8")

    def open(self, page: Page, name: str) -> LabPage:
        """Open a notebook in a page, alone in its window."""
        # A workspace of the page's own: what another test left open does not come back.
        page.goto(f"{self.url}/lab/workspaces/{Path(name).stem}/tree/{name}?token={self.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=RUN_SECONDS * 1000)
        return LabPage(self, page, name)


@dataclass(frozen=True)
class LabPage:
    """An open notebook."""

    lab: Lab
    page: Page
    name: str

    def wait_for_front(self) -> None:
        """Wait until JupyterLab's commands act on this notebook: some time after it was opened, they do."""
        self.page.wait_for_function(
            "path => window.jupyterapp?.shell.currentWidget?.context?.path === path",
            arg=self.name,
            timeout=RUN_SECONDS * 1000,
        )

    def wait_for_kernel(self) -> None:
        """Wait until the notebook's kernel is idle for the first time."""
        self.wait_for_front()
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=RUN_SECONDS * 1000,
        )

    def start(self, index: int) -> None:
        """Run one cell, and do not wait for it."""
        self.wait_for_front()
        self.page.evaluate(
            """index => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                notebook.deselectAll();
                const runs = (window.pipecellRuns ??= {});
                runs[index] = false;
                const run = window.jupyterapp.commands.execute('notebook:run-cell');
                void run.finally(() => { runs[index] = true; });
            }""",
            index,
        )

    def run(self, index: int) -> Locator:
        """Run one cell to its end; return its outputs."""
        self.start(index)
        self.wait(index)
        return self.output(index)

    def wait(self, index: int) -> None:
        """Wait until a cell that was started has ended."""
        self.page.wait_for_function(
            "index => window.pipecellRuns[index]", arg=index, timeout=RUN_SECONDS * 1000
        )

    def output(self, index: int) -> Locator:
        """Return the outputs of a cell."""
        # A long notebook keeps only the cells near the window in the page, each with its number.
        return self.page.locator(f'.jp-Notebook [data-windowed-list-index="{index}"] .jp-Cell-outputWrapper')

    def wait_until_kept(self, index: int, text: str) -> None:
        """Wait until what a cell's output keeps holds a text: it follows the live view before it."""
        self.page.wait_for_function(
            """([index, text]) => {
                const cell = window.jupyterapp.shell.currentWidget?.content.widgets[index];
                const outputs = cell?.outputArea.model.toJSON() ?? [];
                return outputs.some(({ data }) => data?.['text/plain']?.includes(text));
            }""",
            arg=[index, text],
            timeout=RUN_SECONDS * 1000,
        )

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook and return what is in the file."""
        self.wait_for_front()
        self.page.evaluate("async () => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
        saved: nbformat.NotebookNode = nbformat.read(self.lab.folder / self.name, as_version=4)
        return saved

    def shut_down_kernel(self) -> None:
        """End the kernel, as a crash or the end of a day does."""
        self.wait_for_front()
        self.page.evaluate("async () => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def hover_for(place: Locator, shown: Locator) -> None:
    """Rest the mouse on a place until it shows something: what is drawn anew under it may hide that again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        place.hover()
        with suppress(Expired):
            shown.first.wait_for(timeout=5000)
            return
        place.page.mouse.move(0, 0)
    raise AssertionError("Nothing shows there.")


def press_until(page: Page, command: str, *keys: str) -> None:
    """Press keys, one after the other, until JupyterLab has understood them as a command.

    It takes two keys for one shortcut only where no more than a second passes between them.

    Args:
        page: a page that takes keys.
        command: its id.
        keys: as playwright names them.
    """
    page.evaluate(
        """() => {
            const heard = (window.pipecellHeard = []);
            window.jupyterapp.commands.commandExecuted.connect((_, { id }) => heard.push(id));
        }"""
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for key in keys:
            page.keyboard.press(key)
        with suppress(Expired):
            page.wait_for_function("id => window.pipecellHeard.includes(id)", arg=command, timeout=5000)
            return
    raise AssertionError(f"The keys do not mean {command}.")
