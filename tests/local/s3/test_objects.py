"""Objects with boto3: keys of every kind, ranges, conditions, copies, tags, listing."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.s3.refusals import refused


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


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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
