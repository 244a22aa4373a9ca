from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pipecell.declare.sagemaker_v2 import uploads
from pipecell.declare.sagemaker_v2.uploads import Recorder


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IN_MEMORY", 4)


def test_bytes_and_small_files_are_kept(tmp_path: Path) -> None:
    recorder = Recorder()
    (tmp_path / "a.txt").write_bytes(b"text")
    assert recorder.put(b"text", "bucket", "key", "kms") == "s3://bucket/key"
    recorder.put_file(tmp_path / "a.txt", "bucket", "file")
    (tmp_path / "a.txt").unlink()
    first, second = recorder.uploads
    assert first.source == second.source == b"text"
    assert first.digest == second.digest
    assert (first.kms_key, second.kms_key) == ("kms", "")


@pytest.mark.usefixtures("small_memory")
def test_a_large_file_stays_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    large = tmp_path / "large.bin"
    large.write_bytes(b"12345")
    recorder = Recorder()
    recorder.put_file("large.bin", "bucket", "key")
    (upload,) = recorder.uploads
    assert upload.source == large
    large.write_bytes(b"123456")
    recorder.put_file(large, "bucket", "other")
    assert recorder.uploads[1].digest != upload.digest


@pytest.mark.usefixtures("small_memory")
def test_a_large_temporary_file_is_kept_from_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(uploads, "_KEPT", [])
    temporary = tmp_path / "sdk" / "model.tar.gz"
    temporary.parent.mkdir()
    temporary.write_bytes(b"12345")
    recorder = Recorder()
    recorder.put_file(temporary, "bucket", "key")
    temporary.unlink()
    assert isinstance(recorder.uploads[0].source, Path)
    assert recorder.uploads[0].source.read_bytes() == b"12345"


def test_a_folder_as_upload_data_names_it(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.txt", "a/a.txt"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(name)
    (tmp_path / "data" / "a" / "loop").symlink_to(tmp_path / "data")
    recorder = Recorder()
    assert recorder.put_path("data", "bucket", "prefix") == "s3://bucket/prefix"
    assert [upload.key for upload in recorder.uploads] == ["prefix/b.txt", "prefix/a/a.txt", "prefix/a/c.txt"]
    assert recorder.put_path("data/b.txt", "bucket", "one") == "s3://bucket/one/b.txt"


def test_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.py"):
        Recorder().put_file("missing.py", "bucket", "key")


def test_the_later_of_two_files_under_one_key(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.put(b"one", "bucket", "key")
    recorder.put(b"one", "bucket", "key")
    assert recorder.overwritten == []
    recorder.put(b"two", "bucket", "key")
    assert [upload.source for upload in recorder.uploads] == [b"two"]
    assert recorder.overwritten == ["key"]
