"""Comms: one for each open page. Messages go to all of them, answers to the one that asked.

Nothing here waits in the thread that delivers messages: requests are done by a few worker threads,
so a long one (a launch that uploads) does not keep others waiting, and no cell is ever held up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from pipecell.errors import PipecellError
from pipecell.frontend.board import Board
from pipecell.frontend.refusals import Refusals
from pipecell.frontend.requests import Requests
from pipecell.kernel.crew import Crew
from pipecell.kernel.subshells import answer_where_asked
from pipecell.workspace import Workspace

_log = logging.getLogger(__name__)

PROTOCOL = 1
"""Version of the messages; the extension says calmly when it does not know a kernel's."""

WORKERS = 4


class Page:
    """One front end: a comm, and what it asked to be told of besides.

    Args:
        comm: the kernel's side of it.
    """

    def __init__(self, comm: Any) -> None:
        answer_where_asked(comm)
        self._comm = comm
        self._lock = threading.Lock()
        self.gone = threading.Event()

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message; a page that went away misses nothing."""
        if self.gone.is_set():
            return
        with self._lock:
            self._comm.send(dict(message))

    def close(self) -> None:
        """Say good-bye."""
        if not self.gone.is_set():
            self.gone.set()
            self._comm.close()


class Hub:
    """All pages of one kernel.

    Args:
        shell: the IPython shell.
        workspace: the kernel's pipelines and executions.
        refusals: what was wrong with cells that declared nothing.
    """

    def __init__(self, shell: Any, workspace: Workspace, refusals: Refusals) -> None:
        self._pages: list[Page] = []
        self._lock = threading.Lock()
        self._workers = Crew("pipecell-frontend", WORKERS)
        # One thread alone tells of changes, so that they arrive in the order in which they happened.
        self._teller = Crew("pipecell-board")
        self._board = Board(shell, workspace, refusals, self._tell_all, self._teller.do)
        self._requests = Requests(workspace, self._board, shell.user_ns)
        workspace.observers.append(self._board)

    def connect(self, comm: Any) -> None:
        """Take in a page and tell it all there is."""
        page = Page(comm)
        with self._lock:
            self._pages.append(page)
        comm.on_close(lambda _: self._forget(page))
        comm.on_msg(lambda message: self._received(page, message["content"]["data"]))
        page.tell({"type": "welcome", "protocol": PROTOCOL})
        self._teller.do(lambda: self._board.tell_everything(page.tell))

    def cell_ran(self, cell: str | None) -> None:
        """Take in that a cell ended."""
        self._board.cell_ran(cell)

    def close(self) -> None:
        """Send every page away and stop listening to the kernel."""
        self._board.close()
        with self._lock:
            pages, self._pages = self._pages, []
        for page in pages:
            page.close()
        self._workers.close()
        self._teller.close()

    def _tell_all(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            pages = list(self._pages)
        for page in pages:
            page.tell(message)

    def _received(self, page: Page, data: Any) -> None:
        if isinstance(data, Mapping):
            self._workers.do(lambda: self._answer(page, data))

    def _answer(self, page: Page, request: Mapping[str, Any]) -> None:
        number = request.get("id")
        answer: dict[str, Any]
        try:
            answer = {"ok": True, "result": self._requests.do(request, page)}
        except PipecellError as error:
            answer = _refusal(error.code, error.message, error.hint)
        except Exception as error:
            _log.exception("a request of the front end failed")
            answer = _refusal("PC000", f"{error!r}", "")
        page.tell({"type": "answer", "id": number, **answer})

    def _forget(self, page: Page) -> None:
        page.gone.set()
        with self._lock:
            if page in self._pages:
                self._pages.remove(page)


def _refusal(code: str, message: str, hint: str) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message, "hint": hint}}
