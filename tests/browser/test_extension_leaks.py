"""What the extension leaves behind in the page when notebooks, files, logs and the panel are closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.cycles import Cycles
from tests.browser.lab import RUN_SECONDS, Lab
from tests.browser.leaks import Leaks, settled

TIMES = 2
CHANGED = ("pipecell-labextension:settings", "@jupyterlab/apputils-extension:themes")


@pytest.fixture
def cycles(lab: Lab, page: Page) -> Iterator[Cycles]:
    """What is done, in a page with nothing open; afterwards JupyterLab's settings are as they come."""
    made = Cycles(page, "Leaks", live=True)
    made.write(lab)
    page.goto(f"{lab.url}/lab/workspaces/leaks?token={lab.token}&reset")
    page.wait_for_selector(".jp-DirListing-item", timeout=RUN_SECONDS * 1000)
    yield made
    for plugin in CHANGED:
        page.request.put(f"{lab.url}/lab/api/settings/{plugin}?token={lab.token}", data={"raw": "{}"})


def test_what_is_closed_leaves_nothing_of_ours(cycles: Cycles) -> None:
    """The first time makes what is kept for the next; from then on there must be no more of anything."""
    session = cycles.page.context.new_cdp_session(cycles.page)
    cycles.begin()
    cycles.once()
    before = settled(session)
    for _ in range(TIMES):
        cycles.once()
    leaks = Leaks.since(before, session, TIMES)
    assert not leaks.grown, str(leaks)
