"""Multipart uploads: parts in place, parts that do not fit, and ends that are asked for twice."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator

import pytest

from pipecell.local import checksums
from pipecell.local.home import Home
from pipecell.local.object_model import Condition, Part, PartChoice, Upload
from pipecell.local.objects import ObjectStore
from pipecell.local.uploads import MIN_PART_SIZE, Uploads
from pipecell.local.wire import ServiceError
from tests.local.waiting import PATIENCE

FULL = MIN_PART_SIZE


@pytest.fixture
def store(home: Home) -> Iterator[ObjectStore]:
    made = ObjectStore(home)
    made.create_bucket("data")
    yield made
    made.close()


@pytest.fixture
def uploads(store: ObjectStore) -> Uploads:
    return Uploads(store)


@pytest.fixture
def upload(uploads: Uploads) -> Upload:
    return uploads.create("data", "key", content_type="text/csv", metadata={"a": "b"}, tags={"t": "1"})


def content(letter: str, size: int = FULL) -> bytes:
    return letter.encode() * size


def chosen(*parts: Part) -> list[PartChoice]:
    return [PartChoice(part.number, part.etag) for part in parts]


def blobs_on_disk(home: Home) -> int:
    return sum(
        1 for path in home.objects_folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    )


def test_equal_parts_are_joined_without_a_copy(
    store: ObjectStore, uploads: Uploads, upload: Upload, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [content("a"), content("b"), content("c", 7)]
    parts = [
        uploads.put_part(upload, number, io.BytesIO(piece), size=len(piece))
        for number, piece in enumerate(pieces, start=1)
    ]

    def never(*_arguments: object) -> str:
        raise AssertionError("copied")

    monkeypatch.setattr(store.blobs, "join", never)
    info = uploads.complete(upload, chosen(*parts))
    assert store.read("data", "key") == b"".join(pieces)
    joined = b"".join(hashlib.md5(piece, usedforsecurity=False).digest() for piece in pieces)
    assert info.etag == hashlib.md5(joined, usedforsecurity=False).hexdigest() + "-3"
    assert (info.content_type, info.metadata, info.tags) == ("text/csv", {"a": "b"}, {"t": "1"})
    assert info.part_sizes == (FULL, FULL, 7)
    assert blobs_on_disk(home) == 1


def test_parts_may_come_in_any_order_and_at_once(
    store: ObjectStore, uploads: Uploads, upload: Upload
) -> None:
    pieces = {number: content("abcdef"[number - 1]) for number in range(1, 7)}
    parts: dict[int, Part] = {}

    def send(number: int) -> None:
        parts[number] = uploads.put_part(upload, number, io.BytesIO(pieces[number]), size=FULL)

    threads = [threading.Thread(target=send, args=(number,)) for number in (3, 6, 1, 5, 2, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    uploads.complete(upload, chosen(*(parts[number] for number in sorted(parts))))
    assert store.read("data", "key") == b"".join(pieces.values())


@pytest.mark.parametrize("sizes", [(FULL, FULL + 5, 3), (FULL + 9, FULL, FULL, 1), (FULL, FULL)])
@pytest.mark.parametrize("announced", [True, False])
def test_parts_of_any_sizes(  # noqa: PLR0917
    store: ObjectStore, uploads: Uploads, upload: Upload, home: Home, sizes: tuple[int, ...], announced: bool
) -> None:
    pieces = [content("abcd"[index], size) for index, size in enumerate(sizes)]
    parts = [
        uploads.put_part(upload, number, io.BytesIO(piece), size=len(piece) if announced else None)
        for number, piece in enumerate(pieces, start=1)
    ]
    uploads.complete(upload, chosen(*parts))
    assert store.read("data", "key") == b"".join(pieces)
    assert blobs_on_disk(home) == 1


def test_a_part_sent_again_replaces_the_first(
    store: ObjectStore, uploads: Uploads, upload: Upload, home: Home
) -> None:
    uploads.put_part(upload, 1, content("x"))
    second = uploads.put_part(upload, 2, content("b"))
    again = uploads.put_part(upload, 1, content("a"))
    uploads.complete(upload, chosen(again, second))
    assert store.read("data", "key") == content("a") + content("b")
    assert blobs_on_disk(home) == 1


def test_a_part_that_fails_may_be_sent_again(
    store: ObjectStore, uploads: Uploads, upload: Upload, home: Home
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if not chunk:
                raise ConnectionError("gone")
            return chunk

    with pytest.raises(ConnectionError):
        uploads.put_part(upload, 1, Failing(content("x", FULL // 2)), size=FULL)
    assert uploads.parts(upload) == []
    parts = [uploads.put_part(upload, 1, content("a")), uploads.put_part(upload, 2, content("b"))]
    uploads.complete(upload, chosen(*parts))
    assert store.read("data", "key") == content("a") + content("b")
    assert blobs_on_disk(home) == 1


def test_parts_left_out_are_not_in_the_object(
    store: ObjectStore, uploads: Uploads, upload: Upload, home: Home
) -> None:
    parts = [uploads.put_part(upload, number, content("abc"[number - 1])) for number in (1, 2, 3)]
    store.put("data", "key", b"there")
    with pytest.raises(ServiceError, match="PreconditionFailed"):
        uploads.complete(upload, chosen(parts[0]), condition=Condition(if_none_match="*"))
    uploads.complete(upload, chosen(parts[1], parts[2]))
    assert store.read("data", "key") == content("b") + content("c")
    assert blobs_on_disk(home) == 1


def test_checksums_of_the_whole(uploads: Uploads) -> None:
    pieces = [content("a"), content("b", 100)]
    for kind in ("FULL_OBJECT", "COMPOSITE"):
        upload = uploads.create("data", kind, algorithm="crc32", checksum_type=kind)
        parts = [uploads.put_part(upload, number, piece) for number, piece in enumerate(pieces, start=1)]
        info = uploads.complete(upload, chosen(*parts))
        whole = checksums.compute("crc32", b"".join(pieces))
        expected = (
            whole
            if kind == "FULL_OBJECT"
            else checksums.composite("crc32", (part.checksums["crc32"] for part in parts))
        )
        assert (info.checksums, info.checksum_type) == ({"crc32": expected}, kind)


def test_a_wrong_checksum_of_the_whole_is_refused(store: ObjectStore, uploads: Uploads) -> None:
    upload = uploads.create("data", "key", algorithm="crc32", checksum_type="FULL_OBJECT")
    part = uploads.put_part(upload, 1, b"content")
    with pytest.raises(ServiceError, match="BadDigest"):
        uploads.complete(upload, chosen(part), expected={"crc32": "AAAAAA=="})
    with pytest.raises(ServiceError, match="InvalidRequest"):
        uploads.complete(upload, chosen(part), size=8)
    uploads.complete(upload, chosen(part), expected=dict(part.checksums), size=7)
    assert store.read("data", "key") == b"content"


def test_what_cannot_be_completed(uploads: Uploads, upload: Upload) -> None:
    small = uploads.put_part(upload, 1, b"small")
    second = uploads.put_part(upload, 2, content("b"))
    for choices, code in [
        ([], "MalformedXML"),
        (chosen(second, small), "InvalidPartOrder"),
        (chosen(small, small), "InvalidPartOrder"),
        (chosen(small, second), "EntityTooSmall"),
        ([PartChoice(3, small.etag)], "InvalidPart"),
        ([PartChoice(2, small.etag)], "InvalidPart"),
    ]:
        with pytest.raises(ServiceError) as caught:
            uploads.complete(upload, choices)
        assert caught.value.code == code
    for number in (0, 10_001):
        with pytest.raises(ServiceError, match="InvalidArgument"):
            uploads.put_part(upload, number, b"")


def test_completing_twice_gives_the_same_answer(store: ObjectStore, uploads: Uploads, upload: Upload) -> None:
    part = uploads.put_part(upload, 1, b"content")
    info = uploads.complete(upload, chosen(part))
    assert uploads.completed("data", "key", upload.id) == info
    with pytest.raises(ServiceError, match="NoSuchUpload"):
        uploads.get("data", "key", upload.id)
    store.put("data", "key", b"replaced")
    assert uploads.completed("data", "key", upload.id) is None


def test_aborting_removes_all(uploads: Uploads, upload: Upload, home: Home) -> None:
    for number in (1, 2, 9):
        uploads.put_part(upload, number, content("a"))
    uploads.put_part(upload, 1, content("b", FULL + 1))
    uploads.abort(upload)
    assert blobs_on_disk(home) == 0
    for call in (lambda: uploads.abort(upload), lambda: uploads.put_part(upload, 1, b"x")):
        with pytest.raises(ServiceError, match="NoSuchUpload"):
            call()


def test_an_upload_belongs_to_its_key(uploads: Uploads, upload: Upload) -> None:
    for bucket, key, code in [("data", "other", "NoSuchUpload"), ("none", "key", "NoSuchBucket")]:
        with pytest.raises(ServiceError) as caught:
            uploads.get(bucket, key, upload.id)
        assert caught.value.code == code


def test_uploads_in_progress_by_pages(uploads: Uploads) -> None:
    made = [uploads.create("data", key) for key in ("a/1", "a/1", "a/2", "b")]
    expected = sorted((upload.key, upload.id) for upload in made if upload.key.startswith("a/"))
    first = uploads.in_progress("data", "a/", limit=2)
    rest = uploads.in_progress("data", "a/", after=(first[-1].key, first[-1].id))
    assert [(upload.key, upload.id) for upload in first + rest] == expected


def test_the_sweeper_leaves_parts_alone(store: ObjectStore, uploads: Uploads, upload: Upload) -> None:
    parts = [uploads.put_part(upload, 1, content("a")), uploads.put_part(upload, 2, os.urandom(10))]
    assert store.sweep() == 0
    uploads.complete(upload, chosen(*parts))
    assert store.head("data", "key").size == FULL + 10


def test_removing_a_bucket_removes_its_uploads(
    store: ObjectStore, uploads: Uploads, upload: Upload, home: Home
) -> None:
    uploads.put_part(upload, 1, content("a"))
    uploads.put_part(upload, 2, content("a", FULL * 2))
    store.delete_bucket("data")
    assert blobs_on_disk(home) == 0


def test_a_part_still_on_its_way_cannot_change_the_object(
    store: ObjectStore, uploads: Uploads, upload: Upload
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            begun.set()
            go_on.wait(2 * PATIENCE)
            return super().read(size)

    errors: list[str] = []

    def send_late() -> None:
        try:
            uploads.put_part(upload, 3, Slow(content("z")), size=FULL)
        except ServiceError as error:
            errors.append(error.code)

    parts = [uploads.put_part(upload, number, content("ab"[number - 1])) for number in (1, 2)]
    late = threading.Thread(target=send_late)
    late.start()
    assert begun.wait(PATIENCE)
    uploads.complete(upload, chosen(*parts))
    go_on.set()
    late.join()
    assert errors == ["NoSuchUpload"]
    assert store.read("data", "key") == content("a") + content("b")
