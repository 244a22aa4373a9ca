"""A widget on a page, and what can be asked of it.

Requests come in the thread that delivers messages and are done by others, so no cell and no
message ever waits for AWS. One thread alone tells the widget what changed, so that deltas arrive in
the order in which they happened.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.errors import PipecellError
from pipecell.kernel.crew import Crew
from pipecell.live.output import MIME
from pipecell.live.shown import Shown
from pipecell.view.bundle import SVG
from pipecell.view.folding import Folding, toggle, toggle_all, unfold
from pipecell.view.model import VERSION, Scene, scene_of
from pipecell.view.pdf import to_pdf
from pipecell.view.table import stored_page

if TYPE_CHECKING:
    from pipecell.graph import Graph, NodeState
    from pipecell.view.header import Header

WORKERS = 2


class Stage(Shown):
    """One widget and what it shows.

    Attributes:
        folding: what people folded and opened.
        open_node: id of the drawn node whose drawer is open; empty for none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folding = Folding()
        self.open_node = ""
        self.teller = Crew("pipecell-widget")
        self.workers = Crew("pipecell-widget-work", WORKERS)

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """The whole pipeline."""

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether what is shown has states."""

    @abstractmethod
    def states(self, scene: Scene) -> list[list[Any]]:
        """Return the states of a scene's nodes as they are now."""

    @abstractmethod
    def detail(self, node: str) -> dict[str, Any] | None:
        """Return what the drawer shows of a node; None where there is no such node."""

    @property
    def scene(self) -> Scene:
        """The drawing as it is folded now."""
        return scene_of(self.graph, self.folding, with_state=self.running)

    def record(self) -> dict[str, Any]:
        """Return what the notebook stores for the extension: the live widget's id, and the document."""
        return {"version": VERSION, "model_id": self.widget.model_id, "document": self.document()}

    def bundle(self, picture: Mapping[str, str]) -> dict[str, Any]:
        """Return a picture and its text, with the record for the extension, and what other hosts show.

        Pages of the web show the HTML, a table beside the picture; LaTeX takes the PDF.
        """
        graph, states, header, again = self.stored()
        paper = to_pdf(graph, states, header, now=time.time())
        return {
            MIME: self.record(),
            "text/html": stored_page(picture[SVG], graph, states, header, again=again),
            "application/pdf": b64encode(paper).decode(),
            **picture,
        }

    def stored(self) -> tuple[Graph, Mapping[str, NodeState] | None, Header | None, str]:
        """Return what is stored: the DAG, its states, the strip above, and the line that shows it again."""
        return self.graph, None, None, ""

    def close(self) -> None:
        """Do and tell nothing any more; what is shown stays."""
        self.teller.close()
        self.workers.close()

    def asked(self, request: Mapping[str, Any]) -> None:
        """Take a request of the renderer; what fails is said there."""
        does = self._requests().get(str(request["type"]))
        if does is None:
            return
        crew, work = does

        def answer() -> None:
            try:
                work(request)
            except PipecellError as error:
                self.tell({"type": "said", "text": str(error), "bad": True})

        crew.do(answer)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send the renderer an event."""
        self.widget.tell(event)

    def _requests(self) -> dict[str, tuple[Crew, Callable[[Mapping[str, Any]], None]]]:
        return {
            "hello": (self.teller, lambda _: self._greet()),
            "toggle": (self.teller, lambda request: self._toggle(str(request.get("node")))),
            "show": (self.teller, lambda request: self._show(str(request.get("node")))),
            "fold": (self.teller, lambda request: self._fold_all(bool(request.get("all")))),
            "open": (self.workers, lambda request: self._open(str(request.get("node")))),
            "close": (self.teller, lambda _: self._open("")),
        }

    def _greet(self) -> None:
        """Tell a page that opens all there is."""
        self.tell({"type": "document", "document": self.document()})

    def _toggle(self, node: str) -> None:
        self.folding = toggle(self.folding, self.scene.folded, node)
        self._tell_scene()

    def _show(self, node: str) -> None:
        self.folding = unfold(self.graph, self.folding, node)
        self._tell_scene()

    def _fold_all(self, shut: bool) -> None:
        self.folding = toggle_all(self.graph, self.folding, self.scene.folded, shut=shut)
        self._tell_scene()

    def _tell_scene(self) -> None:
        scene = self.scene
        self.tell({"type": "scene", "scene": dict(scene.body), "steps": self.states(scene)})

    def _open(self, node: str) -> None:
        self.open_node = node
        if node:
            self.tell_detail(node)

    def tell_detail(self, node: str) -> None:
        """Tell what the drawer shows of a node."""
        detail = self.detail(node)
        if detail is not None:
            self.tell({"type": "detail", "detail": detail})
