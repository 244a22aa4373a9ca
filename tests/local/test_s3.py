"""S3 with boto3 as everybody uses it: buckets, objects, keys of every kind, conditions, ranges, checksums."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import os
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.local.home import Home
from tests.local.conftest import Clients


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def refused(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return code_of(caught)


# Buckets


def test_buckets(s3: Any, bucket: str, client: Clients) -> None:
    assert bucket in {item["Name"] for item in s3.list_buckets()["Buckets"]}
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.create_bucket(Bucket=bucket)
    west = client("s3", region="eu-west-1")
    name = f"{bucket}-west"
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert west.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert refused(
        west.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    ) == ("BucketAlreadyOwnedByYou", 409)
    west.delete_bucket(Bucket=name)
    assert refused(west.head_bucket, Bucket=name) == ("404", 404)


def test_buckets_by_pages(s3: Any, bucket: str) -> None:
    for letter in "abc":
        s3.create_bucket(Bucket=f"{bucket}-{letter}")
    pages = s3.get_paginator("list_buckets").paginate(Prefix=f"{bucket}-", PaginationConfig={"PageSize": 2})
    assert [item["Name"] for page in pages for item in page["Buckets"]] == [f"{bucket}-{c}" for c in "abc"]


@pytest.mark.parametrize("name", ["UPPER", "a..b", "1.2.3.4", "-a-", "under_score"])
def test_names_that_s3_refuses(client: Clients, name: str) -> None:
    assert refused(client("s3").create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_missing_buckets_and_keys(s3: Any, bucket: str) -> None:
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="no-such-bucket", Key="k") == ("NoSuchBucket", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="no") == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="no") == ("404", 404)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="no")


def test_a_full_bucket_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_expected_owner(s3: Any, bucket: str) -> None:
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")
    assert refused(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="111122223333") == (
        "AccessDenied",
        403,
    )


# Objects


def test_an_object_and_all_about_it(s3: Any, bucket: str) -> None:
    expires = datetime(2030, 1, 1, tzinfo=timezone.utc)
    s3.put_object(
        Bucket=bucket,
        Key="report.csv",
        Body=b"a,b\n",
        ContentType="text/csv",
        ContentEncoding="identity",
        CacheControl="no-cache",
        ContentDisposition="attachment",
        ContentLanguage="de",
        Expires=expires,
        Metadata={"author": "me", "with_underscore": "a  b"},
        StorageClass="STANDARD_IA",
        Tagging="stage=test&owner=a%26b",
    )
    got = s3.get_object(Bucket=bucket, Key="report.csv")
    assert got["Body"].read() == b"a,b\n"
    head = s3.head_object(Bucket=bucket, Key="report.csv")
    for answer in (got, head):
        assert answer["ContentType"] == "text/csv"
        assert answer["ContentEncoding"] == "identity"
        assert answer["CacheControl"] == "no-cache"
        assert answer["ContentDisposition"] == "attachment"
        assert answer["ContentLanguage"] == "de"
        assert answer["ExpiresString"].startswith("Tue, 01 Jan 2030")
        assert answer["Metadata"] == {"author": "me", "with_underscore": "a  b"}
        assert answer["StorageClass"] == "STANDARD_IA"
        assert answer["ContentLength"] == 4
        assert answer["ETag"] == f'"{hashlib.md5(b"a,b" + bytes([10]), usedforsecurity=False).hexdigest()}"'
    tags = s3.get_object_tagging(Bucket=bucket, Key="report.csv")["TagSet"]
    assert tags == [{"Key": "stage", "Value": "test"}, {"Key": "owner", "Value": "a&b"}]


def test_an_object_without_a_type(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["ContentType"]) == (0, "binary/octet-stream")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b""


KEYS = [
    *(
        "a",
        "a/",
        "/a",
        "//",
        "a//b",
        "../..",
        "./.",
        "..",
        ".",
        "a/../b",
        " ",
        "a b",
        "+",
        "%",
        "%2F",
        "a%20b",
    ),
    *("?", "a?b=c", "#", "&", ";", "=", ":", "@", "~", "'", '"', "\\", "<x>", "|", "{}", "^", "`", "*", "$"),
    *("é", "日本語", "\U0001f600", "e\u0301", "a\tb", "a\nb", "a\rb", "\x01", "\x7f", "\u2028", "a\u200bb"),
    *("é" * 512, "k" * 1024, "CON", "nul.txt", "-rf", "--", "a" * 300 + "/" + "b" * 300),
]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_keys_of_every_kind(s3: Any, bucket: str, key: str) -> None:
    body = key.encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(body)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [item["Key"] for item in s3.list_objects(Bucket=bucket, Prefix=key)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body
    if all(character >= " " and character != "\x7f" for character in key):
        deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"]
        assert deleted == [{"Key": key}]
    else:
        # XML cannot hold it, on AWS neither.
        s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.head_object, Bucket=bucket, Key=key) == ("404", 404)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30),
    body=st.binary(max_size=100),
)
def test_any_key_comes_back(s3: Any, bucket: str, key: str, body: bytes) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert key in {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]}


def test_keys_that_are_too_long(s3: Any, bucket: str) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025) == ("KeyTooLongError", 400)


def test_nothing_leaves_the_home(s3: Any, bucket: str, endpoint: Any) -> None:
    outside = sorted(path.name for path in endpoint.home.parent.iterdir())
    for key in ("../../escaped", "/etc/escaped", "..\\..\\escaped", "a/../../../../escaped"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert sorted(path.name for path in endpoint.home.parent.iterdir()) == outside
    assert not list(endpoint.home.rglob("*escaped*"))


# Ranges and conditions


@pytest.mark.parametrize(
    ("header", "expected", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
        ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
        ("bytes=4-2", b"0123456789", None),
        ("bytes=0-1,4-5", b"0123456789", None),
        ("lines=1-2", b"0123456789", None),
        ("bytes=-", b"0123456789", None),
    ],
)
def test_ranges(s3: Any, bucket: str, header: str, expected: bytes, content_range: str | None) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=header)
    assert (got["Body"].read(), got.get("ContentRange"), got["ContentLength"]) == (
        expected,
        content_range,
        len(expected),
    )
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if content_range else 200)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_ranges_outside(s3: Any, bucket: str, header: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range=header) == ("InvalidRange", 416)


def test_conditional_reads(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    when = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    past, future = when - timedelta(hours=1), when + timedelta(hours=1)
    for call in (s3.get_object, s3.head_object):
        target = {"Bucket": bucket, "Key": "k"}
        for holds in (
            {"IfMatch": etag},
            {"IfMatch": "*"},
            {"IfNoneMatch": '"other"'},
            {"IfModifiedSince": past},
            {"IfUnmodifiedSince": when},
            {"IfMatch": etag, "IfUnmodifiedSince": past},
            {"IfNoneMatch": '"other"', "IfModifiedSince": future},
        ):
            call(**target, **holds)
        for fails, status in (
            ({"IfMatch": '"other"'}, 412),
            ({"IfNoneMatch": etag}, 304),
            ({"IfModifiedSince": when}, 304),
            ({"IfUnmodifiedSince": past}, 412),
            ({"IfNoneMatch": etag, "IfModifiedSince": past}, 304),
        ):
            assert refused(call, **target, **fails)[1] == status


def test_conditional_writes(s3: Any, bucket: str) -> None:
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == (
        "PreconditionFailed",
        412,
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=first)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"3", IfMatch=first) == (
        "PreconditionFailed",
        412,
    )
    assert refused(s3.put_object, Bucket=bucket, Key="none", Body=b"3", IfMatch=first) == ("NoSuchKey", 404)


# Checksums


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


# Copies, tags, deletes, attributes


def test_copies(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"k": "1"}, ContentType="text/a", Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a"}
    etag = s3.copy_object(Bucket=bucket, Key="b", CopySource=source)["CopyObjectResult"]["ETag"]
    assert etag == s3.head_object(Bucket=bucket, Key="a")["ETag"]
    assert s3.head_object(Bucket=bucket, Key="b")["Metadata"] == {"k": "1"}
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "t", "Value": "1"}]
    s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource=f"/{bucket}/a",
        MetadataDirective="REPLACE",
        Metadata={"k": "2"},
        ContentType="text/b",
        TaggingDirective="REPLACE",
        Tagging="t=2",
        ChecksumAlgorithm="SHA256",
    )
    head = s3.head_object(Bucket=bucket, Key="b", ChecksumMode="ENABLED")
    assert (head["Metadata"], head["ContentType"], "ChecksumSHA256" in head) == ({"k": "2"}, "text/b", True)
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "t", "Value": "2"}]
    assert refused(s3.copy_object, Bucket=bucket, Key="a", CopySource=source) == ("InvalidRequest", 400)
    s3.copy_object(Bucket=bucket, Key="a", CopySource=source, MetadataDirective="REPLACE", Metadata={})
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    assert refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/no") == ("NoSuchKey", 404)
    assert (
        refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=source, CopySourceIfMatch="no")[1] == 412
    )
    assert (
        refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=source, CopySourceIfNoneMatch=etag)[1]
        == 412
    )


def test_tags(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    tags = [{"Key": "é <&>", "Value": "ü"}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 1
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=twice) == ("InvalidTag", 400)
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(11)]}
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=many) == ("BadRequest", 400)


def test_deleting_many(s3: Any, bucket: str) -> None:
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{number}")
    keys = [{"Key": f"k{number}"} for number in range(4)] + [{"Key": "never was"}]
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})["Deleted"] == keys
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k4"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="never was")
    assert (
        refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "k"}] * 1001})[0]
        == "MalformedXML"
    )


def test_attributes(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"content", ChecksumAlgorithm="SHA1")
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    got = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=wanted)
    assert (got["ObjectSize"], got["StorageClass"]) == (7, "STANDARD")
    assert got["ETag"] == "9a0364b9e99bb480dd25e1f0284c8555"
    assert got["Checksum"]["ChecksumType"] == "FULL_OBJECT"


# Listing


def test_listing_by_pages(s3: Any, bucket: str) -> None:
    keys = sorted([f"a/{number:02}" for number in range(25)] + ["b", "c/d/e", "é", "z z"], key=str.encode)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for operation in ("list_objects", "list_objects_v2", "list_object_versions"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 7}))
        entry = "Versions" if operation == "list_object_versions" else "Contents"
        assert [item["Key"] for page in pages for item in page[entry]] == keys
        assert len(pages) == 5
        pages = list(
            s3.get_paginator(operation).paginate(
                Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
            )
        )
        assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["a/", "c/"]
        assert [item["Key"] for page in pages for item in page.get(entry, [])] == ["b", "z z", "é"]
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="a/23", FetchOwner=True)["Contents"]
    assert [item["Key"] for item in after][:2] == ["a/24", "b"]
    assert after[0]["Owner"]["DisplayName"] == "pipecell"


def test_bad_listings(s3: Any, bucket: str) -> None:
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="?") == ("InvalidArgument", 400)
    assert refused(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1) == ("InvalidArgument", 400)
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["IsTruncated"] is False


# Multipart


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


# Presigned URLs


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", data)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("version", ["s3v4", "s3", None])
def test_presigned_urls(client: Clients, bucket: str, version: str | None) -> None:
    s3 = client("s3", config=Config(signature_version=version)) if version else client("s3")
    target = {"Bucket": bucket, "Key": "a b/ü+&.txt"}
    put = s3.generate_presigned_url("put_object", target)
    assert fetch(put, "PUT", b"content") == (200, b"")
    get = s3.generate_presigned_url(
        "get_object",
        {**target, "ResponseContentType": "text/plain", "ResponseContentDisposition": "inline; x"},
    )
    assert fetch(get) == (200, b"content")
    assert fetch(get, "PUT", b"other")[0] == 403
    assert fetch(get.replace("a%20b", "other"))[0] == 403
    assert fetch(s3.generate_presigned_url("get_object", target, ExpiresIn=-1))[0] in {400, 403}
    status, body = fetch(s3.generate_presigned_url("get_object", {**target, "Key": "no"}))
    assert (status, b"<Code>NoSuchKey</Code>" in body) == (404, True)


def post_form(form: dict[str, Any], content: bytes, **fields: str) -> tuple[int, bytes]:
    """Send a form as a browser does; return status and body of the answer."""
    parts = [
        f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**form["fields"], **fields}.items()
    ]
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="data.csv"\r\n\r\n'
    body = b"".join([*parts, head, content, b"\r\n--xyz--\r\n"])
    address = urlsplit(form["url"])
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("POST", address.path, body, {"Content-Type": "multipart/form-data; boundary=xyz"})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("content", [b"", b"\r\n--xy\r\n", bytes(range(256)) * 1000])
def test_uploads_by_form(client: Clients, s3: Any, bucket: str, version: str, content: bytes) -> None:
    form = client("s3", config=Config(signature_version=version)).generate_presigned_post(
        bucket,
        "posted/${filename}",
        Fields={"x-amz-meta-by": "form", "Content-Type": "text/csv"},
        Conditions=[{"x-amz-meta-by": "form"}, {"Content-Type": "text/csv"}],
    )
    assert post_form(form, content) == (204, b"")
    found = s3.get_object(Bucket=bucket, Key="posted/data.csv")
    assert found["Body"].read() == content
    assert (found["Metadata"], found["ContentType"]) == ({"by": "form"}, "text/csv")


@pytest.mark.parametrize(
    ("fields", "size", "code"),
    [
        ({}, 11, b"EntityTooLarge"),
        ({}, 1, b"EntityTooSmall"),
        ({"key": "elsewhere"}, 5, b"AccessDenied"),
        ({"acl": "private"}, 5, b"AccessDenied"),
        ({"policy": base64.b64encode(b"{}").decode()}, 5, b"SignatureDoesNotMatch"),
        ({"AWSAccessKeyId": "AKIANOBODY"}, 5, b"InvalidAccessKeyId"),
    ],
)
def test_forms_that_their_policy_forbids(
    s3: Any, bucket: str, fields: dict[str, str], size: int, code: bytes
) -> None:
    form = s3.generate_presigned_post(bucket, "posted", Conditions=[["content-length-range", 2, 10]])
    status, body = post_form(form, b"x" * size, **fields)
    assert status in {400, 403}
    assert code in body
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_forms_that_are_late_or_nobodys(s3: Any, bucket: str) -> None:
    form = s3.generate_presigned_post(bucket, "posted", ExpiresIn=-1)
    assert b"Policy expired" in post_form(form, b"x")[1]
    form["fields"] = {"key": "posted"}
    assert b"no signature" in post_form(form, b"x")[1]


def test_virtual_host_style(client: Clients, bucket: str, endpoint: Any) -> None:
    settings_ = Config(s3={"addressing_style": "virtual"})
    s3 = client("s3", endpoint_url=f"http://localhost:{endpoint.port}", config=settings_)
    seen: list[str] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: seen.append(request.url))

    def route(request: Any, **_: Any) -> None:
        # Names below localhost are this machine by RFC 6761, but not every resolver knows.
        request.headers["Host"] = f"{bucket}.localhost:{endpoint.port}"
        request.url = request.url.replace(f"{bucket}.localhost", "localhost")

    s3.meta.events.register("before-send.s3", route)
    for key in ("k", "/leading", "a//b", "ü"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert seen[0].startswith(f"http://{bucket}.localhost")
    assert len(s3.list_objects_v2(Bucket=bucket)["Contents"]) == 4


# Settings of buckets


def test_settings_that_are_answered(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls["Rules"][0]["ObjectOwnership"] == "BucketOwnerEnforced"
    s3.get_bucket_logging(Bucket=bucket)
    s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for call, code in [
        (s3.get_bucket_tagging, "NoSuchTagSet"),
        (s3.get_bucket_policy, "NoSuchBucketPolicy"),
        (s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
        (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
        (s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration"),
    ]:
        assert refused(call, Bucket=bucket) == (code, 404)


def test_settings_that_are_kept(s3: Any, bucket: str) -> None:
    tags = [{"Key": "team", "Value": "ml"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    s3.put_bucket_policy(Bucket=bucket, Policy='{"Version": "2012-10-17"}')
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == '{"Version": "2012-10-17"}'
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy="no") == ("MalformedPolicy", 400)
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def test_settings_that_would_have_to_act_are_refused(s3: Any, bucket: str) -> None:
    for call, arguments in [
        (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Enabled"}}),
        (
            s3.put_bucket_lifecycle_configuration,
            {
                "LifecycleConfiguration": {
                    "Rules": [{"Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]
                }
            },
        ),
        (s3.put_bucket_website, {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "i"}}}),
        (s3.put_object_legal_hold, {"Key": "k", "LegalHold": {"Status": "ON"}}),
        (s3.restore_object, {"Key": "k", "RestoreRequest": {"Days": 1}}),
        (s3.get_object_torrent, {"Key": "k"}),
    ]:
        assert refused(call, Bucket=bucket, **arguments) == ("NotImplemented", 400)
    assert (
        refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", ObjectLockLegalHoldStatus="ON")[0]
        == "NotImplemented"
    )
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="v1") == ("NoSuchVersion", 404)


def test_the_resource_interface(bucket: str, client: Clients) -> None:
    import boto3

    info = client.info
    resource = boto3.session.Session().resource(
        "s3",
        region_name="us-east-1",
        endpoint_url=info.endpoint,
        aws_access_key_id=info.access_key,
        aws_secret_access_key=info.secret_key,
    )
    thing = resource.Bucket(bucket)
    for number in range(3):
        thing.put_object(Key=f"a/{number}", Body=b"x")
    assert [item.key for item in thing.objects.filter(Prefix="a/")] == ["a/0", "a/1", "a/2"]
    resource.Object(bucket, "b").copy_from(CopySource=f"{bucket}/a/0")
    assert resource.Object(bucket, "b").content_length == 1
    thing.objects.filter(Prefix="a/").delete()
    thing.object_versions.delete()
    thing.delete()
    assert thing.creation_date is None
    resource.meta.client.close()


def test_large_files_by_s3transfer(s3: Any, bucket: str, tmp_path: Any, endpoint: Any) -> None:
    source, back = tmp_path / "in", tmp_path / "out"
    source.write_bytes(os.urandom(30_000_001))
    s3.upload_file(str(source), bucket, "large", ExtraArgs={"Metadata": {"a": "b"}})
    assert s3.head_object(Bucket=bucket, Key="large")["Metadata"] == {"a": "b"}
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copied")
    s3.download_file(bucket, "copied", str(back))
    assert back.read_bytes() == source.read_bytes()
    assert isinstance(Home(endpoint.home), Home)
