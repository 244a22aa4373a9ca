"""What has one widget on a page: made once, whichever thread needs it first."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.kernel.subshells import answer_where_asked

if TYPE_CHECKING:
    from pipecell.view.widget import DagWidget


class Shown(ABC):
    """What one widget shows."""

    def __init__(self) -> None:
        self._made: DagWidget | None = None
        # Workers tell the widget of what they find, also before a cell shows it.
        self._making = threading.Lock()

    @property
    def widget(self) -> DagWidget:
        """The widget, made when it is first needed."""
        from pipecell.view.widget import DagWidget

        with self._making:
            if self._made is None:
                self._made = DagWidget(self.document, self.asked)
                answer_where_asked(self._made.comm)
            return self._made

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Return all that is shown now."""

    @abstractmethod
    def asked(self, request: Mapping[str, Any]) -> None:
        """Take a request of the renderer."""
