"""Bodies: AWS's published chunk signatures, trailers, and every way to lie about a body."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.local import signature
from pipecell.local.payload import Body, ChunkedBody, HashedBody, WholeBody, open_body
from pipecell.local.signature import ChunkSeed, Incoming, Signed
from pipecell.local.wire import ServiceError
from tests.local.test_signature import EXAMPLE_SCOPE, EXAMPLE_TIME, secret_of

CONTENT = b"a" * 66_560
# "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks"
CHUNK_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)


def example_seed() -> ChunkSeed:
    """Return the seed of AWS's published example, itself verified."""
    request = Incoming(
        "PUT",
        "/examplebucket/chunkObject.txt",
        "",
        {
            "host": "s3.amazonaws.com",
            "x-amz-date": "20130524T000000Z",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "content-encoding": "aws-chunked",
            "x-amz-decoded-content-length": "66560",
            "content-length": "66824",
            "authorization": f"AWS4-HMAC-SHA256 Credential={EXAMPLE_SCOPE},SignedHeaders=content-encoding;"
            "content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
            "x-amz-storage-class,"
            "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        },
    )
    seed = signature.verify(request, secret_of, EXAMPLE_TIME, lambda: "").seed
    assert seed is not None
    return seed


def framed(pieces: list[bytes], signatures: tuple[str, ...] = (), trailer: bytes = b"\r\n") -> bytes:
    message = b""
    for number, piece in enumerate([*pieces, b""]):
        extension = f";chunk-signature={signatures[number]}" if signatures else ""
        message += f"{len(piece):x}{extension}\r\n".encode() + (piece + b"\r\n" if piece else b"")
    return message + trailer


def arriving(message: bytes) -> WholeBody:
    return WholeBody(io.BytesIO(message), len(message))


def failure(body: Body) -> str:
    with pytest.raises(ServiceError) as caught:
        body.read()
    return caught.value.code


def test_the_published_chunk_signatures() -> None:
    message = framed([CONTENT[:65_536], CONTENT[65_536:]], CHUNK_SIGNATURES)
    assert len(message) == 66_824
    body = ChunkedBody(arriving(message), example_seed(), 66_560, trailing=False)
    assert body.read() == CONTENT


@pytest.mark.parametrize("at", [100, 65_630, 66_700])
def test_a_changed_chunk_is_noticed(at: int) -> None:
    message = bytearray(framed([CONTENT[:65_536], CONTENT[65_536:]], CHUNK_SIGNATURES))
    message[at] ^= 1
    body = ChunkedBody(arriving(bytes(message)), example_seed(), 66_560, trailing=False)
    assert failure(body) in {"SignatureDoesNotMatch", "InvalidRequest", "IncompleteBody"}


def test_chunks_cannot_be_left_out() -> None:
    message = framed([CONTENT[65_536:]], CHUNK_SIGNATURES[1:])
    assert (
        failure(ChunkedBody(arriving(message), example_seed(), None, trailing=False))
        == "SignatureDoesNotMatch"
    )
    unsigned = framed([CONTENT[:10]])
    assert (
        failure(ChunkedBody(arriving(unsigned), example_seed(), 10, trailing=False))
        == "SignatureDoesNotMatch"
    )


def test_signed_trailers() -> None:
    seed = example_seed()
    last = seed.sign("PAYLOAD", seed.signature, signature.EMPTY_SHA256, hashlib.sha256(b"data").hexdigest())
    end = seed.sign("PAYLOAD", last, signature.EMPTY_SHA256, signature.EMPTY_SHA256)
    trailer = "x-amz-checksum-crc32:rfPzYw=="
    signed = seed.sign("TRAILER", end, hashlib.sha256(f"{trailer}\n".encode()).hexdigest())
    for text, holds in [(trailer, True), (trailer.replace("r", "s"), False)]:
        lines = f"{text}\r\nx-amz-trailer-signature:{signed}\r\n\r\n".encode()
        body = ChunkedBody(arriving(framed([b"data"], (last, end), lines)), seed, 4, trailing=True)
        if holds:
            assert body.read() == b"data"
            assert body.trailers == {"x-amz-checksum-crc32": "rfPzYw=="}
        else:
            assert failure(body) == "SignatureDoesNotMatch"


def test_unsigned_chunks_with_trailers_as_boto3_sends_them() -> None:
    from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum

    wrapper = AwsChunkedWrapper(
        io.BytesIO(CONTENT), checksum_cls=Crc32Checksum, checksum_name="x-amz-checksum-crc32", chunk_size=1000
    )
    message = wrapper.read()
    body = ChunkedBody(arriving(message), None, len(CONTENT), trailing=True)
    assert body.read() == CONTENT
    assert list(body.trailers) == ["x-amz-checksum-crc32"]


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.integers(1, 60))
def test_any_chunks_read_in_any_steps(pieces: list[bytes], step: int) -> None:
    body = ChunkedBody(arriving(framed(pieces)), None, sum(map(len, pieces)), trailing=False)
    read = []
    while chunk := body.read(step):
        assert len(chunk) <= step
        read.append(chunk)
    assert b"".join(read) == b"".join(pieces)
    assert body.read(step) == b""


@pytest.mark.parametrize(
    ("message", "length", "code"),
    [
        (framed([b"abc"]), 4, "IncompleteBody"),
        (framed([b"abc"]), 2, "IncompleteBody"),
        (framed([b"abc"])[:-5], 3, "IncompleteBody"),
        (b"5\r\nabc", 5, "IncompleteBody"),
        (b"zz\r\nabc\r\n0\r\n\r\n", 3, "InvalidRequest"),
        (b"2\r\nabc\r\n0\r\n\r\n", None, "InvalidRequest"),
        (b"1\r\na\r\n0\r\n\r\nmore", 1, "InvalidRequest"),
        (b"x" * 40_000, 1, "InvalidRequest"),
        (b"", 1, "IncompleteBody"),
    ],
)
def test_malformed_chunks(message: bytes, length: int | None, code: str) -> None:
    assert failure(ChunkedBody(arriving(message), None, length, trailing=False)) == code


def test_the_last_empty_line_may_be_missing() -> None:
    assert ChunkedBody(arriving(framed([b"abc"], trailer=b"")), None, 3, trailing=False).read() == b"abc"


def test_a_hash_is_checked_at_the_end() -> None:
    content = b"x" * 100
    assert HashedBody(arriving(content), hashlib.sha256(content).hexdigest()).read() == content
    assert (
        failure(HashedBody(arriving(content), hashlib.sha256(b"y").hexdigest()))
        == "XAmzContentSHA256Mismatch"
    )


def test_a_long_body_is_hashed_beside_its_reader() -> None:
    content = b"x" * (20 * 1024 * 1024)
    with HashedBody(arriving(content), hashlib.sha256(content).hexdigest()) as body:
        assert len(body.read()) == len(content)
    with HashedBody(arriving(content), hashlib.sha256(b"y").hexdigest()) as body:
        assert failure(body) == "XAmzContentSHA256Mismatch"


def test_a_body_that_ends_early() -> None:
    body = WholeBody(io.BytesIO(b"abc"), 10)
    assert body.take(5) == b"abc"
    assert failure(body) == "IncompleteBody"


def test_a_broken_connection_is_an_incomplete_body() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    assert failure(WholeBody(Broken(), 10)) == "IncompleteBody"


def test_the_next_request_is_not_read() -> None:
    connection = io.BytesIO(b"bodyGET / HTTP/1.1")
    body = WholeBody(connection, 4)
    assert body.read() == b"body"
    assert connection.read(3) == b"GET"


def signed(payload: str) -> Signed:
    return Signed("key", "us-east-1", "s3", payload, example_seed())


def test_how_a_body_is_opened_follows_its_declaration() -> None:
    plain = arriving(b"abc")
    assert open_body(plain, signed("UNSIGNED-PAYLOAD"), {}) is plain
    assert isinstance(open_body(plain, signed("0" * 64), {}), HashedBody)
    for name in ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        assert isinstance(open_body(plain, signed(name), {}), ChunkedBody)
    chunked = {"content-encoding": "gzip, aws-chunked", "x-amz-decoded-content-length": "3"}
    assert isinstance(open_body(plain, signed("UNSIGNED-PAYLOAD"), chunked), ChunkedBody)


@pytest.mark.parametrize("payload", ["", "nonsense", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"])
def test_unknown_declarations_are_refused(payload: str) -> None:
    with pytest.raises(ServiceError, match="InvalidRequest"):
        open_body(arriving(b""), signed(payload), {})


def test_a_long_body_with_another_checksum_is_not_hashed_twice() -> None:
    headers = {"content-length": str(5 * 1024 * 1024), "x-amz-checksum-crc32": "AAAAAA=="}
    plain = arriving(b"abc")
    assert open_body(plain, signed("0" * 64), headers) is plain
    assert isinstance(open_body(plain, signed("0" * 64), {**headers, "content-length": "100"}), HashedBody)
    other = Signed("key", "us-east-1", "sagemaker", "0" * 64)
    assert isinstance(open_body(plain, other, headers), HashedBody)
