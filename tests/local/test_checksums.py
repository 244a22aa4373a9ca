"""S3's checksums, against zlib, hashlib and published check values."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.local import checksums

CRCS = ["crc32", "crc32c", "crc64nvme"]

# "Check" of each algorithm in the catalogue of parametrised CRC algorithms: the CRC of b"123456789".
CHECKS = {"crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888"}


@pytest.mark.parametrize(("algorithm", "expected"), CHECKS.items())
def test_published_check_values(algorithm: str, expected: str) -> None:
    assert base64.b64decode(checksums.compute(algorithm, b"123456789")).hex() == expected


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_hashes_are_hashlibs(algorithm: str) -> None:
    assert base64.b64decode(checksums.compute(algorithm, b"data")) == hashlib.new(algorithm, b"data").digest()


@given(st.binary(max_size=3000), st.integers(0, 0xFFFFFFFF))
def test_lanes_agree_with_zlib(data: bytes, start: int) -> None:
    assert checksums.Lanes("crc32").update(data, start) == zlib.crc32(data, start)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1023, 1024, 1025, 65_536, 100_001])
def test_lanes_at_their_borders(size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    assert checksums.Lanes("crc32").update(data[:size], 0) == zlib.crc32(data[:size])


@pytest.mark.parametrize("algorithm", CRCS)
@given(data=st.binary(max_size=2000), cut=st.integers(0, 2000))
def test_pieces_give_the_same_as_the_whole(algorithm: str, data: bytes, cut: int) -> None:
    whole = checksums.compute(algorithm, data)
    digest = checksums.new(algorithm)
    digest.update(data[:cut])
    digest.update(data[cut:])
    assert checksums.encode(digest.digest()) == whole
    parts = [(checksums.compute(algorithm, part), len(part)) for part in (data[:cut], data[cut:])]
    assert checksums.join(algorithm, parts) == whole


def test_composite_is_the_checksum_of_checksums() -> None:
    parts = [checksums.compute("sha256", part) for part in (b"a", b"b")]
    inner = hashlib.sha256(b"a").digest() + hashlib.sha256(b"b").digest()
    expected = base64.b64encode(hashlib.sha256(inner).digest()).decode() + "-2"
    assert checksums.composite("sha256", parts) == expected


def test_only_crcs_join() -> None:
    assert [name for name in checksums.ALGORITHMS if checksums.can_join(name)] == CRCS
