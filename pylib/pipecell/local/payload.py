"""Request bodies as they arrive: checked against their signature, freed of their chunks.

Each is a stream that raises `ServiceError` when what was read is not what the
client declared, at the latest at its end. Nothing is stored before that end.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO, cast

from pipecell.local.checksums import ALGORITHMS
from pipecell.local.signature import EMPTY_SHA256, UNSIGNED_PAYLOAD, ChunkSeed, Signed, is_content_hash
from pipecell.local.wire import ServiceError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_MAX_LINE = 16 * 1024
# Longer than any body that is a document rather than an object's content.
_PROOF_FROM = 4 * 1024 * 1024
_PARALLEL_FROM = 16 * 1024 * 1024
_STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_STREAMING_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class Body(io.RawIOBase):
    """A request's content.

    Attributes:
        trailers: headers that came after the content, in lower case; complete at its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trailers: dict[str, str] = {}

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes, ``b""`` only at the end."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.take(1024 * 1024), b""))
        return self.take(size) if size else b""

    def take(self, size: int) -> bytes:
        """Return between 1 and ``size`` bytes, or ``b""`` at the end."""
        raise NotImplementedError

    def as_file(self) -> BinaryIO:
        """Return itself under the name that services know."""
        return cast("BinaryIO", self)


class WholeBody(Body):
    """The bytes of the message, exactly as many as it announces.

    Args:
        source: reads from the connection.
        length: announced, in bytes; None for a body in HTTP chunks, which announces its own end.
    """

    def __init__(self, source: BinaryIO, length: int | None) -> None:
        super().__init__()
        self._source = source
        self._left = length

    def take(self, size: int) -> bytes:
        """Read from the connection.

        Raises:
            ServiceError: IncompleteBody, the client hung up in the middle.
        """
        if self._left == 0:
            return b""
        try:
            chunk = self._source.read(size if self._left is None else min(size, self._left))
        except (OSError, ValueError) as error:
            # The connection broke or its framing did; either way there is no more to read.
            raise incomplete() from error
        if self._left is not None:
            if not chunk:
                raise incomplete()
            self._left -= len(chunk)
        return chunk

    def drain(self) -> None:
        """Read and forget the rest, so that the client gets its answer and the connection stays usable."""
        while self.take(1024 * 1024):
            pass


class HashedBody(Body):
    """A body whose SHA-256 is among what was signed.

    Args:
        source: the body.
        expected: its SHA-256, hexadecimal.
    """

    def __init__(self, source: Body, expected: str) -> None:
        super().__init__()
        self._source = source
        self._expected = expected
        self._digest = hashlib.sha256()
        self._size = 0
        self._executor: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def take(self, size: int) -> bytes:
        """Read, hashing long bodies in a thread beside the one that stores them.

        Raises:
            ServiceError: XAmzContentSHA256Mismatch at the end.
        """
        chunk = self._source.take(size)
        if self._pending is not None:
            self._pending.result()
            self._pending = None
        if not chunk:
            self._finish()
            return chunk
        self._size += len(chunk)
        if self._size > _PARALLEL_FROM:
            if self._executor is None:
                from concurrent.futures import ThreadPoolExecutor

                self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")
            self._pending = self._executor.submit(self._digest.update, chunk)
        else:
            self._digest.update(chunk)
        return chunk

    def close(self) -> None:
        """Release the thread."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None
        super().close()

    def _finish(self) -> None:
        computed = self._digest.hexdigest()
        if not hmac.compare_digest(computed, self._expected):
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ClientComputedContentSHA256=self._expected,
                S3ComputedContentSHA256=computed,
            )


class ChunkedBody(Body):
    """A body in AWS's chunks (``aws-chunked``), each signed or not, with or without trailers.

    Args:
        source: the body.
        seed: what signatures continue from; None for unsigned chunks.
        length: what ``x-amz-decoded-content-length`` says, or None.
        trailing: whether headers follow the last chunk.
    """

    def __init__(self, source: Body, seed: ChunkSeed | None, length: int | None, *, trailing: bool) -> None:
        super().__init__()
        self._source = source
        self._seed = seed
        self._previous = seed.signature if seed else ""
        self._expected_length = length
        self._trailing = trailing
        self._size = 0
        self._left = 0
        self._digest = hashlib.sha256()
        self._signature = ""
        self._ended = False
        self._buffer = b""

    def take(self, size: int) -> bytes:
        """Read content, checking each chunk's signature at the chunk's end.

        Raises:
            ServiceError: SignatureDoesNotMatch, IncompleteBody, InvalidRequest (framing).
        """
        if self._ended:
            return b""
        if not self._left and not self._begin_chunk():
            return b""
        chunk = self._raw(min(size, self._left))
        self._left -= len(chunk)
        self._size += len(chunk)
        if self._expected_length is not None and self._size > self._expected_length:
            raise incomplete()
        if self._seed is not None:
            self._digest.update(chunk)
        if not self._left:
            self._end_chunk()
        return chunk

    def _begin_chunk(self) -> bool:
        """Read a chunk's header; False after the last one."""
        head, _, extension = self._line().partition(b";")
        try:
            self._left = int(head, 16)
        except ValueError:
            raise _framing("The length of a chunk is not a hexadecimal number.") from None
        name, _, value = extension.partition(b"=")
        self._signature = value.decode("ascii", errors="replace") if name == b"chunk-signature" else ""
        self._digest = hashlib.sha256()
        if not self._left:
            self._check_chunk()
            self._finish()
        return self._left > 0

    def _end_chunk(self) -> None:
        if self._line():
            raise _framing("A chunk is longer than announced.")
        self._check_chunk()

    def _check_chunk(self) -> None:
        if self._seed is None:
            return
        expected = self._seed.sign("PAYLOAD", self._previous, EMPTY_SHA256, self._digest.hexdigest())
        self._compare(expected, self._signature)
        self._previous = expected

    def _finish(self) -> None:
        self._ended = True
        lines = []
        signature = ""
        while line := self._line(at_end=not self._trailing):
            name, _, value = line.partition(b":")
            key = name.strip().lower().decode("ascii", errors="replace")
            text = value.strip().decode("utf-8", errors="replace")
            if key == "x-amz-trailer-signature":
                signature = text
            else:
                self.trailers[key] = text
                lines.append(f"{key}:{text}\n")
        if self._trailing and self._seed is not None:
            hashed = hashlib.sha256("".join(lines).encode()).hexdigest()
            self._compare(self._seed.sign("TRAILER", self._previous, hashed), signature)
        if self._expected_length is not None and self._expected_length != self._size:
            raise incomplete()
        if self._buffer or self._source.take(1):
            raise _framing("Content follows the last chunk.")

    def _compare(self, expected: str, given: str) -> None:
        if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            raise ServiceError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided: "
                "a chunk differs from what was signed.",
                status=403,
            )

    def _line(self, *, at_end: bool = False) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            more = self._source.take(_MAX_LINE)
            if not more:
                if at_end or (self._ended and not self._buffer):
                    # Some clients leave out the last empty line.
                    line, self._buffer = self._buffer, b""
                    return line
                raise incomplete()
            self._buffer += more
            if len(self._buffer) > 2 * _MAX_LINE and self._buffer.find(b"\r\n") < 0:
                raise _framing("A chunk's header is too long.")
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _raw(self, size: int) -> bytes:
        if self._buffer:
            chunk, self._buffer = self._buffer[:size], self._buffer[size:]
            return chunk
        chunk = self._source.take(size)
        if not chunk:
            raise incomplete()
        return chunk


def open_body(source: Body, signed: Signed, headers: Mapping[str, str]) -> Body:
    """Return the content of a request, checked as its signature says.

    Args:
        source: the body as it arrives.
        signed: what `signature.verify` returned.
        headers: of the request, in lower case.
    """
    if signed.payload == UNSIGNED_PAYLOAD:
        return _unchunked(source, headers)
    if is_content_hash(signed.payload):
        return source if _has_proof(signed, headers) else HashedBody(source, signed.payload)
    length = _decoded_length(headers)
    if signed.payload in {_STREAMING, _STREAMING_TRAILER} and signed.seed is not None:
        return ChunkedBody(source, signed.seed, length, trailing=signed.payload == _STREAMING_TRAILER)
    if signed.payload == _STREAMING_UNSIGNED_TRAILER:
        return ChunkedBody(source, None, length, trailing=True)
    raise ServiceError(
        "InvalidRequest",
        "The value of x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a SHA-256 in hexadecimal, or one of "
        f"{_STREAMING}, {_STREAMING_TRAILER}, {_STREAMING_UNSIGNED_TRAILER}.",
    )


def _has_proof(signed: Signed, headers: Mapping[str, str]) -> bool:
    """Whether another signed checksum proves a long body, so that hashing it twice proves no more.

    boto3 signs each part's SHA-256 *and* sends its CRC, which S3's operations check. Between client and
    server is only this machine's loopback, where nobody can change a byte who could not read the secret
    as well; what is left to find are mistakes, and those the CRC finds. SHA-256 would be half of the cost
    of an upload.
    """
    length = headers.get("content-length", "")
    checked = any(f"x-amz-checksum-{name}" in headers for name in ALGORITHMS)
    return signed.service == "s3" and checked and length.isdecimal() and int(length) > _PROOF_FROM


def _unchunked(source: Body, headers: Mapping[str, str]) -> Body:
    encodings = [item.strip() for item in headers.get("content-encoding", "").split(",")]
    if "aws-chunked" in encodings and "x-amz-decoded-content-length" in headers:
        return ChunkedBody(source, None, _decoded_length(headers), trailing="x-amz-trailer" in headers)
    return source


def _decoded_length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("x-amz-decoded-content-length")
    if text is None:
        return None
    if not text.isdecimal():
        raise _framing("x-amz-decoded-content-length is not a number.")
    return int(text)


def incomplete() -> ServiceError:
    """Return S3's error for a body that ends too early."""
    return ServiceError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def _framing(message: str) -> ServiceError:
    return ServiceError("InvalidRequest", f"The chunked body is malformed. {message}")
