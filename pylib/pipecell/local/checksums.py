"""The checksums that S3 knows: computing, combining and naming them.

zlib and hashlib give CRC32, SHA1 and SHA256. CRC32C and CRC64NVME, which the
AWS CLI sends, have no standard-library code: `awscrt` computes them where it is
installed, else `Lanes`, which runs thousands of CRCs side by side with
``bytes.translate`` and big integers and joins them at the end, some fifty times
faster than a loop over bytes.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Protocol

ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
"""S3's names, in lower case as in ``x-amz-checksum-<name>``."""

_REFLECTED_POLYNOMIALS = {
    "crc32": (0xEDB88320, 32),
    "crc32c": (0x82F63B78, 32),
    "crc64nvme": (0x9A6C9329AC4BC9B5, 64),
}
_LANE_LENGTH = 512


class Digest(Protocol):
    """What hashlib's objects and ours have in common."""

    def update(self, data: bytes, /) -> None:
        """Add data."""
        ...  # pragma: no cover

    def digest(self) -> bytes:
        """Return the checksum's bytes, most significant first."""
        ...  # pragma: no cover


def new(algorithm: str) -> Digest:
    """Return a fresh digest of an algorithm in `ALGORITHMS`."""
    if algorithm == "sha1":
        return hashlib.sha1(usedforsecurity=False)
    if algorithm == "sha256":
        return hashlib.sha256()
    return _CrcDigest(_crc_function(algorithm), width=_REFLECTED_POLYNOMIALS[algorithm][1])


def encode(digest: bytes) -> str:
    """Return a checksum as S3's headers hold it."""
    return base64.b64encode(digest).decode()


def compute(algorithm: str, data: bytes) -> str:
    """Return the encoded checksum of some bytes."""
    digest = new(algorithm)
    digest.update(data)
    return encode(digest.digest())


def composite(algorithm: str, parts: Iterable[str]) -> str:
    """Return the checksum of the parts' checksums, with their number, as S3 gives multipart objects."""
    values = [base64.b64decode(part) for part in parts]
    return f"{compute(algorithm, b''.join(values))}-{len(values)}"


def can_join(algorithm: str) -> bool:
    """Whether the checksum of a whole follows from those of its parts."""
    return algorithm in _REFLECTED_POLYNOMIALS


def join(algorithm: str, parts: Sequence[tuple[str, int]]) -> str:
    """Return the checksum of a whole from (checksum, size in bytes) of each part."""
    width = _REFLECTED_POLYNOMIALS[algorithm][1]
    value = 0
    for encoded, size in parts:
        value = _shift(algorithm, value, size) ^ int.from_bytes(base64.b64decode(encoded), "big")
    return encode(value.to_bytes(width // 8, "big"))


class _CrcDigest:
    def __init__(self, function: Callable[[bytes, int], int], width: int) -> None:
        self._function = function
        self._width = width
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width // 8, "big")


def _crc_function(algorithm: str) -> Callable[[bytes, int], int]:
    if algorithm == "crc32":
        return zlib.crc32
    try:
        from awscrt import checksums  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return _lanes(algorithm).update
    function: Callable[[bytes, int], int] = getattr(checksums, algorithm)
    return function


@cache
def _lanes(algorithm: str) -> Lanes:
    return Lanes(algorithm)


class Lanes:
    """One CRC over many equal pieces of the data at once.

    A lane is a piece of `_LANE_LENGTH` bytes. Byte plane i holds byte i of every lane's CRC, so that one
    step of the classic table algorithm is one ``translate`` a plane for all lanes together.
    """

    def __init__(self, algorithm: str) -> None:
        polynomial, self._width = _REFLECTED_POLYNOMIALS[algorithm]
        self._algorithm = algorithm
        self._mask = (1 << self._width) - 1
        self._table = _byte_table(polynomial)
        self._planes = [
            bytes((entry >> (8 * plane)) & 0xFF for entry in self._table) for plane in range(self._width // 8)
        ]
        self._step = _shift_tables(algorithm, _LANE_LENGTH)

    def update(self, data: bytes, value: int) -> int:
        """Return the CRC of what had ``value`` followed by ``data``."""
        lanes = len(data) // _LANE_LENGTH
        register = value ^ self._mask
        if lanes > 1:
            body = data[: lanes * _LANE_LENGTH]
            for lane in self._run(body, lanes):
                register = _apply(self._step, register) ^ lane
            data = data[lanes * _LANE_LENGTH :]
        table = self._table
        for byte in data:
            register = (register >> 8) ^ table[(register ^ byte) & 0xFF]
        return register ^ self._mask

    def _run(self, data: bytes, lanes: int) -> list[int]:
        size = len(self._planes)
        state = [0] * size
        tables = self._planes
        for position in range(_LANE_LENGTH):
            column = int.from_bytes(data[position::_LANE_LENGTH], "little")
            index = (state[0] ^ column).to_bytes(lanes, "little")
            state = [
                int.from_bytes(index.translate(tables[plane]), "little")
                ^ (state[plane + 1] if plane + 1 < size else 0)
                for plane in range(size)
            ]
        columns = [plane.to_bytes(lanes, "little") for plane in state]
        return [int.from_bytes(bytes(lane), "little") for lane in zip(*columns, strict=True)]


def _byte_table(polynomial: int) -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


def _shift(algorithm: str, value: int, size: int) -> int:
    """Return the CRC register ``value`` after ``size`` zero bytes (no inversion)."""
    power = 0
    while size:
        if size & 1:
            value = _multiply(_zero_bytes_matrix(algorithm, power), value)
        size >>= 1
        power += 1
    return value


@cache
def _zero_bytes_matrix(algorithm: str, power: int) -> tuple[int, ...]:
    """Return the GF(2) matrix, one column a bit, of appending 2**power zero bytes."""
    polynomial, width = _REFLECTED_POLYNOMIALS[algorithm]
    if power:
        half = _zero_bytes_matrix(algorithm, power - 1)
        return tuple(_multiply(half, column) for column in half)
    table = _byte_table(polynomial)
    return tuple(((1 << bit) >> 8) ^ table[(1 << bit) & 0xFF] for bit in range(width))


def _multiply(matrix: Sequence[int], vector: int) -> int:
    result = 0
    for column in matrix:
        if vector & 1:
            result ^= column
        vector >>= 1
    return result


def _shift_tables(algorithm: str, size: int) -> list[list[int]]:
    """Return `_shift` by a fixed size as one table of 256 entries for each byte of the register."""
    width = _REFLECTED_POLYNOMIALS[algorithm][1]
    return [
        [_shift(algorithm, byte << (8 * place), size) for byte in range(256)] for place in range(width // 8)
    ]


def _apply(tables: list[list[int]], register: int) -> int:
    result = 0
    for table in tables:
        result ^= table[register & 0xFF]
        register >>= 8
    return result
