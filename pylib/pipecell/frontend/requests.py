"""What a front end can ask for. Every request is the same act as a verb of ``%pipeline``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pipecell import targets
from pipecell.errors import PipecellError, UsageError, did_you_mean
from pipecell.frontend import pipelines
from pipecell.view.folding import Folding, fold, toggle, unfold
from pipecell.view.metrics import plain

if TYPE_CHECKING:
    from pipecell.execution import Execution
    from pipecell.frontend.board import Board
    from pipecell.pipelines import Pipeline
    from pipecell.workspace import Workspace

LINES = 2000
"""Lines of a log that are sent; the last ones."""

Request = Mapping[str, Any]


class Asker(Protocol):
    """Who asked, and is told what comes later."""

    gone: threading.Event

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message."""


class Requests:
    """Does what front ends ask for.

    Args:
        workspace: the kernel's pipelines and executions.
        board: tells of what changes by it.
        namespace: the notebook's variables, which a cell may change meanwhile.
    """

    def __init__(self, workspace: Workspace, board: Board, namespace: Mapping[str, Any]) -> None:
        self._workspace = workspace
        self._namespace = namespace
        self._board = board
        self._followed: dict[str, threading.Event] = {}
        self._acts: dict[str, Callable[[Request, Asker], Any]] = {
            "run": self._run,
            "stop": self._stop,
            "retry": self._retry,
            "attach": self._attach,
            "list": self._list,
            "log": self._log,
            "quiet": self._quiet,
            "profile": self._profile,
            "defaults": self._defaults,
            "target": self._target,
            "bill": self._bill,
            "complete": self._complete,
            "fold": self._fold,
            "show": self._show,
            "forget": self._forget,
            "edited": self._edited,
        }

    def do(self, request: Request, asker: Asker) -> Any:
        """Do a request and return its result.

        Raises:
            UsageError: an unknown request (``PC909``), a missing or wrong field (``PC911``).
            PipecellError: whatever the act raises.
        """
        name = str(request.get("type", ""))
        if name not in self._acts:
            raise UsageError(f'"{name}" is not a request.', code="PC909", hint=did_you_mean(name, self._acts))
        return self._acts[name](request, asker)

    def _run(self, request: Request, asker: Asker) -> dict[str, Any]:
        said: list[str] = []
        execution = self._pipeline(request).run(
            profile=_optional(request, "profile"),
            on=_optional(request, "on") or "local",
            only=[str(name) for name in request.get("only") or ()],
            start_from=_optional(request, "from"),
            say=said.append,
        )
        self._relist(request)
        return {"arn": execution.execution_arn, "line": " ".join(said)}

    def _stop(self, request: Request, asker: Asker) -> dict[str, Any]:
        return {"arn": self._execution(request).stop().execution_arn}

    def _retry(self, request: Request, asker: Asker) -> dict[str, Any]:
        return {"arn": self._execution(request).retry().execution_arn}

    def _attach(self, request: Request, asker: Asker) -> None:
        asker.tell(self._board.attach(self._execution(request)))

    def _list(self, request: Request, asker: Asker) -> None:
        asker.tell(self._board.listed(_text(request, "pipeline"), _optional(request, "on") or "local"))

    def _log(self, request: Request, asker: Asker) -> None:
        """Send a step's log, and go on sending until its job has ended or nobody wants it any more."""
        execution, step = self._execution(request), _text(request, "step")
        stream = str(request.get("stream", ""))
        over = self._followed[stream] = threading.Event()
        # A thread of its own: a job that is silent for hours must not keep a worker from other requests.
        follow = threading.Thread(
            target=self._follow, args=(execution, step, stream, over, asker), name="pipecell-log", daemon=True
        )
        follow.start()

    def _follow(
        self, execution: Execution, step: str, stream: str, over: threading.Event, asker: Asker
    ) -> None:
        def lines(text: list[str], *, first: bool = False, last: bool = False) -> None:
            asker.tell({"type": "log", "stream": stream, "lines": text, "first": first, "over": last})

        first = True
        try:
            for batch in execution.tail(step):
                if over.is_set() or asker.gone.is_set():
                    return
                if batch or first:
                    lines([plain(line.message) for line in batch][-LINES:], first=first)
                    first = False
            lines([], first=first, last=True)
        except PipecellError as error:
            lines([error.message], first=first, last=True)
        finally:
            self._followed.pop(stream, None)

    def _quiet(self, request: Request, asker: Asker) -> None:
        followed = self._followed.get(_text(request, "stream"))
        if followed is not None:
            followed.set()

    def _profile(self, request: Request, asker: Asker) -> dict[str, Any]:
        values = request.get("values") or {}
        return self._pipeline(request).use_profile(_text(request, "profile"), **dict(values)).to_json()

    def _defaults(self, request: Request, asker: Asker) -> None:
        self._workspace.use_default_profile(_text(request, "profile"))

    def _target(self, request: Request, asker: Asker) -> dict[str, Any]:
        name = _text(request, "target")
        if name == "local":
            targets.activate_local(self._workspace.home)
        else:
            targets.activate(name)
        asker.tell(self._board.place())  # before the answer: who waits for that may rely on it
        self._board.moved()
        return {"line": targets.one_line()}

    def _bill(self, request: Request, asker: Asker) -> dict[str, Any]:
        """Say where a run on AWS would go, before anybody agrees to it."""
        from pipecell.engines.uploads import account

        pipeline = self._pipeline(request)
        connection = self._workspace.connect("aws", pipeline.compiled.region)
        return {"region": connection.region_name(), "account": account(connection)}

    def _complete(self, request: Request, asker: Asker) -> dict[str, Any]:
        from pipecell.completion import candidates

        begun, words = candidates(_text(request, "line"), self._workspace, dict(self._namespace)) or ("", [])
        return {"begun": begun, "words": words}

    def _fold(self, request: Request, asker: Asker) -> Mapping[str, Any]:
        graph, folding = self._pipeline(request).graph, _folding(request)
        return pipelines.overview(graph, toggle(folding, fold(graph, folding), _text(request, "node")))

    def _show(self, request: Request, asker: Asker) -> Mapping[str, Any]:
        graph = self._pipeline(request).graph
        return pipelines.overview(graph, unfold(graph, _folding(request), _text(request, "node")))

    def _forget(self, request: Request, asker: Asker) -> None:
        cell = _text(request, "cell")
        self._workspace.forget_cell(cell)
        self._board.forgot(cell)

    def _edited(self, request: Request, asker: Asker) -> None:
        self._workspace.edit_cell(_text(request, "cell"), bool(request.get("edited")))

    def _pipeline(self, request: Request) -> Pipeline:
        return self._workspace.pipeline(_text(request, "pipeline"))

    def _execution(self, request: Request) -> Execution:
        return self._workspace.execution(_text(request, "arn"), on=_optional(request, "on"))

    def _relist(self, request: Request) -> None:
        self._board.relist(_text(request, "pipeline"), _optional(request, "on") or "local")


def _folding(request: Request) -> Folding:
    folded, opened = (frozenset(map(str, request.get(key) or ())) for key in ("folded", "opened"))
    return Folding(folded=folded, opened=opened)


def _text(request: Request, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise UsageError(f"The request {request.get('type')} needs {key}.", code="PC911")
    return value


def _optional(request: Request, key: str) -> str | None:
    return _text(request, key) if request.get(key) is not None else None
