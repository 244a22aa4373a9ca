"""Contents on disk: written once, never shared for writing, swept only when nobody writes."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipecell.local.blobs import CHUNK, Blobs, copy_out, copy_range, open_regular
from tests.local.waiting import PATIENCE


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "objects")


def files(blobs: Blobs) -> list[Path]:
    return [path for path in blobs.folder.rglob("*") if path.is_file() and path.name != ".lock"]


def none_named(_names: Sequence[str]) -> set[str]:
    return set()


@pytest.mark.parametrize("size", [0, 1, CHUNK, 17 * CHUNK + 3])
def test_write_keeps_content_and_digests(blobs: Blobs, size: int) -> None:
    content = os.urandom(size)
    blob = blobs.write(io.BytesIO(content), ["crc32", "sha256"])
    assert blobs.path(blob.name).read_bytes() == content
    assert blob.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert set(blob.checksums) == {"crc32", "sha256"}
    assert blob.size == size


def test_a_source_that_fails_leaves_nothing(blobs: Blobs) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        blobs.write(Failing())
    assert files(blobs) == []


def test_a_full_disk_is_an_endpoint_error(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipecell.errors import EndpointError

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EndpointError) as caught:
        blobs.write(b"content")
    assert caught.value.code == "PC806"
    assert files(blobs) == []


def test_copy_in_is_a_file_of_its_own(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "output.csv"
    source.write_bytes(b"first")
    blob = blobs.copy_in(source)
    source.write_bytes(b"other")
    assert blobs.path(blob.name).read_bytes() == b"first"
    assert blobs.path(blob.name).stat().st_ino != source.stat().st_ino


def test_copy_out_cannot_reach_the_store(blobs: Blobs, tmp_path: Path) -> None:
    blob = blobs.write(b"stored")
    with blobs.path(blob.name).open("rb") as file:
        copy_out(file, tmp_path / "input")
    (tmp_path / "input").write_bytes(b"scribbled over")
    assert blobs.path(blob.name).read_bytes() == b"stored"


def test_copy_out_never_follows_a_link(blobs: Blobs, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "link").symlink_to(victim)
    blob = blobs.write(b"content")
    with blobs.path(blob.name).open("rb") as file, pytest.raises(OSError, match=r"[Ll]ink|symbolic"):
        copy_out(file, tmp_path / "link")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_regular_files_come_in(blobs: Blobs, tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(OSError):  # noqa: PT011 -- each kind in the system's own words
        open_regular(path)
    with pytest.raises(OSError):  # noqa: PT011
        blobs.copy_in(path)
    assert files(blobs) == []


def test_join_takes_pieces_in_order(blobs: Blobs) -> None:
    first, second = blobs.write(b"0123456789"), blobs.write(b"abc")
    joined = blobs.join([(second.name, 1, 2), (first.name, 0, 10), (first.name, 3, 1)])
    assert blobs.path(joined).read_bytes() == b"bc01234567893"


def test_copy_range_notices_a_short_source(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    with (
        (tmp_path / "short").open("rb") as source,
        (tmp_path / "out").open("wb") as out,
        pytest.raises(OSError, match="shorter"),
    ):
        copy_range(source, out, 0, 10)


def test_slots_are_filled_side_by_side(blobs: Blobs) -> None:
    name = "ab" + "0" * 30
    blobs.write_slot(name, 4, 4, b"5678")
    blobs.write_slot(name, 0, 4, io.BytesIO(b"1234"))
    assert blobs.path(name).read_bytes() == b"12345678"


def test_a_slot_is_not_overflown(blobs: Blobs) -> None:
    name = "ab" + "0" * 30
    blobs.write_slot(name, 3, 3, b"def")
    with pytest.raises(OSError, match="longer than announced"):
        blobs.write_slot(name, 0, 3, b"abcX")
    assert blobs.path(name).read_bytes()[3:] == b"def"


def test_sweep_removes_what_nobody_names(blobs: Blobs) -> None:
    kept, lost = blobs.write(b"kept"), blobs.write(b"lost")
    assert blobs.sweep(lambda names: {kept.name} & set(names)) == 1
    assert [path.name for path in files(blobs)] == [blobs.path(kept.name).name]
    assert not blobs.path(lost.name).exists()


def test_sweep_waits_for_the_next_time_while_somebody_writes(blobs: Blobs) -> None:
    with blobs.writing():
        blob = blobs.write(b"about to be named")
        assert blobs.sweep(none_named) == 0
        assert blobs.path(blob.name).exists()
    assert blobs.sweep(none_named) == 1


def test_writers_do_not_hold_each_other_up(blobs: Blobs) -> None:
    inside = threading.Barrier(2, timeout=PATIENCE)

    def write() -> None:
        with blobs.writing():
            inside.wait()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)
    assert not inside.broken
