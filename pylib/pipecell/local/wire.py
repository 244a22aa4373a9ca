"""Requests and responses as the services see them, and AWS's errors.

Nothing here knows HTTP's server, SQLite or botocore: this module is imported by
job supervisors too, so it stays light.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol
from urllib.parse import unquote

from pipecell.local.home import ACCOUNT_ID, DEFAULT_REGION

MAX_JSON_BODY = 16 * 1024 * 1024
"""The largest request body, in bytes, that is read into memory."""


def new_request_id() -> str:
    """Return a fresh request id in AWS's form."""
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class ServiceError(Exception):
    """An error that AWS would answer with: the client gets it in the protocol's own shape.

    Args:
        code: AWS's error code, for example ``ResourceNotFound``.
        message: AWS's words.
        status: HTTP status.
        fields: further members of the error's shape.
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


@dataclass
class Request:
    """One request whose signature has been verified.

    Args:
        method: ``GET``, ``POST``, …
        path: as sent, still percent-encoded, without the query.
        query: decoded parameters; a parameter without a value is ``""``.
        headers: names in lower case.
        body: the decoded content (no chunk signatures); reading past its end returns ``b""``, and reading
            it to its end raises `ServiceError` when it is not what the client signed.
        region: from the credential scope.
        service: signing name from the credential scope, for example ``s3``.
        access_key: who asks.
    """

    method: str
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: BinaryIO = field(default_factory=io.BytesIO)
    region: str = DEFAULT_REGION
    service: str = ""
    access_key: str = ""
    request_id: str = field(default_factory=new_request_id)
    raw_query: str = ""

    @property
    def decoded_path(self) -> str:
        """The path with percent-escapes decoded as UTF-8."""
        return unquote(self.path, errors="surrogateescape")

    @property
    def base_url(self) -> str:
        """The endpoint as the client addressed it, for answers that hold URLs."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"

    def read_body(self, limit: int = MAX_JSON_BODY) -> bytes:
        """Return the whole body.

        Raises:
            ServiceError: RequestEntityTooLarge, 413, when it is longer than ``limit`` bytes.
        """
        parts = []
        size = 0
        while chunk := self.body.read(min(1024 * 1024, limit + 1 - size)):
            size += len(chunk)
            if size > limit:
                raise ServiceError(
                    "RequestEntityTooLarge", f"The request is larger than {limit} bytes.", status=413
                )
            parts.append(chunk)
        return b"".join(parts)


@dataclass
class FileSlice:
    """A part of an open file as a response body; the server closes it.

    Args:
        file: a real file (it has a descriptor).
        offset: first byte.
        length: number of bytes.
    """

    file: BinaryIO
    offset: int
    length: int


@dataclass
class Response:
    """An answer.

    Args:
        status: HTTP status.
        headers: what the service sets; the server adds the request's id, date and length.
        body: bytes, part of a file, or chunks that are sent as they come.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FileSlice | Iterator[bytes] = b""


@dataclass(frozen=True)
class RequestContext:
    """What an operation may know of its request beyond its input.

    Args:
        service: for example ``sagemaker``.
        operation: for example ``CreatePipeline``.
        region: the client's region.
        account_id: always `ACCOUNT_ID` on the local endpoint.
        access_key: who asks.
        request_id: identifies this request in answer and log.
        base_url: the endpoint as the client addressed it.
    """

    service: str
    operation: str
    region: str = DEFAULT_REGION
    account_id: str = ACCOUNT_ID
    access_key: str = ""
    request_id: str = ""
    base_url: str = ""


class Handler(Protocol):
    """A service behind the port.

    It may also have ``resume()``, called once when the server starts, ``close()``, called when it stops,
    and ``warm()``, called in the background after the start.
    """

    def handle(self, request: Request) -> Response:
        """Answer one request; called from many threads."""
        ...  # pragma: no cover
