"""The one port: reads requests, verifies who sent them, and hands them to services.

`Server.answer` is the whole way from a request to its response without a
socket; cheroot below it does HTTP. Bound to 127.0.0.1 only. The Host header is
checked, so that a web page cannot reach the endpoint by rebinding a name, and
no answer carries CORS headers.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from pipecell.errors import EndpointError
from pipecell.local import signature, wire_errors
from pipecell.local.credentials import Credentials
from pipecell.local.home import Home, installed_version
from pipecell.local.hosts import LOOPBACK, bucket_of_host, is_own_host
from pipecell.local.http import HttpServer, RawRequest
from pipecell.local.objects import ObjectStore
from pipecell.local.payload import Body, open_body
from pipecell.local.store import Store, require_content
from pipecell.local.wire import Handler, Request, Response, ServiceError, new_request_id

OTHERS = "*"
"""Key of the handler for every service that is not ours."""

HEALTH_PATH = "/_pipecell/health"
_MAX_BUFFERED_BODY = 16 * 1024 * 1024

log = logging.getLogger("pipecell.local")


class Server:
    """The local endpoint.

    Args:
        home: a home that has been created.
        port: 0 for any free one.
        clock: seconds since the epoch.

    Raises:
        EndpointError: the home's databases or secret cannot be used.
    """

    def __init__(self, home: Home, port: int = 0) -> None:
        from pipecell.local.services import registry

        self.home = home
        self.instance = new_request_id()
        self.clock = time.time
        self.credentials = Credentials.load(home)
        if home.endpoint_file.exists():  # an endpoint has run here before
            require_content(home.state_database)
            require_content(home.objects_database)
        self.store = Store(home)
        self.objects = ObjectStore(home)
        self.services: dict[str, Handler] = registry(home, self.store, self.objects)
        self._requested_port = port
        self._http: HttpServer | None = None
        self._sweeping: threading.Thread | None = None
        self._stopping = threading.Lock()
        self._stopped = False

    @property
    def port(self) -> int:
        """The port it listens on, once it has been bound."""
        if self._http is None:
            raise RuntimeError("The server is not bound.")
        return self._http.port

    @property
    def endpoint(self) -> str:
        """The address that clients use."""
        return f"http://{LOOPBACK}:{self.port}"

    def bind(self) -> None:
        """Take the port.

        Raises:
            EndpointError: PC804, the port is taken.
        """
        self._http = HttpServer(LOOPBACK, self._requested_port, self.answer)
        self._http.bind()

    def resume(self) -> None:
        """Let each service take up what it had accepted before the last end."""
        for service in self._handlers():
            resume = getattr(service, "resume", None)
            if resume is not None:
                resume()
        self._sweeping = self._in_background(self.objects.sweep)
        for service in self._handlers():
            warm = getattr(service, "warm", None)
            if warm is not None:
                self._in_background(warm)

    def serve(self) -> None:
        """Answer requests until `stop`."""
        if self._http is None:
            self.bind()
        assert self._http is not None  # noqa: S101 -- bind has set it
        self._http.serve()

    def stop(self) -> None:
        """Stop answering; close services and databases. Safe to call twice and from any thread."""
        with self._stopping:
            if not self._stopped:
                self._stopped = True
                self._stop()

    def _stop(self) -> None:
        if self._http is not None:
            self._http.stop()
        # Those that read AWS's descriptions use nothing that is closed here.
        if self._sweeping is not None:
            self._sweeping.join(timeout=5)
        for service in self._handlers():
            close = getattr(service, "close", None)
            if close is not None:
                close()
        self.store.close()
        self.objects.close()

    def answer(self, raw: RawRequest) -> Response:
        """Return the response to a request; every error is one, too."""
        request_id = new_request_id()
        service = _claimed_service(raw)
        try:
            response = self._answer(raw, request_id)
        except ServiceError as error:
            response = wire_errors.render(error, service, raw.headers, request_id)
        except EndpointError as error:
            log.warning("%s %s: %s", raw.method, raw.target.partition("?")[0], error)
            # 507 is the one 5xx that clients do not retry.
            code = "InsufficientStorage" if error.code == "PC806" else "InternalFailure"
            refused = ServiceError(code, str(error), status=507)
            response = wire_errors.render(refused, service, raw.headers, request_id)
        except Exception:
            log.exception("Request %s failed: %s %s", request_id, raw.method, raw.target.partition("?")[0])
            failed = ServiceError(
                "InternalError" if service in {"s3", ""} else "InternalFailure",
                f"The local endpoint has a bug; {self.home.server_log} says more about request {request_id}.",
                status=500,
            )
            response = wire_errors.render(failed, service, raw.headers, request_id)
        response.headers.setdefault("x-amz-request-id", request_id)
        response.headers.setdefault("x-amzn-requestid", request_id)
        return response

    def _answer(self, raw: RawRequest, request_id: str) -> Response:
        path, _, query = raw.target.partition("?")
        if not path.startswith("/"):
            raise ServiceError("InvalidURI", "Couldn't parse the specified URI.")
        host = raw.headers.get("host", "")
        if not is_own_host(host):
            raise ServiceError(
                "AccessDenied", f"The endpoint does not answer for the host {host[:100]!r}.", status=403
            )
        if path == HEALTH_PATH and raw.method == "GET":
            return self._health()
        if _is_form(raw, query):
            return self._post_form(raw, request_id)
        buffered: list[bytes] = []

        def body_hash() -> str:
            buffered.append(_read_all(raw.body))
            return hashlib.sha256(buffered[0]).hexdigest()

        incoming = signature.Incoming(raw.method, path, query, raw.headers, bucket_of_host(host))
        signed = signature.verify(incoming, self.credentials.secret_of, self.clock(), body_hash)
        content: BinaryIO = (
            io.BytesIO(buffered[0]) if buffered else open_body(raw.body, signed, raw.headers).as_file()
        )
        request = Request(
            method=raw.method,
            path=path,
            query=signature.parse_query(query),
            headers=raw.headers,
            body=content,
            region=signed.region,
            service=signed.service,
            access_key=signed.access_key,
            request_id=request_id,
            raw_query=query,
        )
        with content:
            return self._handler(signed.service).handle(request)

    def _post_form(self, raw: RawRequest, request_id: str) -> Response:
        """Answer an upload to S3 by form: its signature is in its body."""
        from pipecell.local.services.s3 import S3Service

        s3 = self.services["s3"]
        assert isinstance(s3, S3Service)  # noqa: S101 -- for the type checker
        request = Request(
            method=raw.method,
            path=raw.target.partition("?")[0],
            headers=raw.headers,
            body=raw.body.as_file(),
            service="s3",
            request_id=request_id,
        )
        return s3.post_form(request, partial(signature.verify_form, secret_of=self.credentials.secret_of))

    def _handler(self, service: str) -> Handler:
        return self.services.get(service) or self.services[OTHERS]

    def _handlers(self) -> Iterator[Handler]:
        yield from dict.fromkeys(self.services.values())

    def _health(self) -> Response:
        document = {
            "service": "pipecell",
            "version": installed_version(),
            "pid": os.getpid(),
            "instance": self.instance,
        }
        return Response(200, {"content-type": "application/json"}, json.dumps(document).encode())

    def _in_background(self, work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("Work in the background failed")

        thread = threading.Thread(target=run, name="background", daemon=True)
        thread.start()
        return thread


def _is_form(raw: RawRequest, query: str) -> bool:
    """Whether a request is an upload by form, which nothing outside of its body signs."""
    form = raw.headers.get("content-type", "").lower().startswith("multipart/form-data")
    return form and raw.method == "POST" and "authorization" not in raw.headers and not query


def _read_all(body: Body) -> bytes:
    content = io.BytesIO()
    while chunk := body.take(1024 * 1024):
        content.write(chunk)
        if content.tell() > _MAX_BUFFERED_BODY:
            raise ServiceError(
                "RequestEntityTooLarge", f"The request is larger than {_MAX_BUFFERED_BODY} bytes.", status=413
            )
    return content.getvalue()


def _claimed_service(raw: RawRequest) -> str:
    """Return the service that nobody has verified yet, to choose an error's shape; "" when unknown."""
    path, _, query = raw.target.partition("?")
    credential = raw.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    credential = credential or signature.parse_query(query).get("X-Amz-Credential", "")
    parts = credential.strip().split("/")
    if len(parts) >= 5:  # noqa: PLR2004 -- key, date, region, service, aws4_request
        return parts[-2].lower()
    # Only S3 is asked for by path without saying so.
    return "s3" if path != "/" and "x-amz-target" not in raw.headers else ""
