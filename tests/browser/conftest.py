"""A real Chromium and a real JupyterLab, one of each for all browser tests.

The browser is the machine's own; ``make test`` installs Debian's where it is missing. All tests here
are one group of pytest-xdist, so that one worker alone drives it. Screenshots go to
``artifacts/screenshots``, to be looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.browser.lab import PATIENCE, Lab
from tests.browser.releases import NEWEST, python_of
from tests.browser.servers import find_browser, running_lab
from tests.browser.watch import Watch

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
START_SECONDS = 300.0
"""Seconds that Chromium may take to start."""
SIZE: ViewportSize = {"width": 1280, "height": 900}

expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser that all tests share."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        # A page whose headers a test has changed counts as one from afar, which may not call this machine.
        arguments.append("--disable-features=LocalNetworkAccessChecks")
        started = playwright.chromium.launch(
            executable_path=find_browser(), args=arguments, timeout=START_SECONDS * 1000
        )
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile of the browser: no cookies, no storage."""
    made = browser.new_context(viewport=SIZE, device_scale_factor=1.5)
    made.set_default_timeout(PATIENCE * 1000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page."""
    return context.new_page()


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], None]:
    """Keep what a page shows, under a name, in the git-ignored folder of artifacts."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep


@pytest.fixture(scope="session")
def lab_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Lab]]:
    """The JupyterLab of a release, begun when it is first asked for; all tests share it."""
    with ExitStack() as stack:

        @cache
        def begin(release: str) -> Lab:
            python = python_of(release, tmp_path_factory.mktemp(f"{release}-wheel"))
            return stack.enter_context(running_lab(tmp_path_factory.mktemp(f"{release}-lab"), python))

        yield begin


@pytest.fixture
def lab(request: pytest.FixtureRequest, lab_of: Callable[[str], Lab]) -> Lab:
    """The newest JupyterLab, unless the test names another release."""
    return lab_of(getattr(request, "param", NEWEST))


@pytest.fixture
def watched(page: Page, lab: Lab) -> Iterator[Watch]:
    """Fail a test whose page logs an error, opens a dialog or asks anybody but Jupyter."""
    watch = Watch(page, lab.url)
    yield watch
    watch.check()


@pytest.fixture
def setting(lab: Lab, page: Page) -> Iterator[Callable[..., None]]:
    """Sets what people set in JupyterLab's settings; afterwards all is as it comes."""
    url = f"{lab.url}/lab/api/settings/pipecell-labextension:settings?token={lab.token}"

    def put(**values: Any) -> None:
        raw = {"raw": json.dumps(values)}
        answer = page.request.put(url, data=raw, timeout=PATIENCE * 1000)
        assert answer.ok, answer.text()

    yield put
    put()
