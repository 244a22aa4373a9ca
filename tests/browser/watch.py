"""Looks after a page: no error on its console, no dialog of a script, no request past Jupyter."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Request

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
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._found.append(f"error: {error}"))
        page.on("request", self._asked)
        page.on("dialog", lambda dialog: self._found.append(f"dialog: {dialog.message}"))

    def check(self) -> None:
        """Fail if there was anything."""
        assert self._found == []

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in NOT_OURS):
            self._found.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        own = (self._url, self._url.replace("http:", "ws:"), "data:", "blob:")
        if not request.url.startswith(own):
            self._found.append(f"request: {request.url}")
