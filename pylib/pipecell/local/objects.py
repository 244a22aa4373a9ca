"""S3's objects on disk: an index in SQLite, contents in files with random names.

Keys are bytes in the index and never become paths. A row names an immutable
blob; replacing an object commits a new row and then removes the old blob, so
that a reader sees the old or the new content, whole. Several processes may use
one store: the server and the supervisors of jobs.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from pipecell.local.blobs import Blob, Blobs, copy_out
from pipecell.local.home import DEFAULT_REGION, Home
from pipecell.local.object_model import (
    DEFAULT_CONTENT_TYPE,
    IDENTITY,
    SCHEMA,
    Bucket,
    Condition,
    Listing,
    ObjectInfo,
    check_bucket_name,
    check_key,
    decode_key,
    encode_key,
    no_such_bucket,
    no_such_key,
    precondition_failed,
    require_bucket,
)
from pipecell.local.store import Database
from pipecell.local.wire import ServiceError

__all__ = ["Bucket", "Condition", "Listing", "ObjectInfo", "ObjectStore"]

_COMPLETED_KEPT_SECONDS = 7 * 24 * 3600


class ObjectStore:
    """Buckets and objects of one home, with S3's semantics.

    Args:
        home: a home that has been created.
        clock: seconds since the epoch.

    Errors are `ServiceError` with S3's codes (NoSuchBucket, NoSuchKey, PreconditionFailed, …); a disk or
    database that cannot be used is an EndpointError.
    """

    def __init__(self, home: Home, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.blobs = Blobs(home.objects_folder)
        self.database = Database(home.objects_database)
        self.database.register("objects", SCHEMA, IDENTITY)

    def close(self) -> None:
        """Close the index."""
        self.database.close()

    def sweep(self) -> int:
        """Remove what a crash left behind: blobs without a row; return how many."""
        from pipecell.local.orphans import remove_orphans

        with self.database.transaction() as connection:
            connection.execute(
                "DELETE FROM completed WHERE time < ?", (self.clock() - _COMPLETED_KEPT_SECONDS,)
            )
        return remove_orphans(self.database, self.blobs)

    # Buckets

    def create_bucket(self, bucket: str, region: str = DEFAULT_REGION) -> Bucket:
        """Make a bucket.

        Raises:
            ServiceError: InvalidBucketName, BucketAlreadyOwnedByYou.
        """
        check_bucket_name(bucket)
        with self.database.transaction() as connection:
            if connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone():
                raise ServiceError(
                    "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                    status=409,
                    BucketName=bucket,
                )
            created = self.clock()
            connection.execute(
                "INSERT INTO buckets (name, region, created) VALUES (?, ?, ?)", (bucket, region, created)
            )
        return Bucket(bucket, region, created)

    def ensure_bucket(self, bucket: str, region: str = DEFAULT_REGION) -> Bucket:
        """Return a bucket, made when it is not there."""
        try:
            return self.create_bucket(bucket, region)
        except ServiceError as error:
            if error.code != "BucketAlreadyOwnedByYou":
                raise
            return self.bucket(bucket)

    def bucket(self, bucket: str) -> Bucket:
        """Return a bucket.

        Raises:
            ServiceError: NoSuchBucket.
        """
        for row in self.database.query("SELECT * FROM buckets WHERE name = ?", (bucket,)):
            return _bucket(row)
        raise no_such_bucket(bucket)

    def list_buckets(self) -> tuple[Bucket, ...]:
        """Return all buckets by name."""
        return tuple(_bucket(row) for row in self.database.query("SELECT * FROM buckets ORDER BY name"))

    def delete_bucket(self, bucket: str) -> None:
        """Remove an empty bucket, and the uploads that were never completed in it.

        Raises:
            ServiceError: NoSuchBucket, BucketNotEmpty.
        """
        with self.database.transaction() as connection:
            require_bucket(connection, bucket)
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (bucket,)).fetchone():
                raise ServiceError(
                    "BucketNotEmpty",
                    "The bucket you tried to delete is not empty",
                    status=409,
                    BucketName=bucket,
                )
            rows = connection.execute(
                "SELECT parts.blob FROM parts JOIN uploads ON uploads.id = parts.upload WHERE bucket = ? "
                "UNION SELECT blob FROM uploads WHERE bucket = ?",
                (bucket, bucket),
            ).fetchall()
            connection.execute("DELETE FROM uploads WHERE bucket = ?", (bucket,))
            connection.execute("DELETE FROM buckets WHERE name = ?", (bucket,))
            unused = self.unnamed(connection, [row["blob"] for row in rows])
        self.remove_blobs(unused)

    def change_settings(self, bucket: str, **settings: Any) -> None:
        """Keep documents with a bucket; None removes one."""
        with self.database.transaction() as connection:
            row = require_bucket(connection, bucket)
            merged = {**json.loads(row["settings"]), **settings}
            kept = {name: value for name, value in merged.items() if value is not None}
            connection.execute("UPDATE buckets SET settings = ? WHERE name = ?", (json.dumps(kept), bucket))

    # Objects

    def put(
        self,
        bucket: str,
        key: str,
        source: BinaryIO | bytes | Path,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        algorithms: Collection[str] = (),
        verify: Callable[[Blob], None] | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Store an object; when this returns it survives a crash.

        Args:
            bucket: an existing bucket.
            key: 1 to 1,024 bytes of UTF-8.
            source: a stream, bytes, or a regular file.
            content_type: as in `ObjectInfo`.
            metadata: as in `ObjectInfo`.
            headers: as in `ObjectInfo`.
            tags: as in `ObjectInfo`.
            algorithms: checksums to compute and keep.
            verify: sees the complete blob before it becomes the object; what it raises stores nothing.
            condition: of the object that is there.
        """
        check_key(key)
        self.bucket(bucket)
        if condition is not None:
            # Early, to refuse before a long upload; the check that counts is in the transaction.
            self._check_condition(self._find(bucket, key), condition, key)
        with self.blobs.writing():
            if isinstance(source, Path):
                blob = self.blobs.copy_in(source, algorithms)
            else:
                blob = self.blobs.write(source, algorithms)
            try:
                if verify is not None:
                    verify(blob)
                info = ObjectInfo(
                    bucket=bucket,
                    key=key,
                    size=blob.size,
                    etag=blob.md5,
                    modified=self.clock(),
                    content_type=content_type or DEFAULT_CONTENT_TYPE,
                    path=self.blobs.path(blob.name),
                    metadata=dict(metadata or {}),
                    headers=dict(headers or {}),
                    tags=dict(tags or {}),
                    checksums=blob.checksums,
                )
                with self.database.transaction() as connection:
                    unused = self.replace(connection, info, blob.name, condition)
            except BaseException:
                self.blobs.remove(blob.name)
                raise
        self.remove_blobs(unused)
        return info

    def ingest(self, path: Path, bucket: str, key: str, *, content_type: str | None = None) -> ObjectInfo:
        """Store a job's file; the object never shares an inode with it.

        Raises:
            OSError: it is not a regular file (a symbolic link is not).
        """
        return self.put(bucket, key, path, content_type=content_type)

    def materialize(self, bucket: str, key: str, destination: Path, *, mode: int = 0o644) -> ObjectInfo:
        """Write an object into a job's folder as a private file, by shared blocks where possible.

        Args:
            bucket: its bucket.
            key: its key.
            destination: the file to make or overwrite; the caller has checked that it is inside the
                job's folder and that its parent exists.
            mode: of the new file.
        """
        info, file = self.open(bucket, key)
        with file:
            copy_out(file, destination, mode=mode)
        return info

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Return what is known of an object.

        Raises:
            ServiceError: NoSuchBucket, NoSuchKey (404).
        """
        info = self._find(bucket, key)
        if info is None:
            self.bucket(bucket)
            raise no_such_key(key)
        return info

    def exists(self, bucket: str, key: str) -> bool:
        """Whether the object is there."""
        return self._find(bucket, key) is not None

    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        """Return an object and its open content, which stays readable when the object is replaced."""
        while True:
            info = self.head(bucket, key)
            try:
                return info, info.path.open("rb")
            except FileNotFoundError:
                # Replaced between the look at the index and the opening: look again. A blob that is
                # named and not there is damage from outside.
                if self.head(bucket, key).path == info.path:
                    raise ServiceError(
                        "InternalError", f"The content of {bucket}/{key} is missing on disk.", status=410
                    ) from None

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object's content, for small ones."""
        _, file = self.open(bucket, key)
        with file:
            return file.read()

    def delete(self, bucket: str, key: str, condition: Condition | None = None) -> bool:
        """Remove an object; return whether it was there."""
        return bool(self.delete_many(bucket, [key], condition))

    def delete_many(
        self, bucket: str, keys: Collection[str], condition: Condition | None = None
    ) -> tuple[str, ...]:
        """Remove objects in one transaction; return the keys that were there."""
        removed: dict[str, str] = {}
        with self.database.transaction() as connection:
            require_bucket(connection, bucket)
            for key in keys:
                row = self._row(connection, bucket, key)
                if condition is not None:
                    self._check_condition(self._info(row) if row else None, condition, key)
                if row is not None:
                    connection.execute(
                        "DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, encode_key(key))
                    )
                    removed[key] = row["blob"]
            unused = self.unnamed(connection, removed.values())
        self.remove_blobs(unused)
        return tuple(removed)

    def copy(
        self,
        source: tuple[str, str],
        destination: tuple[str, str],
        *,
        check: Callable[[ObjectInfo], None] | None = None,
        change: Callable[[ObjectInfo], ObjectInfo] | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Copy an object without touching its content: blobs are immutable, so both name the same.

        Args:
            source: bucket and key.
            destination: bucket and key; may be the source, to change its metadata.
            check: sees the source first; what it raises copies nothing.
            change: returns the copy with other metadata.
            condition: of what is at the destination.
        """
        check_key(destination[1])
        with self.database.transaction() as connection:
            require_bucket(connection, source[0])
            require_bucket(connection, destination[0])
            row = self._row(connection, *source)
            if row is None:
                raise no_such_key(source[1])
            original = self._info(row)
            if check is not None:
                check(original)
            copied = _moved(original, destination, self.clock())
            if change is not None:
                copied = change(copied)
            unused = self.replace(connection, copied, row["blob"], condition)
        self.remove_blobs(unused)
        return copied

    def change_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Replace an object's tags."""
        with self.database.transaction() as connection:
            require_bucket(connection, bucket)
            row = self._row(connection, bucket, key)
            if row is None:
                raise no_such_key(key)
            details = {**json.loads(row["details"]), "tags": dict(tags)}
            connection.execute(
                "UPDATE objects SET details = ? WHERE bucket = ? AND key = ?",
                (json.dumps(details), bucket, encode_key(key)),
            )

    # Listing

    def list(
        self, bucket: str, prefix: str = "", *, start_after: str = "", limit: int = 1000, delimiter: str = ""
    ) -> Listing:
        """Return one page of objects, and of common prefixes when a delimiter is given.

        Args:
            bucket: its bucket.
            prefix: what the keys begin with.
            start_after: only what comes after; when it lies within a common prefix, after that prefix.
            limit: objects and common prefixes together.
            delimiter: groups keys from the prefix to its first occurrence.
        """
        self.bucket(bucket)
        from pipecell.local.listing import list_page

        return list_page(self.database, self._info, bucket, prefix, start_after, limit, delimiter)

    def iterate(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield every object below a prefix, by pages, in key order."""
        after: str | None = ""
        while after is not None:
            page = self.list(bucket, prefix, start_after=after)
            yield from page.objects
            after = page.next_after

    # For this module's neighbours

    def replace(
        self, connection: sqlite3.Connection, info: ObjectInfo, blob: str, condition: Condition | None = None
    ) -> tuple[str, ...]:
        """Write an object's row inside a transaction; return the blobs to remove after it."""
        require_bucket(connection, info.bucket)
        old = self._row(connection, info.bucket, info.key)
        if condition is not None:
            self._check_condition(self._info(old) if old else None, condition, info.key)
        connection.execute(
            "INSERT OR REPLACE INTO objects (bucket, key, blob, size, etag, modified, content_type, details) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                info.bucket,
                encode_key(info.key),
                blob,
                info.size,
                info.etag,
                info.modified,
                info.content_type,
                _details(info),
            ),
        )
        return self.unnamed(connection, [old["blob"]]) if old else ()

    def unnamed(self, connection: sqlite3.Connection, blobs: Collection[str]) -> tuple[str, ...]:
        """Return those blobs that no row names any more."""
        named: set[str] = set()
        for name in blobs:
            for table in ("objects", "parts", "uploads"):
                if connection.execute(f"SELECT 1 FROM {table} WHERE blob = ? LIMIT 1", (name,)).fetchone():  # noqa: S608
                    named.add(name)
        return tuple(name for name in blobs if name not in named)

    def remove_blobs(self, blobs: Collection[str]) -> None:
        """Remove blobs after the transaction that unnamed them."""
        for name in blobs:
            self.blobs.remove(name)

    def _find(self, bucket: str, key: str) -> ObjectInfo | None:
        rows = self.database.query(
            "SELECT * FROM objects WHERE bucket = ? AND key = ?", (bucket, encode_key(key))
        )
        return self._info(rows[0]) if rows else None

    @staticmethod
    def _row(connection: sqlite3.Connection, bucket: str, key: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = connection.execute(
            "SELECT * FROM objects WHERE bucket = ? AND key = ?", (bucket, encode_key(key))
        ).fetchone()
        return row

    def _info(self, row: sqlite3.Row) -> ObjectInfo:
        text = row["details"]
        details = json.loads(text) if text != "{}" else {}
        return ObjectInfo(
            bucket=row["bucket"],
            key=decode_key(row["key"]),
            size=row["size"],
            etag=row["etag"],
            modified=row["modified"],
            content_type=row["content_type"],
            path=self.blobs.path(row["blob"]),
            metadata=details.get("metadata", {}),
            headers=details.get("headers", {}),
            tags=details.get("tags", {}),
            checksums=details.get("checksums", {}),
            checksum_type=details.get("checksum_type", "FULL_OBJECT"),
            part_sizes=tuple(details.get("part_sizes", ())),
        )

    @staticmethod
    def _check_condition(current: ObjectInfo | None, condition: Condition, key: str) -> None:
        if condition.if_match is not None:
            if current is None:
                raise no_such_key(key)
            if condition.if_match not in {"*", current.etag}:
                raise precondition_failed("If-Match")
        if current is not None and condition.if_none_match in {"*", current.etag}:
            raise precondition_failed("If-None-Match")


def _bucket(row: sqlite3.Row) -> Bucket:
    return Bucket(row["name"], row["region"], row["created"], json.loads(row["settings"]))


def _details(info: ObjectInfo) -> str:
    details: dict[str, Any] = {}
    for name in ("metadata", "headers", "tags", "checksums"):
        if value := getattr(info, name):
            details[name] = dict(value)
    if info.checksum_type != "FULL_OBJECT":
        details["checksum_type"] = info.checksum_type
    if info.part_sizes:
        details["part_sizes"] = list(info.part_sizes)
    return json.dumps(details)


def _moved(info: ObjectInfo, destination: tuple[str, str], modified: float) -> ObjectInfo:
    return replace(info, bucket=destination[0], key=destination[1], modified=modified)
