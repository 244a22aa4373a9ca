"""Every service that is not ours: moto, behind the same port.

moto is loaded by the first request that needs it: that takes seconds and tens
of megabytes, which most pipelines never need. What it holds is kept by `MotoState`.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from pipecell.local.home import ACCOUNT_ID, DEFAULT_REGION, EXECUTION_ROLE_NAME, Home
from pipecell.local.services import execution_role, moto_state
from pipecell.local.services.moto_state import MotoState
from pipecell.local.services.query_protocol import read_form
from pipecell.local.store import Store
from pipecell.local.wire import Request, Response, ServiceError

_MAX_BODY = 64 * 1024 * 1024
# moto's own control pages, and services that are ours or nobody's.
_CLOSED_PATHS = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")
_DROPPED_HEADERS = {"connection", "transfer-encoding", "server", "date"}

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Others:
    """Hands requests to moto's own server application.

    Args:
        home: where moto may keep files.
        store: where its state outlives the process.
    """

    def __init__(self, home: Home, store: Store) -> None:
        self._home = home
        self._state = MotoState(store)
        self._kept = self._state.services()
        self._lock = threading.Lock()
        self._app: Any = None

    @property
    def loaded(self) -> bool:
        """Whether moto has been needed yet."""
        return self._app is not None

    def handle(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            ServiceError: UnknownOperationException for what moto does not implement, either.
        """
        if request.path.startswith(_CLOSED_PATHS):
            raise _unknown(request)
        app = self._load()
        environ = _environ(request)
        try:
            backend = app.get_backend_for_host(app.infer_service_region_host(environ, request.decoded_path))
            if backend is None:
                raise _unknown(request)
            response = _call(app, environ)
        except NotImplementedError:
            raise _unknown(request) from None
        except ImportError as error:
            raise ServiceError(
                "UnknownOperationException",
                f"{request.service} on the local endpoint needs the package {error.name}: "
                f"pip install 'moto[{request.service}]'.",
            ) from error
        if moto_state.changes(request.method, _operation(request)):
            self._state.save(backend)
        return response

    def close(self) -> None:
        """Write what is still to be written."""
        self._state.close()

    def uses(self, service: str) -> bool:
        """Whether anybody has used a service of moto, in this process or an earlier one."""
        return self.loaded or service in self._kept

    def backend_of(self, request: Request) -> str | None:
        """Return moto's name of what would answer a request, None where nothing does."""
        try:
            app = self._load()
            environ = _environ(request)
            host = app.infer_service_region_host(environ, request.decoded_path)
        except (ServiceError, ImportError):
            return None
        found: str | None = app.get_backend_for_host(host)
        return found

    def backends(self, service: str) -> Any:
        """Return moto's backends of a service, by region."""
        self._load()
        from moto.backends import get_backend

        return get_backend(service)[ACCOUNT_ID]

    def save(self, service: str) -> None:
        """Keep what was done to a service's backends."""
        self._state.save(service)

    def _load(self) -> Any:
        with self._lock:
            if self._app is None:
                self._app = self._load_moto()
            return self._app

    def _load_moto(self) -> Any:
        # Read by moto when it is imported.
        os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT_ID
        os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
        os.environ.setdefault("MOTO_LAMBDA_DATA_DIR", str(self._home.cache_folder / "moto-lambda"))
        try:
            from moto.backends import get_backend
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        except ImportError as error:
            raise ServiceError(
                "UnknownOperationException",
                f"This service of the local endpoint needs the package {error.name}: "
                "pip install pipecell[local].",
            ) from error
        _create_role(get_backend("iam")[ACCOUNT_ID]["aws"])
        _name_the_account()
        self._state.restore()
        return DomainDispatcherApplication(create_backend_app)


def _name_the_account() -> None:
    """Let events say whose they are, as AWS's do; moto's template leaves it out."""
    from moto.events.utils import EventTemplateParser

    plain = EventTemplateParser.DEFAULT_EVENT_INPUT_TEMPLATE
    if "<account>" not in plain:
        EventTemplateParser.DEFAULT_EVENT_INPUT_TEMPLATE = f'{{"account": "<account>", {plain[1:]}'


def _create_role(iam: Any) -> None:
    """Give moto the role that `identity` answers for, with the same id and date."""
    role = iam.create_role(
        role_name=EXECUTION_ROLE_NAME,
        assume_role_policy_document=execution_role.TRUST_POLICY,
        path=execution_role.ROLE_PATH,
        permissions_boundary=None,
        description="What jobs of the local endpoint run as",
        tags=[],
        max_session_duration="3600",
    )
    del iam.roles[role.id]
    role.id = execution_role.ROLE_ID
    role.create_date = datetime.strptime(execution_role.ROLE_CREATED, "%Y-%m-%dT%H:%M:%SZ")
    iam.roles[role.id] = role


def _environ(request: Request) -> dict[str, Any]:
    body = request.read_body(_MAX_BODY)
    host, _, port = request.headers.get("host", "127.0.0.1:80").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # WSGI holds the path's bytes as Latin-1.
        "PATH_INFO": request.decoded_path.encode(errors="surrogateescape").decode("latin-1"),
        "RAW_URI": request.path + (f"?{request.raw_query}" if request.raw_query else ""),
        "REQUEST_URI": request.path + (f"?{request.raw_query}" if request.raw_query else ""),
        "QUERY_STRING": request.raw_query,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif name not in {"content-length", "transfer-encoding", "expect"}:
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    if not request.headers.get("authorization"):
        # A presigned URL: moto finds service and region only in the header.
        scope = (
            f"{request.access_key}/20260101/{request.region or DEFAULT_REGION}/{request.service}/aws4_request"
        )
        environ["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        )
    return environ


def _call(app: WsgiApp, environ: dict[str, Any]) -> Response:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _error: Any = None
    ) -> Callable[[bytes], None]:
        started[:] = [(status, headers)]
        return lambda _chunk: None

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[0]
    kept = {
        name.lower(): value
        for name, value in headers
        if name.lower() not in _DROPPED_HEADERS and not name.lower().startswith("access-control-")
    }
    code = int(status.split(" ", 1)[0])
    if code in {404, 405} and "html" in kept.get("content-type", ""):
        # Flask's page for a path that no operation has.
        raise NotImplementedError
    kept.pop("content-length", None)
    return Response(code, kept, body)


def _operation(request: Request) -> str:
    """Return the operation that a request names; REST protocols name none."""
    target = request.headers.get("x-amz-target", "").rpartition(".")[2]
    form = read_form(request) if "form" in request.headers.get("content-type", "") else {}
    return target or form.get("Action") or request.query.get("Action") or ""


def _unknown(request: Request) -> ServiceError:
    operation = _operation(request) or f"{request.method} {request.path}"
    return ServiceError(
        "UnknownOperationException",
        f"The local endpoint does not implement {operation} of {request.service}.",
    )
