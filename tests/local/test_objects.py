"""Objects: what S3 promises of keys, replacement, conditions and crashes."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.errors import EndpointError
from pipecell.local.home import Home
from pipecell.local.object_model import Condition, ObjectInfo, check_bucket_name
from pipecell.local.objects import ObjectStore
from pipecell.local.wire import ServiceError


@pytest.fixture
def store(home: Home) -> Iterator[ObjectStore]:
    made = ObjectStore(home)
    made.create_bucket("data")
    yield made
    made.close()


def blobs_on_disk(home: Home) -> int:
    return sum(
        1 for path in home.objects_folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    )


def code_of(error: pytest.ExceptionInfo[ServiceError]) -> tuple[str, int]:
    return error.value.code, error.value.status


# Buckets


@pytest.mark.parametrize("name", ["abc", "a-b.c-1", "0numbers9", "a" * 63])
def test_legal_bucket_names(name: str) -> None:
    check_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "ab", "a" * 64, "Upper", "under_score", "-dash", "dash-", ".dot", "a..b", "1.2.3.4", "xn--a"),
        *("../etc", "a/b", "a b", "ünicode", "bucket-s3alias", "bucket--x-s3", "a\n", "abc\n"),
    ],
)
def test_illegal_bucket_names(name: str) -> None:
    with pytest.raises(ServiceError) as caught:
        check_bucket_name(name)
    assert caught.value.code == "InvalidBucketName"


def test_buckets_come_and_go(store: ObjectStore) -> None:
    store.create_bucket("more", "eu-west-1")
    assert [(bucket.name, bucket.region) for bucket in store.list_buckets()] == [
        ("data", "us-east-1"),
        ("more", "eu-west-1"),
    ]
    store.delete_bucket("more")
    with pytest.raises(ServiceError) as caught:
        store.bucket("more")
    assert code_of(caught) == ("NoSuchBucket", 404)


def test_a_bucket_is_made_once(store: ObjectStore) -> None:
    with pytest.raises(ServiceError) as caught:
        store.create_bucket("data")
    assert code_of(caught) == ("BucketAlreadyOwnedByYou", 409)
    assert store.ensure_bucket("data").name == "data"


def test_a_full_bucket_stays(store: ObjectStore) -> None:
    store.put("data", "key", b"")
    with pytest.raises(ServiceError) as caught:
        store.delete_bucket("data")
    assert code_of(caught) == ("BucketNotEmpty", 409)


# Objects


def test_what_is_put_is_there(store: ObjectStore) -> None:
    put = store.put(
        "data",
        "model.tar.gz",
        io.BytesIO(b"content"),
        content_type="application/gzip",
        metadata={"author": "é"},
        headers={"cache-control": "no-store"},
        tags={"stage": "test"},
        algorithms=["crc32"],
    )
    assert store.head("data", "model.tar.gz") == put
    assert put.etag == "9a0364b9e99bb480dd25e1f0284c8555"
    assert put.checksums == {"crc32": "DUoRhQ=="} or put.checksums["crc32"]
    assert store.read("data", "model.tar.gz") == b"content"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
        | st.sampled_from(
            ["../..", "/", "//", "a/", "a//b", ".", "..", "\x00", " ", "é" * 512, "x" * 1024, "CON"]
        ),
        st.binary(max_size=20),
        max_size=8,
    )
)
def test_every_legal_key_is_a_key_of_its_own(
    store: ObjectStore, home: Home, contents: dict[str, bytes]
) -> None:
    outside = sorted(path.name for path in home.root.parent.iterdir())
    for key, content in contents.items():
        store.put("data", key, content)
    assert {key: store.read("data", key) for key in contents} == contents
    assert [info.key for info in store.iterate("data")] == sorted(contents, key=str.encode)
    assert sorted(path.name for path in home.root.parent.iterdir()) == outside
    assert store.delete_many("data", list(contents)) == tuple(contents)
    assert blobs_on_disk(home) == 0


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "InvalidURI"),
        ("x" * 1025, "KeyTooLongError"),
        ("é" * 513, "KeyTooLongError"),
        ("\udc80", "InvalidURI"),
    ],
)
def test_illegal_keys(store: ObjectStore, key: str, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        store.put("data", key, b"")
    assert caught.value.code == code


def test_missing_things_say_which(store: ObjectStore) -> None:
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: store.head("data", "no"), "NoSuchKey"),
        (lambda: store.head("none", "no"), "NoSuchBucket"),
        (lambda: store.open("data", "no"), "NoSuchKey"),
        (lambda: store.put("none", "key", b""), "NoSuchBucket"),
        (lambda: store.list("none"), "NoSuchBucket"),
        (lambda: store.delete("none", "key"), "NoSuchBucket"),
        (lambda: store.copy(("data", "no"), ("data", "key")), "NoSuchKey"),
        (lambda: store.change_tags("data", "no", {}), "NoSuchKey"),
    ]
    for call, code in refusals:
        with pytest.raises(ServiceError) as caught:
            call()
        assert code_of(caught) == (code, 404)


def test_replacing_removes_the_old_content(store: ObjectStore, home: Home) -> None:
    for number in range(5):
        store.put("data", "key", str(number).encode())
    assert store.read("data", "key") == b"4"
    assert blobs_on_disk(home) == 1


def test_a_reader_keeps_what_it_opened(store: ObjectStore) -> None:
    store.put("data", "key", b"old")
    info, file = store.open("data", "key")
    store.put("data", "key", b"new content")
    with file:
        assert (info.size, file.read()) == (3, b"old")


def test_readers_see_one_whole_version_while_writers_replace(store: ObjectStore) -> None:
    contents = [bytes([letter]) * 50_000 for letter in b"abcdef"]
    store.put("data", "key", contents[0])
    done = threading.Event()
    torn: list[bytes] = []

    def read() -> None:
        while not done.is_set():
            content = store.read("data", "key")
            if content not in contents:
                torn.append(content)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(60):
        store.put("data", "key", contents[number % len(contents)])
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []


def test_verify_may_refuse(store: ObjectStore, home: Home) -> None:
    store.put("data", "key", b"old")

    def refuse(_blob: object) -> None:
        raise ServiceError("BadDigest", "no")

    with pytest.raises(ServiceError, match="BadDigest"):
        store.put("data", "key", b"new", verify=refuse)
    assert store.read("data", "key") == b"old"
    assert blobs_on_disk(home) == 1


def test_conditional_writes(store: ObjectStore) -> None:
    first = store.put("data", "key", b"1", condition=Condition(if_none_match="*"))
    with pytest.raises(ServiceError) as caught:
        store.put("data", "key", b"2", condition=Condition(if_none_match="*"))
    assert code_of(caught) == ("PreconditionFailed", 412)
    with pytest.raises(ServiceError) as caught:
        store.put("data", "key", b"2", condition=Condition(if_match="other"))
    assert code_of(caught) == ("PreconditionFailed", 412)
    with pytest.raises(ServiceError) as caught:
        store.put("data", "none", b"2", condition=Condition(if_match=first.etag))
    assert code_of(caught) == ("NoSuchKey", 404)
    store.put("data", "key", b"2", condition=Condition(if_match=first.etag))
    with pytest.raises(ServiceError, match="PreconditionFailed"):
        store.delete("data", "key", Condition(if_match=first.etag))


def test_of_many_creators_one_wins(store: ObjectStore) -> None:
    won: list[int] = []

    def create(number: int) -> None:
        try:
            store.put("data", "lock", str(number).encode(), condition=Condition(if_none_match="*"))
        except ServiceError:
            return
        won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read("data", "lock") == str(won[0]).encode()


def test_a_copy_shares_content_and_outlives_its_source(store: ObjectStore, home: Home) -> None:
    store.put("data", "a", b"content", metadata={"k": "v"}, tags={"t": "1"})
    copied = store.copy(("data", "a"), ("data", "b"))
    assert (copied.key, copied.metadata, copied.tags) == ("b", {"k": "v"}, {"t": "1"})
    assert blobs_on_disk(home) == 1
    store.delete("data", "a")
    assert store.read("data", "b") == b"content"
    store.delete("data", "b")
    assert blobs_on_disk(home) == 0


def test_a_copy_onto_itself_keeps_its_content(store: ObjectStore) -> None:
    from dataclasses import replace

    store.put("data", "a", b"content")
    store.copy(("data", "a"), ("data", "a"), change=lambda info: replace(info, metadata={"new": "1"}))
    assert (store.read("data", "a"), store.head("data", "a").metadata) == (b"content", {"new": "1"})


def test_deleting_says_whether_it_was_there(store: ObjectStore) -> None:
    store.put("data", "key", b"")
    assert [store.delete("data", "key"), store.delete("data", "key")] == [True, False]


# Jobs


def test_a_job_gets_private_files(store: ObjectStore, tmp_path: Path) -> None:
    store.put("data", "in.csv", b"1,2")
    info = store.materialize("data", "in.csv", tmp_path / "in.csv")
    (tmp_path / "in.csv").write_bytes(b"changed by the job")
    assert store.read("data", "in.csv") == b"1,2"
    assert isinstance(info, ObjectInfo)


def test_a_jobs_file_is_taken_in(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_bytes(b"3,4")
    store.ingest(tmp_path / "out.csv", "data", "out.csv")
    (tmp_path / "out.csv").write_bytes(b"changed later")
    assert store.read("data", "out.csv") == b"3,4"


# Several processes, and crashes


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def opened(home: Home) -> str:
    return (
        "import io, os, signal\nfrom pathlib import Path\nfrom pipecell.local.home import Home\n"
        "from pipecell.local.objects import ObjectStore\n"
        f"store = ObjectStore(Home(Path({str(home.root)!r})))\n"
    )


def test_another_process_sees_and_adds(store: ObjectStore, home: Home) -> None:
    store.put("data", "mine", b"1")
    done = run_python(opened(home) + "store.put('data', 'theirs', store.read('data', 'mine') + b'2')")
    assert (done.returncode, done.stderr) == (0, "")
    assert store.read("data", "theirs") == b"12"


def test_an_acknowledged_put_survives_kill_9(store: ObjectStore, home: Home) -> None:
    done = run_python(
        opened(home) + "store.put('data', 'key', b'content')\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert done.returncode == -signal.SIGKILL
    assert store.read("data", "key") == b"content"


def test_a_put_killed_half_way_never_happened(store: ObjectStore, home: Home) -> None:
    store.put("data", "key", b"old")
    program = (
        opened(home)
        + "class Dying(io.RawIOBase):\n"
        + "    n = 0\n"
        + "    def read(self, size=-1):\n"
        + "        self.n += 1\n"
        + "        if self.n == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        + "        return b'x' * 1000\n"
        + "store.put('data', 'key', Dying())"
    )
    assert run_python(program).returncode == -signal.SIGKILL
    assert store.read("data", "key") == b"old"
    assert blobs_on_disk(home) == 2
    assert store.sweep() == 1
    assert blobs_on_disk(home) == 1
    assert store.read("data", "key") == b"old"


def test_an_index_that_is_not_theirs_leaves_the_blobs_alone(home: Home) -> None:
    """Who moves a damaged index away, as its error says, must not lose the contents by that."""
    first = ObjectStore(home)
    first.create_bucket("data")
    first.put("data", "kept", b"content")
    assert first.sweep() == 0
    first.close()
    index = home.objects_database
    away = index.rename(index.with_name("away.db"))
    second = ObjectStore(home)
    assert second.sweep() == 0
    second.create_bucket("data")
    second.put("data", "new", b"content")
    assert second.sweep() == 0
    second.close()
    for name in ("-wal", "-shm"):
        index.with_name(index.name + name).unlink(missing_ok=True)
    away.replace(index)
    third = ObjectStore(home)
    assert third.read("data", "kept") == b"content"
    assert third.sweep() == 1, "the blob of the index that was in between"
    third.close()


def test_a_damaged_index_removes_nothing(home: Home) -> None:
    first = ObjectStore(home)
    first.create_bucket("data")
    for number in range(200):
        first.put("data", f"{number:03}" * 100, b"x")
    first.sweep()
    first.blobs.write(b"nobody's")
    first.close()
    content = bytearray(home.objects_database.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"\xff" * 8192
    home.objects_database.write_bytes(content)
    second = ObjectStore(home)
    before = sum(1 for _ in second.blobs.folder.glob("*/*"))
    with contextlib.suppress(EndpointError):
        second.sweep()
    second.close()
    assert sum(1 for _ in second.blobs.folder.glob("*/*")) == before


def test_a_missing_blob_is_an_error_and_no_endless_search(store: ObjectStore) -> None:
    info = store.put("data", "key", b"content")
    info.path.unlink()
    with pytest.raises(ServiceError, match="missing on disk"):
        store.open("data", "key")


def test_full_disk_keeps_what_is_there(
    store: ObjectStore, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from pipecell.errors import EndpointError

    store.put("data", "key", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EndpointError, match="full"):
        store.put("data", "key", b"new")
    monkeypatch.undo()
    assert store.read("data", "key") == b"old"
    assert blobs_on_disk(home) == 1
