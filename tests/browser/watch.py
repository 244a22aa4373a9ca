"""Looks after a page: no error on its console, no dialog of a script, no request past Jupyter.

The page gets a strict Content-Security-Policy besides: whatever would load, or call, something of
another origin, or run a script that JupyterLab's own page does not hold, is refused and logs an error.
"""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Route

from tests.browser.lab import RUN_SECONDS

# JupyterLab compiles the schemas of settings, and styles its widgets, in place; anywidget loads what the
# kernel sent from a blob.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' blob: {own}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; form-action 'none'; base-uri 'self'"
)
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)

NOT_OURS = (
    # JupyterLab's own words when a kernel ends while its debugger is being asked.
    "Could not restore the debugger state",
    "Kernel: connection lost",
)


class Watch:
    """What a page did that it must not do.

    Args:
        page: the page, before it goes anywhere.
        url: Jupyter's address; everything else is somebody else's.
    """

    def __init__(self, page: Page, url: str) -> None:
        self._url = url
        self._found: list[str] = []
        page.route(f"{url}/lab**", _strictly)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._found.append(f"error: {error}"))
        page.on("request", self._asked)
        page.on("dialog", lambda dialog: self._found.append(f"dialog: {dialog.message}"))

    def check(self) -> None:
        """Fail if there was anything."""
        if self._found:
            pytest.fail("\n".join(self._found))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in NOT_OURS):
            self._found.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        own = (self._url, self._url.replace("http:", "ws:"), "data:", "blob:")
        if not request.url.startswith(own):
            self._found.append(f"request: {request.url}")


def _strictly(route: Route) -> None:
    """Serve JupyterLab's page under the policy, its own inline scripts allowed by their hashes."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    answer = route.fetch(timeout=RUN_SECONDS * 1000)
    digests = [hashlib.sha256(text.encode()).digest() for text in _INLINE.findall(answer.text())]
    own = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    policy = {"content-security-policy": POLICY.format(own=own)}
    route.fulfill(response=answer, headers={**answer.headers, **policy})
