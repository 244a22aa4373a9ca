"""A look at what lies in S3: what is under a URI and how large it is, and how an object begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecell.engines.connection import Connection, aws_errors

SHOWN = 8
"""Objects of a listing that are named."""

COUNTED = 1000
"""Objects that are counted at most: one page of a listing."""


@dataclass(frozen=True)
class StoredObject:
    """One object: its URI, what its name adds to where one looked, and its size in bytes."""

    uri: str
    name: str
    size: int


@dataclass(frozen=True)
class Listing:
    """What is under a URI.

    Attributes:
        objects: the first few.
        count: how many there are.
        size: of all of them, in bytes.
        more: there are more than were counted.
    """

    objects: tuple[StoredObject, ...]
    count: int
    size: int
    more: bool


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``; empty where it is none."""
    if not uri.startswith("s3://"):
        return "", ""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def look(connection: Connection, uri: str) -> Listing:
    """Return what is under a URI: a folder's objects, or the object itself.

    Raises:
        ExecutionError: AWS refused.
    """
    bucket, key = split_uri(uri)
    if not bucket:
        return Listing((), 0, 0, more=False)
    with aws_errors(f"a look at {uri}", connection=connection):
        page = connection.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=COUNTED)
    entries: list[Any] = [
        entry
        for entry in page.get("Contents", ())
        if entry["Key"] == key or not key or key.endswith("/") or entry["Key"].startswith(f"{key}/")
    ]
    objects = tuple(
        StoredObject(f"s3://{bucket}/{entry['Key']}", _name(entry["Key"], key), entry["Size"])
        for entry in entries[:SHOWN]
    )
    more = bool(page.get("IsTruncated"))
    return Listing(objects, len(entries), sum(entry["Size"] for entry in entries), more)


def beginning(connection: Connection, uri: str, size: int) -> bytes:
    """Return the first bytes of an object.

    Raises:
        ExecutionError: there is no such object, or AWS refused.
    """
    bucket, key = split_uri(uri)
    client = connection.client("s3")
    with aws_errors(f"reading {uri}", connection=connection):
        found = client.head_object(Bucket=bucket, Key=key)
        if found["ContentLength"] == 0:
            return b""  # an empty object has no range
        answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{size - 1}")
        return bytes(answer["Body"].read())


def _name(key: str, prefix: str) -> str:
    return key.removeprefix(prefix).lstrip("/") or key.rsplit("/", 1)[-1]
