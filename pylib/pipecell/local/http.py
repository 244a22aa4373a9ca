"""HTTP by cheroot: threads, keep-alive, bodies in constant memory."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses as reasons
from typing import Any, BinaryIO, Protocol, cast

from cheroot.server import Gateway, HTTPConnection, HTTPRequest, HTTPServer

from pipecell.errors import EndpointError
from pipecell.local.payload import WholeBody
from pipecell.local.wire import FileSlice, Response, ServiceError

_FIRST_THREADS = 16
_MORE_THREADS = 16
_MOST_THREADS = 256
# A client may hold a download still while it works on what it has; AWS, too, waits for minutes.
_TIMEOUT_SECONDS = 300
_MAX_HEADER_BYTES = 128 * 1024
_NO_BODY = {204, 304}
_AT_ONCE_BYTES = 64 * 1024
_DIRECT_FROM = 64 * 1024

log = logging.getLogger("pipecell.local")


@dataclass
class RawRequest:
    """A request as HTTP brought it.

    Args:
        method: ``GET``, …
        target: path and query as sent.
        headers: names in lower case.
        body: the message's body.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: WholeBody = field(default_factory=lambda: WholeBody(io.BytesIO(), 0))


class HttpServer:
    """A threaded HTTP/1.1 server on one address.

    Args:
        host: address to bind.
        port: 0 for any free one.
        answer: returns the response to a request; called from many threads.
    """

    def __init__(self, host: str, port: int, answer: Callable[[RawRequest], Response]) -> None:
        self._address = (host, port)
        self._server = _Cheroot(
            self._address,
            gateway=lambda request: _Gateway(request, answer),
            minthreads=_FIRST_THREADS,
            maxthreads=_MOST_THREADS,
            server_name="pipecell",
        )
        self._stopping = threading.Lock()
        self._bound = False

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.bind_addr[1])

    def bind(self) -> None:
        """Take the port and begin to listen.

        Raises:
            EndpointError: PC804, the port is taken.
        """
        try:
            self._server.prepare()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE or "in use" in str(error)
            raise EndpointError(
                f"The endpoint cannot listen on {self._address[0]}:{self._address[1]}: "
                f"{'another program uses the port' if taken else error}.",
                code="PC804",
                hint="End that program, or start the endpoint with another --port (0 takes any free one).",
            ) from error
        self._bound = True

    def serve(self) -> None:
        """Answer until `stop`."""
        self._server.serve()

    def stop(self) -> None:
        """Finish the requests in progress, for two seconds at most, and release the port."""
        with self._stopping:
            if self._bound:
                self._bound = False
                # cheroot looks whether it should stop only when a connection or half a second has come.
                threading.Timer(0.01, _touch, [(self._address[0], self.port)]).start()
                self._server.stop()


class _SocketBody(io.RawIOBase):
    """Reads a body straight from the socket, past cheroot's buffer, which is slow for long ones.

    Args:
        request: whose body of known length it is.
    """

    def __init__(self, request: HTTPRequest) -> None:
        super().__init__()
        self._request = request
        self._buffered = request.conn.rfile
        self._socket = request.conn.socket

    def read(self, size: int | None = -1, /) -> bytes:
        """Return exactly ``size`` bytes unless the connection ends; the caller knows how many there are."""
        assert size is not None  # noqa: S101 -- WholeBody always says
        if self._buffered.has_data():
            chunk: bytes = self._buffered.read1(size)
        elif size < _DIRECT_FROM:
            chunk = self._buffered.read(size)
        else:
            chunk = self._receive(size)
        self._request.rfile.remaining -= len(chunk)
        return chunk

    def _receive(self, size: int) -> bytes:
        buffer = bytearray(size)
        view = memoryview(buffer)
        filled = 0
        while filled < size:
            received = self._socket.recv_into(view[filled:])
            if not received:
                break
            filled += received
        view.release()
        del buffer[filled:]
        return bytes(buffer)


class _Request(HTTPRequest):
    """Takes every path as it is: a key may begin with a slash, which cheroot would read as a host."""

    def __init__(self, server: HTTPServer, conn: HTTPConnection) -> None:
        super().__init__(server, conn, proxy_mode=True)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request

    def communicate(self) -> bool:
        try:
            return bool(super().communicate())  # type: ignore[no-untyped-call] # cheroot has no types
        finally:
            self.server.note_answered()


class _Cheroot(HTTPServer):
    """cheroot's server, growing its threads with the requests that wait (long polls hold one each)."""

    timeout = _TIMEOUT_SECONDS
    shutdown_timeout = 2
    keep_alive_conn_limit = 1024
    request_queue_size = 256
    max_request_header_size = _MAX_HEADER_BYTES
    nodelay = True
    ConnectionClass = _Connection

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._unanswered = 0
        self._counting = threading.Lock()

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002 -- cheroot's name
        made: socket.socket = super().bind(family, type, proto)
        # Connections inherit it. Without it, those that a killed server leaves behind would keep the next
        # one from taking the same port again. cheroot leaves it out where the system chose the port.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made

    def process_conn(self, conn: Any) -> None:
        # Counted by us: a thread that has just taken a connection from cheroot's queue still counts as idle
        # there, and a connection that nobody is left to take would wait until another one comes.
        with self._counting:
            self._unanswered += 1
            is_short = self._unanswered >= len(self.requests._threads)
        if is_short:
            self.requests.grow(_MORE_THREADS)
        super().process_conn(conn)

    def note_answered(self) -> None:
        """Take note that a thread has done with a connection for now."""
        with self._counting:
            self._unanswered -= 1

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        log.log(level, "%s", msg, exc_info=traceback)


class _Gateway(Gateway):
    def __init__(self, request: HTTPRequest, answer: Callable[[RawRequest], Response]) -> None:
        super().__init__(request)
        self._answer = answer

    def respond(self) -> None:
        request = self.req
        headers = {name.decode("latin-1").lower(): _text(value) for name, value in request.inheaders.items()}
        if request.chunked_read:
            body = WholeBody(request.rfile, None)
        else:
            body = WholeBody(cast("BinaryIO", _SocketBody(request)), int(headers.get("content-length", 0)))
        raw = RawRequest(request.method.decode(), request.uri.decode("latin-1"), headers, body)
        response = self._answer(raw)
        try:
            body.drain()
        except ServiceError:
            request.close_connection = True
        try:
            self._write(response)
        finally:
            if isinstance(response.body, FileSlice):
                response.body.file.close()

    def _write(self, response: Response) -> None:
        request = self.req
        body = response.body
        request.status = f"{response.status} {_reason(response.status)}".encode()
        out = {name.lower(): value for name, value in response.headers.items()}
        if isinstance(body, bytes) and response.status not in _NO_BODY:
            out.setdefault("content-length", str(len(body)))
        elif isinstance(body, FileSlice):
            out["content-length"] = str(body.length)
        request.outheaders = [
            (_header_name(name), value.encode("utf-8", errors="surrogateescape"))
            for name, value in out.items()
        ]
        if isinstance(body, bytes) and len(body) <= _AT_ONCE_BYTES:
            _send_at_once(request, b"" if request.method == b"HEAD" or response.status in _NO_BODY else body)
            return
        request.ensure_headers_sent()
        if request.method == b"HEAD" or response.status in _NO_BODY:
            return
        if isinstance(body, bytes):
            request.write(body)
        elif isinstance(body, FileSlice):
            sent = request.conn.socket.sendfile(body.file, body.offset, body.length) if body.length else 0
            if sent != body.length:
                # The announced length cannot be kept; only a broken connection tells the client.
                request.close_connection = True
        else:
            for chunk in body:
                if chunk:
                    request.write(chunk)


class _Answer(Protocol):
    """What sending needs of cheroot's request."""

    conn: Any

    def ensure_headers_sent(self) -> None: ...

    def write(self, body: bytes, /) -> None: ...


def _send_at_once(request: _Answer, body: bytes) -> None:
    """Send headers and body together.

    Clients take headers without the body that they announce for an empty answer: a server that is killed
    between the two would have said that all is well, and nothing.
    """
    connection = request.conn
    stream, connection.wfile = connection.wfile, io.BytesIO()
    try:
        request.ensure_headers_sent()
        if body:
            request.write(body)
        message = connection.wfile.getvalue()
    finally:
        connection.wfile = stream
    stream.write(message)


def _touch(address: tuple[str, int]) -> None:
    with contextlib.suppress(OSError):
        socket.create_connection(address, timeout=1).close()


def _header_name(name: str) -> bytes:
    # Clients take the names of a user's metadata as they come: S3 sends its own headers in lower case.
    return (name if name.startswith("x-amz") else name.title()).encode()


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _reason(status: int) -> str:
    return reasons.get(status, "Unknown")
