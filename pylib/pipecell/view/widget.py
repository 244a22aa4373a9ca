"""The renderer as a Jupyter widget: one class, whose JavaScript and CSS are in the package.

It only carries: `document`, `selection`, `filter` and `status` are traits that scripts read and
set, deltas and questions are custom messages. What to say is decided by whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from pipecell.view.renderer import STATIC

Request = Mapping[str, Any]
"""`HostRequest` of the renderer."""


class DagWidget(anywidget.AnyWidget):
    """A pipeline or a run in a notebook.

    Args:
        document: gives what is drawn now (`DagDocument` of the renderer).
        on_request: told what the renderer asks for.

    Attributes:
        selection: id of the chosen node; empty for none. Set it to open the drawer there.
        filter: what is searched for; set it to search.
        status: AWS's status word of the execution; empty for a preview. Observe it to act on a change.
    """

    _esm = STATIC / "dag.js"
    _css = STATIC / "dag.css"

    document = traitlets.Dict().tag(sync=True)
    selection = traitlets.Unicode("").tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, document: Callable[[], Mapping[str, Any]], on_request: Callable[[Request], None]
    ) -> None:
        self._document = document
        begun = dict(document())
        super().__init__(document=begun, status=(begun.get("run") or {}).get("status", ""))
        self._on_request = on_request
        self.on_msg(self._asked)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """Return the state for a page that opens: with the document of now, which deltas alone kept up."""
        state = super().get_state(key, drop_defaults)
        if "document" in state:
            state["document"] = dict(self._document())
        return state

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send the renderer an event; from any thread."""
        self.send(dict(event))

    def _asked(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, Mapping) and isinstance(content.get("type"), str):
            self._on_request(content)
