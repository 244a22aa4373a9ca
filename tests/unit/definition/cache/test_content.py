"""Digests of code and of what steps left, over an S3 of the test's own."""

import gzip
import io
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.cache.content import Fingerprints, output_uris, split_uri
from pipecell.definition.code.places import members
from pipecell.errors import DefinitionError
from tests.unit.definition.cache.shelf import Shelf


def archive(mtime: int, **files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(text.encode()), mtime
            tar.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=mtime)


def code_input(uri: str) -> dict[str, Any]:
    return {"ProcessingInputs": [{"InputName": "code", "S3Input": {"S3Uri": uri, "LocalPath": "/x"}}]}


def test_code_counts_by_its_content_and_not_by_its_address() -> None:
    shelf = Shelf({"a/one.py": b"1", "b/one.py": b"1", "c/one.py": b"2"})
    prints = Fingerprints(shelf)
    a, b, c = (prints.with_code_by_content(code_input(f"s3://bucket/{key}/one.py")) for key in "abc")
    assert a == b != c
    assert prints.of_code("s3://bucket/a") == prints.of_code("s3://bucket/b/")


def test_an_archive_is_its_members_whenever_it_was_made() -> None:
    shelf = Shelf(
        {
            "a/s.tar.gz": archive(1, f="x"),
            "b/s.tar.gz": archive(2, f="x"),
            "c/s.tar.gz": archive(1, f="y"),
            "d/s.tar.gz": b"no archive",
        }
    )
    prints = Fingerprints(shelf)
    digests = [prints.of_code(f"s3://bucket/{key}/s.tar.gz") for key in "abcd"]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_code_that_is_nowhere_counts_by_its_address() -> None:
    arguments = code_input("s3://bucket/gone.py")
    assert Fingerprints(Shelf({})).with_code_by_content(arguments) == arguments


def test_what_a_step_left_is_all_below_its_outputs() -> None:
    properties = {
        "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/m/model.tar.gz"},
        "ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": "s3://bucket/out"}}, {}]},
        "TransformOutput": {"S3OutputPath": "s3://bucket/t"},
    }
    assert len(list(output_uris(properties))) == 3
    shelf = Shelf({"m/model.tar.gz": b"m", "out/a": b"1"})
    before = Fingerprints(shelf).of_artifacts(properties)
    assert set(before) == {"s3://bucket/m/model.tar.gz", "s3://bucket/out"}
    shelf.files["out/b"] = b"2"
    assert Fingerprints(shelf).of_artifacts(properties) != before


@pytest.mark.parametrize("uri", ["", "file:///x", "s3:///key", "bucket/key"])
def test_what_is_no_uri(uri: str) -> None:
    with pytest.raises(DefinitionError):
        split_uri(uri)
    assert Fingerprints(Shelf({})).of_uri(uri) == ""


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}(\.py)?", fullmatch=True), st.text(max_size=20), max_size=4))
def test_an_archives_members_are_read_back(files: dict[str, str]) -> None:
    assert members(archive(0, **files)) == {name: text.encode() for name, text in files.items()}


def test_what_is_no_archive_has_no_members() -> None:
    assert members(b"no archive") == {}
