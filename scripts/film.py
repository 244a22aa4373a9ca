"""`make film`: the README's moving pictures, from a real run of the census notebook in a real JupyterLab.

Writes ``docs/images/run.png``, ``run-dark.png`` and ``run.gif``. Needs Chromium; `make test` installs it.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, sync_playwright

from tests.browser.lab import Lab, LabPage
from tests.browser.servers import find_browser, running_lab

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
NOTEBOOK = ROOT / "notebooks" / "01-census.ipynb"
SECONDS = 90.0
FRAME_SECONDS = 0.5
WIDTH = 1000
SIZE: ViewportSize = {"width": 1240, "height": 860}


def main() -> int:
    """Run the notebook, film it, and write the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, running_lab(Path(folder)) as lab, sync_playwright() as playwright:
        shutil.copytree(NOTEBOOK.parent, lab.folder, dirs_exist_ok=True)
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=2)
        page.set_default_timeout(SECONDS * 1000)
        frames = list(film(lab, page))
        browser.close()
    first, *rest = [frame.resize((WIDTH, frame.height * WIDTH // frame.width)) for frame in frames]
    palette = [frame.quantize(96, dither=Image.Dither.NONE) for frame in (first, *rest)]
    target = IMAGES / "run.gif"
    palette[0].save(
        target,
        save_all=True,
        append_images=palette[1:],
        duration=[*[int(FRAME_SECONDS * 500)] * (len(palette) - 1), 3000],
        loop=0,
        optimize=True,
    )
    sys.stdout.write(f"{target.relative_to(ROOT)} {target.stat().st_size // 1024} kB\n")
    return 0


def film(lab: Lab, page: Page) -> Iterator[Image.Image]:
    """Run the notebook's cells and yield what its run looks like, twice a second."""
    notebook = lab.open(page, NOTEBOOK.name)
    notebook.wait_for_kernel()
    run = launching_cell(notebook)
    for index in code_cells(notebook):
        if index >= run:
            break
        notebook.run(index)
    notebook.start(run)
    view = notebook.output(run).locator(".pcdag")
    view.wait_for()
    view.scroll_into_view_if_needed()
    training = view.locator(".pc-node[data-id=CensusTrain]")
    opened = False
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        yield picture(view)
        if not opened and "●" in (training.text_content() or ""):
            training.click()
            opened = True
        if re.search("Succeeded|Failed", view.locator(".pc-status").text_content() or ""):
            break
        time.sleep(FRAME_SECONDS)
    view.locator(".pc-node[data-id=CensusEval]").click()
    view.locator(".pc-plot").first.wait_for()
    view.screenshot(path=IMAGES / "run.png")
    yield picture(view)
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    page.wait_for_timeout(800)
    view.screenshot(path=IMAGES / "run-dark.png")


def picture(view: Locator) -> Image.Image:
    """Return what the view looks like now."""
    return Image.open(io.BytesIO(view.screenshot())).convert("RGB")


def code_cells(notebook: LabPage) -> list[int]:
    """Return the places of the code cells."""
    return list(
        notebook.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
                .map((cell, index) => cell.model.type === 'code' ? index : -1).filter(index => index >= 0)"""
        )
    )


def launching_cell(notebook: LabPage) -> int:
    """Return the place of the cell that starts the run."""
    return int(
        notebook.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
                .findIndex(({ model }) => model.sharedModel.source.startsWith('%pipeline run'))"""
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
