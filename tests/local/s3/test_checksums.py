"""Bodies that come whole or not at all: checksums, signed bodies, chunks."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from botocore.config import Config

from tests.local.conftest import Clients
from tests.local.s3.refusals import refused


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_go_both_ways(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"content", ChecksumAlgorithm=algorithm)
    value = put[f"Checksum{algorithm}"]
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"content"
    assert (got[f"Checksum{algorithm}"], got["ChecksumType"]) == (value, "FULL_OBJECT")
    part = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED", Range="bytes=0-1")
    assert f"Checksum{algorithm}" not in part
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert listed["ChecksumAlgorithm"] == [algorithm]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumSHA256": "A" * 43 + "="}, "BadDigest"),
        ({"ChecksumCRC32C": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumCRC64NVME": "AAAAAAAAAAA="}, "BadDigest"),
        ({"ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, "BadDigest"),
        ({"ContentMD5": "nonsense"}, "InvalidDigest"),
        ({"ChecksumCRC32": "not base64!"}, "InvalidRequest"),
    ],
)
def test_wrong_checksums_store_nothing(s3: Any, bucket: str, arguments: dict[str, str], code: str) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"content", **arguments) == (code, 400)
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_right_checksums_that_boto3_cannot_compute(s3: Any, bucket: str) -> None:
    from pipecell.local import checksums

    for name in ("crc32c", "crc64nvme"):
        value = checksums.compute(name, b"content")
        put = s3.put_object(Bucket=bucket, Key=name, Body=b"content", **{f"Checksum{name.upper()}": value})
        assert put[f"Checksum{name.upper()}"] == value


def test_a_body_that_is_not_what_was_signed(s3: Any, bucket: str) -> None:
    def spoil(request: Any, **_: Any) -> None:
        request.body = b"CONTENT"

    s3.meta.events.register("before-send.s3.PutObject", spoil)
    code, status = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"content")
    assert (code, status) == ("XAmzContentSHA256Mismatch", 400)
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


@pytest.mark.parametrize("signed", [True, False])
def test_bodies_in_aws_chunks(client: Clients, bucket: str, signed: bool) -> None:
    s3 = client(
        "s3",
        config=Config(s3={"payload_signing_enabled": signed}, request_checksum_calculation="when_supported"),
    )
    content = os.urandom(3_000_000)

    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            super().__init__()
            self._inner = io.BytesIO(content)

        def readable(self) -> bool:
            return True

        def read(self, size: int | None = -1) -> bytes:
            return self._inner.read(size)

    s3.upload_fileobj(Unseekable(), bucket, "stream")
    assert s3.get_object(Bucket=bucket, Key="stream")["Body"].read() == content
    assert "ContentEncoding" not in s3.head_object(Bucket=bucket, Key="stream")
