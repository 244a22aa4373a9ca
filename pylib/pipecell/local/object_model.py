"""What the object store is about: buckets, objects and uploads as values, and S3's rules for their names."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecell.local.wire import ServiceError

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
MAX_KEY_BYTES = 1024

SCHEMA = """
CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    created REAL NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE objects (
    bucket TEXT NOT NULL REFERENCES buckets (name),
    key BLOB NOT NULL,
    blob TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified REAL NOT NULL,
    content_type TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE INDEX objects_by_blob ON objects (blob);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets (name),
    key BLOB NOT NULL,
    created REAL NOT NULL,
    content_type TEXT NOT NULL,
    details TEXT NOT NULL,
    blob TEXT NOT NULL,
    slot_size INTEGER
);
CREATE INDEX uploads_by_key ON uploads (bucket, key, id);
CREATE INDEX uploads_by_blob ON uploads (blob);
CREATE TABLE slots (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE parts (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,
    offset INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified REAL NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE INDEX parts_by_blob ON parts (blob);
CREATE TABLE completed (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    etag TEXT NOT NULL,
    time REAL NOT NULL
);
"""
"""Tables of the index; a released version never changes: append another."""

IDENTITY = "CREATE TABLE identity (id TEXT NOT NULL);"
"""What the folder of contents carries too: an index that took another's place may not clean up there."""

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True)
class ObjectInfo:
    """What the store knows of one object.

    Args:
        bucket: its bucket.
        key: its key.
        size: in bytes.
        etag: without quotes: MD5 in hexadecimal, or that of the parts' MD5s, ``-`` and their number.
        modified: seconds since the epoch.
        content_type: as given, else ``binary/octet-stream``.
        metadata: the user's, names in lower case, without ``x-amz-meta-``.
        headers: others that S3 keeps: cache-control, content-disposition, content-encoding,
            content-language, expires, …, in lower case.
        tags: the object's tags.
        checksums: base64, by algorithm as in `checksums.ALGORITHMS`.
        checksum_type: ``FULL_OBJECT`` or ``COMPOSITE``.
        part_sizes: of an object that was uploaded in parts.
        path: the blob's file; read through `ObjectStore.open`, which holds on to it.
    """

    bucket: str
    key: str
    size: int
    etag: str
    modified: float
    content_type: str
    path: Path
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: str = "FULL_OBJECT"
    part_sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Bucket:
    """A bucket.

    Args:
        name: its name.
        region: where it was created.
        created: seconds since the epoch.
        settings: documents kept for it (tagging, …), by name.
    """

    name: str
    region: str
    created: float
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """One page of a listing, in the order of the keys' UTF-8 bytes.

    Args:
        objects: those whose keys hold no delimiter after the prefix.
        common_prefixes: the others, grouped up to the delimiter.
        next_after: give it as ``start_after`` to get the next page; None when this is the last.
    """

    objects: tuple[ObjectInfo, ...]
    common_prefixes: tuple[str, ...]
    next_after: str | None


@dataclass(frozen=True)
class Condition:
    """What must hold of the object there is, for a write or a read to go on.

    Args:
        if_match: an ETag, or ``*`` for any object.
        if_none_match: an ETag that must not be there, or ``*`` for none at all.
    """

    if_match: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True)
class Upload:
    """A multipart upload that is neither completed nor aborted.

    Args:
        id: what S3 calls UploadId.
        bucket: of the object to be.
        key: of the object to be.
        created: seconds since the epoch.
        content_type: of the object to be.
        metadata: of the object to be.
        headers: of the object to be.
        tags: of the object to be.
        algorithm: checksum of each part and of the object, or "".
        checksum_type: ``COMPOSITE`` or ``FULL_OBJECT``.
    """

    id: str
    bucket: str
    key: str
    created: float
    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    algorithm: str = ""
    checksum_type: str = "COMPOSITE"


@dataclass(frozen=True)
class Part:
    """An uploaded part.

    Args:
        number: 1 to 10,000.
        size: in bytes.
        etag: MD5 in hexadecimal.
        modified: seconds since the epoch.
        checksums: base64, by algorithm.
    """

    number: int
    size: int
    etag: str
    modified: float
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PartChoice:
    """A part as the client names it when it completes an upload.

    Args:
        number: the part's number.
        etag: the ETag that uploading it answered.
        checksums: those the client repeats.
    """

    number: int
    etag: str
    checksums: Mapping[str, str] = field(default_factory=dict)


def check_bucket_name(bucket: str) -> None:
    """Check a name by S3's rules for new buckets.

    Raises:
        ServiceError: InvalidBucketName.
    """
    valid = (
        _BUCKET_NAME.fullmatch(bucket)
        and ".." not in bucket
        and not _ADDRESS.fullmatch(bucket)
        and not bucket.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
        and not bucket.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"))
    )
    if not valid:
        raise ServiceError("InvalidBucketName", "The specified bucket is not valid.", BucketName=bucket)


def check_key(key: str) -> None:
    """Check a key by S3's rules.

    Raises:
        ServiceError: KeyTooLongError, InvalidURI (not Unicode, or empty).
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI.") from None
    if size > MAX_KEY_BYTES:
        raise ServiceError(
            "KeyTooLongError", "Your key is too long", Size=str(size), MaxSizeAllowed=str(MAX_KEY_BYTES)
        )
    if not size:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI.")


def encode_key(key: str) -> bytes:
    """Return a key as the index holds it; SQLite compares these byte by byte, as S3 does."""
    return key.encode("utf-8", errors="surrogateescape")


def decode_key(key: bytes) -> str:
    """Return a key from the index."""
    return key.decode("utf-8", errors="surrogateescape")


def require_bucket(connection: sqlite3.Connection, bucket: str) -> sqlite3.Row:
    """Return a bucket's row inside a transaction.

    Raises:
        ServiceError: NoSuchBucket.
    """
    row: sqlite3.Row | None = connection.execute("SELECT * FROM buckets WHERE name = ?", (bucket,)).fetchone()
    if row is None:
        raise no_such_bucket(bucket)
    return row


def no_such_bucket(bucket: str) -> ServiceError:
    """Return S3's error."""
    return ServiceError("NoSuchBucket", "The specified bucket does not exist", status=404, BucketName=bucket)


def no_such_key(key: str) -> ServiceError:
    """Return S3's error."""
    return ServiceError("NoSuchKey", "The specified key does not exist.", status=404, Key=key)


def precondition_failed(condition: str) -> ServiceError:
    """Return S3's error."""
    return ServiceError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        Condition=condition,
    )
