"""The port: who may come in, in which words they are refused, and how bodies go in and out."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from pipecell.local.server import Server
from pipecell.local.wire import Request, Response, ServiceError
from tests.local.conftest import Clients
from tests.local.waiting import PATIENCE


class Echo:
    """A service that answers with what it got, or fails as its body says."""

    def __init__(self) -> None:
        self.resumed = 0
        self.closed = 0

    def handle(self, request: Request) -> Response:
        body = request.read_body()
        if body == b"bug":
            raise RuntimeError("a bug")
        if body == b"refuse":
            raise ServiceError("ResourceNotFound", "There is no <such> thing.")
        if body == b"stream":
            return Response(200, {}, iter([b"one", b"", b"two"]))
        return Response(200, {"x-service": request.service}, body)

    def resume(self) -> None:
        self.resumed += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(home: Home, echo: Echo) -> Iterator[Server]:
    made = Server(home)
    for service in made.services.values():
        close = getattr(service, "close", None)
        if close is not None:
            close()
    made.services = {"*": echo, "sagemaker": echo, "s3": echo}
    made.bind()
    thread = threading.Thread(target=made.serve)
    thread.start()
    yield made
    made.stop()
    thread.join(timeout=PATIENCE)
    assert not thread.is_alive()


def signed(
    server: Server, method: str, path: str, body: bytes = b"", service: str = "sagemaker", **headers: str
) -> dict[str, str]:
    """Return the headers of a request signed by botocore."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    pair = server.credentials.pair
    request = AWSRequest(
        method=method,
        url=server.endpoint + path,
        data=body,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    kind(Credentials(pair.access_key, pair.secret_key), service, "us-east-1").add_auth(request)
    return dict(request.prepare().headers.items())


class Connection:
    """One connection to a server, closed at the end of a with block."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=PATIENCE)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *details: object) -> None:
        self._http.close()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        self._http.request(method, path, body, headers or {})
        answer = self._http.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_a_signed_request_reaches_its_service(server: Server) -> None:
    with Connection(server.endpoint) as connection:
        for body in (b"first", b"second on the same connection"):
            status, headers, answer = connection.ask("POST", "/", body, signed(server, "POST", "/", body))
            assert (status, answer, headers["x-service"]) == (200, body, "sagemaker")
            assert headers["x-amzn-requestid"]
            assert "access-control-allow-origin" not in headers


def test_services_that_are_not_ours_go_to_the_others(server: Server) -> None:
    with Connection(server.endpoint) as connection:
        body = b"x"
        _, headers, _ = connection.ask("POST", "/", body, signed(server, "POST", "/", body, service="sqs"))
        assert headers["x-service"] == "sqs"


@pytest.mark.parametrize(
    ("headers", "content_type", "code"),
    [
        ({}, "application/xml", "AccessDenied"),
        (
            {"X-Amz-Target": "SageMaker.ListPipelines"},
            "application/x-amz-json-1.1",
            "MissingAuthenticationTokenException",
        ),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "text/xml", "AccessDenied"),
    ],
)
def test_unsigned_requests_are_refused_in_the_protocols_words(
    server: Server, headers: dict[str, str], content_type: str, code: str
) -> None:
    with Connection(server.endpoint) as connection:
        status, got, body = connection.ask("POST", "/", b"{}", headers)
        assert (status, got["content-type"]) == (403, content_type)
        assert code.encode() in body


def test_a_wrong_secret_is_refused(server: Server) -> None:
    headers = signed(server, "POST", "/", b"body", X_Amz_Target="SageMaker.X")
    with Connection(server.endpoint) as connection:
        status, _, body = connection.ask("POST", "/", b"other", headers)
        assert status == 403
        assert json.loads(body)["__type"] == "InvalidSignatureException"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "169.254.169.254", "127.0.0.1.nip.io", ""]
)
def test_names_that_dns_could_point_here_are_refused(server: Server, host: str) -> None:
    with Connection(server.endpoint) as connection:
        status, _, body = connection.ask("GET", "/_pipecell/health", headers={"Host": host})
        assert (status, b"host" in body) == (403, True)


def test_health_tells_nothing_that_is_secret(server: Server) -> None:
    with Connection(server.endpoint) as connection:
        status, _, body = connection.ask("GET", "/_pipecell/health")
    assert status == 200
    assert json.loads(body) == {
        "service": "pipecell",
        "version": "0.1.0" if "0.1.0" in body.decode() else json.loads(body)["version"],
        "pid": os.getpid(),
        "instance": server.instance,
    }
    assert server.credentials.pair.secret_key not in body.decode()


def test_a_bug_is_a_500_that_names_the_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with Connection(server.endpoint) as connection:
        status, headers, body = connection.ask("POST", "/", b"bug", signed(server, "POST", "/", b"bug"))
    assert status == 500
    assert str(server.home.server_log) in body.decode()
    assert headers["x-amzn-requestid"] in caplog.text
    assert "a bug" in caplog.text


def test_a_services_error_keeps_its_code(server: Server) -> None:
    with Connection(server.endpoint) as connection:
        status, _, body = connection.ask("POST", "/", b"refuse", signed(server, "POST", "/", b"refuse"))
        assert (status, json.loads(body)["__type"]) == (400, "ResourceNotFound")
        headers = signed(server, "PUT", "/b/k", b"refuse", service="s3")
        status, _, body = connection.ask("PUT", "/b/k", b"refuse", headers)
        assert b"<Code>ResourceNotFound</Code><Message>There is no &lt;such&gt; thing.</Message>" in body


def test_answers_may_come_in_pieces(server: Server) -> None:
    with Connection(server.endpoint) as connection:
        for _ in range(2):
            status, headers, body = connection.ask(
                "POST", "/", b"stream", signed(server, "POST", "/", b"stream")
            )
            assert (status, body, headers["transfer-encoding"]) == (200, b"onetwo", "chunked")


def test_a_refused_upload_is_read_so_that_the_client_hears_why(server: Server) -> None:
    with Connection(server.endpoint) as connection:
        for _ in range(2):
            status, _, body = connection.ask("PUT", "/bucket/key", b"x" * 30_000_000)
            assert (status, b"AccessDenied" in body) == (403, True)


def test_a_document_that_is_too_large_is_refused(server: Server) -> None:
    body = b"x" * 17_000_000
    with Connection(server.endpoint) as connection:
        status, _, answer = connection.ask("POST", "/", body, signed(server, "POST", "/", body))
        assert (status, b"RequestEntityTooLarge" in answer) == (413, True)


def raw(server: Server, message: bytes) -> bytes:
    """Send bytes as they are and return all that comes back until the server ends the connection.

    A server that refuses a message before it has read all of it resets the
    connection, at any instant: while we send, half-close or read.
    """
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                answer += chunk
        except OSError as error:
            if error.errno not in {errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE}:
                raise
    return answer


@pytest.mark.parametrize(
    "message",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_malformed_messages_end_the_connection_only(server: Server, message: bytes) -> None:
    answer = raw(server, message)
    assert answer == b"" or int(answer.split(b" ")[1]) >= 400
    with Connection(server.endpoint) as connection:
        assert connection.ask("GET", "/_pipecell/health")[0] == 200


def test_expect_continue(server: Server) -> None:
    body = b"later"
    headers = signed(server, "POST", "/", body)
    head = (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
    )
    head += "".join(
        f"{name}: {value}\r\n"
        for name, value in headers.items()
        if name.lower() not in {"host", "content-length"}
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + b"\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_many_long_requests_do_not_block_short_ones(
    server: Server, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    waiting = threading.Semaphore(0)
    original = echo.handle

    def slow(request: Request) -> Response:
        if request.headers.get("x-slow"):
            waiting.release()
            release.wait(2 * PATIENCE)
        return original(request)

    monkeypatch.setattr(echo, "handle", slow)

    def ask_slowly() -> None:
        headers = {**signed(server, "POST", "/", b""), "X-Slow": "1"}
        with Connection(server.endpoint) as connection:
            connection.ask("POST", "/", b"", headers)

    threads = [threading.Thread(target=ask_slowly) for _ in range(40)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=PATIENCE)
    with Connection(server.endpoint) as connection:
        assert connection.ask("GET", "/_pipecell/health")[0] == 200
    release.set()
    for thread in threads:
        thread.join(timeout=PATIENCE)


def test_services_are_resumed_and_closed(home: Home, echo: Echo) -> None:
    server = Server(home)
    for service in server.services.values():
        getattr(service, "close", lambda: None)()
    server.services = {"*": echo, "s3": echo}
    server.resume()
    server.stop()
    server.stop()
    assert (echo.resumed, echo.closed) == (1, 1)


def test_an_unusable_disk_is_not_retried(own_endpoint: EndpointInfo, own_client: Clients, home: Home) -> None:
    from botocore.exceptions import ClientError

    s3 = own_client("s3")
    s3.create_bucket(Bucket="data")
    moved = home.objects_folder.rename(home.root / "objects-away")
    (home.objects_folder).write_text("in the way")
    attempts: list[Any] = []
    s3.meta.events.register("before-send.s3.PutObject", lambda **_: attempts.append(1))
    try:
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket="data", Key="k", Body=b"x")
    finally:
        home.objects_folder.unlink()
        moved.rename(home.objects_folder)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
    assert len(attempts) == 1
    s3.put_object(Bucket="data", Key="k", Body=b"x")


def test_only_loopback_listens(own_endpoint: EndpointInfo) -> None:
    listening = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A" and int(local.split(":")[1], 16) == own_endpoint.port:
            listening.append(local.split(":")[0])
    assert listening == ["0100007F"]
