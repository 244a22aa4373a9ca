"""The renderer as a Jupyter widget: one class, whose JavaScript and CSS are in the package.

It only carries: `document`, `selection`, `filter` and `status` are traits that scripts read and
set, deltas and questions are custom messages. What to say is decided by whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"
"""Where the built renderer is; `make labextension` builds it."""

Request = Mapping[str, Any]
"""`HostRequest` of the renderer."""


def available() -> bool:
    """Tell whether the renderer was built."""
    return (STATIC / "dag.js").is_file()


class DagWidget(anywidget.AnyWidget):
    """A pipeline or a run in a notebook.

    Attributes:
        document: what is drawn (`DagDocument` of the renderer).
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

    def __init__(self, document: Mapping[str, Any], on_request: Callable[[Request], None]) -> None:
        run = document.get("run") or {}
        super().__init__(document=dict(document), status=run.get("status", ""))
        self._on_request = on_request
        self.on_msg(self._asked)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send the renderer an event; from any thread."""
        self.send(dict(event))

    def _asked(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, Mapping) and isinstance(content.get("type"), str):
            self._on_request(content)
