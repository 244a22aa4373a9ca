"""Choosing the local target when pipecell is loaded, without making the load wait for it.

The endpoint takes some tenths of a second to start, and nobody needs it before the first AWS
client is made. So it starts in a thread, and two things wait for that thread: the next cell, and
an import of botocore, which every client of AWS needs first.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipecell import targets
from pipecell.declare.imports import ImportHook, when_imported
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pathlib import Path


class Activation:
    """The local target, being chosen.

    Args:
        home: the local endpoint's home; None for the user's own.
        tell: told, in the thread that waits, why it could not be chosen.
    """

    def __init__(self, home: Path | None, tell: Callable[[PipecellError], None]) -> None:
        self._home = home
        self._tell = tell
        self._error: PipecellError | None = None
        self._hook: ImportHook | None = None
        self._thread = threading.Thread(target=self._work, name="pipecell-activation", daemon=True)

    def begin(self) -> None:
        """Start choosing. Where botocore is loaded already, a client may be next: then wait here."""
        self._thread.start()
        if "botocore" in sys.modules:
            self.settle()
        else:
            self._hook = when_imported("botocore", lambda _: None, before=self.wait)

    def settle(self) -> None:
        """Wait until it is chosen; tell why where it could not be."""
        self.wait()
        if self._hook is not None:
            self._hook.cancel()
            self._hook = None
        error, self._error = self._error, None
        if error is not None:
            self._tell(error)

    def wait(self) -> None:
        """Wait until it is chosen, or could not be."""
        # Choosing may itself import botocore; that thread must not wait for itself.
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _work(self) -> None:
        try:
            targets.activate_local(self._home)
        except PipecellError as error:
            self._error = error
