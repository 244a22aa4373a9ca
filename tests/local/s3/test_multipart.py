"""Uploads in parts, by hand and by s3transfer."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pipecell.local.home import Home
from tests.local.s3.refusals import refused

PART = 5 * 1024 * 1024


def test_multipart_by_hand(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ContentType="text/x", Metadata={"a": "b"})[
        "UploadId"
    ]
    pieces = [os.urandom(PART), os.urandom(PART), b"end"]
    parts = []
    for number, piece in enumerate(pieces, start=1):
        answer = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=piece)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    listed = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload, MaxParts=2)
    assert ([part["PartNumber"] for part in listed["Parts"]], listed["IsTruncated"]) == ([1, 2], True)
    pages = s3.get_paginator("list_parts").paginate(
        Bucket=bucket, Key="k", UploadId=upload, PaginationConfig={"PageSize": 1}
    )
    assert [part["Size"] for page in pages for part in page["Parts"]] == [PART, PART, 3]
    uploads = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(item["Key"], item["UploadId"]) for item in uploads] == [("k", upload)]
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)
    done = s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    again = s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert done["ETag"] == again["ETag"]
    assert done["ETag"].endswith('-3"')
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (
        b"".join(pieces),
        "text/x",
        {"a": "b"},
    )
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert (part["Body"].read(), part["PartsCount"], part["ContentRange"]) == (
        b"end",
        3,
        f"bytes {2 * PART}-{2 * PART + 2}/{2 * PART + 3}",
    )
    assert refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=4)[1] == 416
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3


def test_multipart_aborted(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert refused(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload) == ("NoSuchUpload", 404)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_parts_copied_from_objects(s3: Any, bucket: str) -> None:
    content = os.urandom(PART + 100)
    s3.put_object(Bucket=bucket, Key="source", Body=content)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = []
    for number, span in enumerate([f"bytes=0-{PART - 1}", f"bytes={PART}-{PART + 99}"], start=1):
        answer = s3.upload_part_copy(
            Bucket=bucket,
            Key="k",
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": "source"},
            CopySourceRange=span,
        )
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    assert refused(
        s3.upload_part_copy,
        Bucket=bucket,
        Key="k",
        UploadId=upload,
        PartNumber=3,
        CopySource=f"{bucket}/source",
        CopySourceRange=f"bytes=0-{PART + 100}",
    ) == ("InvalidArgument", 400)
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == content


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_multipart_checksums(s3: Any, bucket: str, kind: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32", ChecksumType=kind)
    parts = []
    for number, piece in enumerate([b"x" * PART, b"y"], start=1):
        answer = s3.upload_part(
            Bucket=bucket,
            Key="k",
            UploadId=upload["UploadId"],
            PartNumber=number,
            Body=piece,
            ChecksumAlgorithm="CRC32",
        )
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]})
    wrong = [parts[0], {**parts[1], "ChecksumCRC32": "AAAAAA=="}]
    target = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    assert refused(s3.complete_multipart_upload, **target, MultipartUpload={"Parts": wrong}) == (
        "InvalidPart",
        400,
    )
    s3.complete_multipart_upload(**target, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["ChecksumType"] == kind
    assert got["ChecksumCRC32"].endswith("-2") is (kind == "COMPOSITE")
    assert len(got["Body"].read()) == PART + 1


def test_large_files_by_s3transfer(s3: Any, bucket: str, tmp_path: Any, endpoint: Any) -> None:
    source, back = tmp_path / "in", tmp_path / "out"
    source.write_bytes(os.urandom(30_000_001))
    s3.upload_file(str(source), bucket, "large", ExtraArgs={"Metadata": {"a": "b"}})
    assert s3.head_object(Bucket=bucket, Key="large")["Metadata"] == {"a": "b"}
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copied")
    s3.download_file(bucket, "copied", str(back))
    assert back.read_bytes() == source.read_bytes()
    assert isinstance(Home(endpoint.home), Home)
