"""What is written to a connection, and in how many pieces."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pipecell.local.http import _Cheroot, _send_at_once


class Connection:
    """Keeps what is written to it, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.wfile: Any = self

    def write(self, piece: bytes) -> None:
        self.pieces.append(piece)


class Message:
    """A request that is about to be answered."""

    def __init__(self) -> None:
        self.conn = Connection()

    def ensure_headers_sent(self) -> None:
        self.conn.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")

    def write(self, body: bytes) -> None:
        self.conn.wfile.write(body)


class BrokenMessage(Message):
    """One whose body cannot be written."""

    def write(self, body: bytes) -> None:
        raise OSError("no more")


class Pool:
    """Threads that have taken what was put, and have not said so yet: all seem idle."""

    def __init__(self, threads: int) -> None:
        self._threads = [None] * threads
        self.put_: list[object] = []
        self.idle = threads

    def put(self, connection: object) -> None:
        self.put_.append(connection)

    def grow(self, amount: int) -> None:
        self._threads += [None] * amount


def test_no_connection_waits_for_a_thread_that_has_just_taken_another_one() -> None:
    server = _Cheroot(("127.0.0.1", 0), gateway=None)
    server.requests = pool = Pool(2)
    for number in range(40):
        server.process_conn(number)
        assert len(pool._threads) > len(pool.put_)
    grown = len(pool._threads)
    for number in range(100):
        server.note_answered()
        server.process_conn(number)
    assert len(pool._threads) == grown


def test_headers_never_go_without_the_body_that_they_announce() -> None:
    message = Message()
    _send_at_once(message, b"{}")
    assert message.conn.pieces == [b"HTTP/1.1 200 OK\r\n\r\n{}"]
    assert message.conn.wfile is message.conn


def test_a_body_that_fails_leaves_the_connection_as_it_was() -> None:
    message = BrokenMessage()
    with pytest.raises(OSError, match="no more"):
        _send_at_once(message, b"{}")
    assert message.conn.pieces == []
    assert not isinstance(message.conn.wfile, io.BytesIO)
