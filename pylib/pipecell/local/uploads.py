"""Multipart uploads.

Nearly all clients send parts of one size, so each part is written straight to
its place in the file that becomes the object, and completing moves nothing. A
part that does not fit (another size, sent twice) becomes a blob of its own, and
completing copies the parts together.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from pipecell.local import checksums
from pipecell.local.blobs import Blob, new_name
from pipecell.local.object_model import (
    DEFAULT_CONTENT_TYPE,
    Condition,
    ObjectInfo,
    Part,
    PartChoice,
    Upload,
    check_key,
    decode_key,
    encode_key,
    require_bucket,
)
from pipecell.local.objects import ObjectStore
from pipecell.local.wire import ServiceError

MIN_PART_SIZE = 5 * 1024 * 1024
"""Bytes; of every part but the last."""

MAX_PART_NUMBER = 10_000


class Uploads:
    """The multipart uploads of an object store.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._database = objects.database

    def create(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        algorithm: str = "",
        checksum_type: str = "COMPOSITE",
    ) -> Upload:
        """Begin an upload; the fields are those of the object to be."""
        check_key(key)
        upload = Upload(
            id=secrets.token_urlsafe(48),
            bucket=bucket,
            key=key,
            created=self._objects.clock(),
            content_type=content_type or DEFAULT_CONTENT_TYPE,
            metadata=dict(metadata or {}),
            headers=dict(headers or {}),
            tags=dict(tags or {}),
            algorithm=algorithm,
            checksum_type=checksum_type,
        )
        details = {
            "metadata": upload.metadata,
            "headers": upload.headers,
            "tags": upload.tags,
            "algorithm": algorithm,
            "checksum_type": checksum_type,
        }
        with self._database.transaction() as connection:
            require_bucket(connection, bucket)
            connection.execute(
                "INSERT INTO uploads (id, bucket, key, created, content_type, details, blob) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    upload.id,
                    bucket,
                    encode_key(key),
                    upload.created,
                    upload.content_type,
                    json.dumps(details),
                    new_name(),
                ),
            )
        return upload

    def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Return an upload.

        Raises:
            ServiceError: NoSuchBucket, NoSuchUpload.
        """
        self._objects.bucket(bucket)
        rows = self._database.query("SELECT * FROM uploads WHERE id = ?", (upload_id,))
        return _upload(_matching(rows[0] if rows else None, bucket, key))

    def put_part(
        self,
        upload: Upload,
        number: int,
        source: BinaryIO | bytes,
        *,
        size: int | None = None,
        algorithms: Collection[str] = (),
        verify: Callable[[Blob], None] | None = None,
    ) -> Part:
        """Store a part; one with the same number is replaced.

        Args:
            upload: from `create` or `get`.
            number: 1 to 10,000.
            source: the part's content.
            size: its announced size in bytes, where it is known.
            algorithms: checksums to compute and keep.
            verify: as in `ObjectStore.put`.
        """
        if not 1 <= number <= MAX_PART_NUMBER:
            raise ServiceError(
                "InvalidArgument",
                f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive",
                ArgumentName="partNumber",
                ArgumentValue=str(number),
            )
        wanted = sorted({*algorithms, upload.algorithm} - {""})
        announced = len(source) if isinstance(source, bytes) else size
        slot = self._claim_slot(upload, number, announced)
        blobs = self._objects.blobs
        with blobs.writing():
            blob: Blob | None = None
            try:
                if slot is not None:
                    blob = blobs.write_slot(slot.blob, slot.offset, announced or 0, source, wanted)
                else:
                    blob = blobs.write(source, wanted)
                if verify is not None:
                    verify(blob)
                part = Part(number, blob.size, blob.md5, self._objects.clock(), blob.checksums)
                unused = self._record(upload, part, blob.name, slot.offset if slot else 0)
            except BaseException:
                if slot is not None:
                    self._release_slot(upload, number)
                elif blob is not None:
                    blobs.remove(blob.name)
                raise
        self._objects.remove_blobs(unused)
        return part

    def parts(self, upload: Upload, after: int = 0, limit: int = 1000) -> list[Part]:
        """Return the parts there are, by number."""
        rows = self._database.query(
            "SELECT * FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
            (upload.id, after, limit),
        )
        return [_part(row) for row in rows]

    def in_progress(
        self, bucket: str, prefix: str = "", *, after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Upload]:
        """Return uploads in progress by key and id.

        Args:
            bucket: its bucket.
            prefix: what keys begin with.
            after: key and upload id of the last one seen.
            limit: how many.
        """
        from pipecell.local.listing import successor

        self._objects.bucket(bucket)
        low = encode_key(prefix)
        rows = self._database.query(
            "SELECT * FROM uploads WHERE bucket = ? AND key >= ? AND key < ? AND (key, id) > (?, ?) "
            "ORDER BY key, id LIMIT ?",
            (bucket, low, successor(low), encode_key(after[0]), after[1], limit),
        )
        return [_upload(row) for row in rows]

    def abort(self, upload: Upload) -> None:
        """Forget an upload and its parts."""
        with self._database.transaction() as connection:
            self._require(connection, upload)
            unused = self._forget(connection, upload)
        self._objects.remove_blobs(unused)

    def complete(
        self,
        upload: Upload,
        choices: Sequence[PartChoice],
        *,
        expected: Mapping[str, str] | None = None,
        size: int | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Join parts into the object.

        Args:
            upload: from `get`.
            choices: the parts to join, in rising order.
            expected: checksums of the whole that the client gives.
            size: of the whole, where the client gives it.
            condition: of the object that is there.

        Raises:
            ServiceError: InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest, PreconditionFailed,
                NoSuchUpload.
        """
        if not choices:
            raise ServiceError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            )
        if any(left.number >= right.number for left, right in itertools.pairwise(choices)):
            raise ServiceError(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
            )
        with self._objects.blobs.writing():
            chosen = self._chosen(upload, choices)
            info = self._joined(upload, [_part(row) for row in chosen])
            _check_whole(info, expected or {}, size)
            with self._database.transaction() as connection:
                own = self._blob_in_place(connection, upload, chosen, info.size)
                if own is not None:
                    info, unused = self._publish(connection, upload, info, own, condition)
            if own is None:
                blob = self._objects.blobs.join((row["blob"], row["offset"], row["size"]) for row in chosen)
                try:
                    with self._database.transaction() as connection:
                        info, unused = self._publish(connection, upload, info, blob, condition)
                except BaseException:
                    self._objects.blobs.remove(blob)
                    raise
        self._objects.remove_blobs(unused)
        return info

    def _publish(
        self,
        connection: sqlite3.Connection,
        upload: Upload,
        info: ObjectInfo,
        blob: str,
        condition: Condition | None,
    ) -> tuple[ObjectInfo, tuple[str, ...]]:
        """Turn the upload into the object inside a transaction; return the blobs to remove after it."""
        self._require(connection, upload)
        info = replace(info, path=self._objects.blobs.path(blob))
        unused = self._objects.replace(connection, info, blob, condition)
        unused += self._forget(connection, upload)
        connection.execute(
            "INSERT INTO completed (id, bucket, key, etag, time) VALUES (?, ?, ?, ?, ?)",
            (upload.id, upload.bucket, encode_key(upload.key), info.etag, info.modified),
        )
        return info, unused

    def completed(self, bucket: str, key: str, upload_id: str) -> ObjectInfo | None:
        """Return the object that an upload became, for a client that asks again after a lost answer."""
        rows = self._database.query(
            "SELECT etag FROM completed WHERE id = ? AND bucket = ? AND key = ?",
            (upload_id, bucket, encode_key(key)),
        )
        if not rows or not self._objects.exists(bucket, key):
            return None
        info = self._objects.head(bucket, key)
        return info if info.etag == rows[0]["etag"] else None

    def _chosen(self, upload: Upload, choices: Sequence[PartChoice]) -> list[sqlite3.Row]:
        rows = {
            row["number"]: row
            for row in self._database.query("SELECT * FROM parts WHERE upload = ?", (upload.id,))
        }
        chosen = []
        for choice in choices:
            row = rows.get(choice.number)
            kept = json.loads(row["checksums"]) if row is not None else {}
            differs = any(kept.get(name, value) != value for name, value in choice.checksums.items())
            if row is None or choice.etag not in {row["etag"], ""} or differs:
                raise ServiceError(
                    "InvalidPart",
                    "One or more of the specified parts could not be found. The part may not have been "
                    "uploaded, or the specified entity tag may not match the part's entity tag.",
                    UploadId=upload.id,
                    PartNumber=str(choice.number),
                    ETag=choice.etag,
                )
            chosen.append(row)
        for row in chosen[:-1]:
            if row["size"] < MIN_PART_SIZE:
                raise ServiceError(
                    "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size",
                    ProposedSize=str(row["size"]),
                    MinSizeAllowed=str(MIN_PART_SIZE),
                    PartNumber=str(row["number"]),
                    ETag=row["etag"],
                )
        return chosen

    def _joined(self, upload: Upload, parts: Sequence[Part]) -> ObjectInfo:
        digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
        sums: dict[str, str] = {}
        if upload.algorithm and all(upload.algorithm in part.checksums for part in parts):
            values = [part.checksums[upload.algorithm] for part in parts]
            if upload.checksum_type == "FULL_OBJECT":
                pairs = [(value, part.size) for value, part in zip(values, parts, strict=True)]
                sums = {upload.algorithm: checksums.join(upload.algorithm, pairs)}
            else:
                sums = {upload.algorithm: checksums.composite(upload.algorithm, values)}
        return ObjectInfo(
            bucket=upload.bucket,
            key=upload.key,
            size=sum(part.size for part in parts),
            etag=f"{digest.hexdigest()}-{len(parts)}",
            modified=self._objects.clock(),
            content_type=upload.content_type,
            path=self._objects.blobs.folder,
            metadata=upload.metadata,
            headers=upload.headers,
            tags=upload.tags,
            checksums=sums,
            checksum_type=upload.checksum_type if sums else "FULL_OBJECT",
            part_sizes=tuple(part.size for part in parts),
        )

    def _claim_slot(self, upload: Upload, number: int, size: int | None) -> _Slot | None:
        """Return a part's place in the upload's own file; None when it does not fit or is taken."""
        if size is None:
            return None
        with self._database.transaction() as connection:
            row = self._require(connection, upload)
            slot_size = row["slot_size"]
            if slot_size is None:
                slot_size = size
                connection.execute("UPDATE uploads SET slot_size = ? WHERE id = ?", (size, upload.id))
            if size > slot_size or slot_size < MIN_PART_SIZE:
                return None
            claimed = connection.execute(
                "INSERT OR IGNORE INTO slots (upload, number) VALUES (?, ?)", (upload.id, number)
            )
            if not claimed.rowcount:
                return None
            return _Slot(row["blob"], (number - 1) * slot_size)

    def _release_slot(self, upload: Upload, number: int) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM slots WHERE upload = ? AND number = ?", (upload.id, number))

    def _blob_in_place(
        self, connection: sqlite3.Connection, upload: Upload, chosen: Sequence[sqlite3.Row], size: int
    ) -> str | None:
        """Return the blob that holds the chosen parts, in order and nothing else, if one does.

        A place that is claimed for a part that was not chosen may be written to at any time.
        """
        claimed = connection.execute("SELECT number FROM slots WHERE upload = ?", (upload.id,)).fetchall()
        if {row["number"] for row in claimed} != {row["number"] for row in chosen}:
            return None
        expected = 0
        for row in chosen:
            if row["blob"] != chosen[0]["blob"] or row["offset"] != expected:
                return None
            expected += row["size"]
        blob = str(chosen[0]["blob"])
        return blob if self._objects.blobs.path(blob).stat().st_size == size else None

    def _record(self, upload: Upload, part: Part, blob: str, offset: int) -> tuple[str, ...]:
        with self._database.transaction() as connection:
            self._require(connection, upload)
            old = connection.execute(
                "SELECT blob FROM parts WHERE upload = ? AND number = ?", (upload.id, part.number)
            ).fetchone()
            connection.execute(
                "INSERT OR REPLACE INTO parts "
                "(upload, number, blob, offset, size, etag, modified, checksums) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    upload.id,
                    part.number,
                    blob,
                    offset,
                    part.size,
                    part.etag,
                    part.modified,
                    json.dumps(dict(part.checksums)),
                ),
            )
            return self._objects.unnamed(connection, [old["blob"]]) if old else ()

    def _forget(self, connection: sqlite3.Connection, upload: Upload) -> tuple[str, ...]:
        rows = connection.execute(
            "SELECT blob FROM parts WHERE upload = ? UNION SELECT blob FROM uploads WHERE id = ?",
            (upload.id, upload.id),
        ).fetchall()
        connection.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))
        return self._objects.unnamed(connection, [row["blob"] for row in rows])

    @staticmethod
    def _require(connection: sqlite3.Connection, upload: Upload) -> sqlite3.Row:
        row: sqlite3.Row | None = connection.execute(
            "SELECT * FROM uploads WHERE id = ?", (upload.id,)
        ).fetchone()
        return _matching(row, upload.bucket, upload.key)


@dataclass(frozen=True)
class _Slot:
    blob: str
    offset: int


def _check_whole(info: ObjectInfo, expected: Mapping[str, str], size: int | None) -> None:
    if size is not None and size != info.size:
        raise ServiceError(
            "InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed."
        )
    for algorithm, value in expected.items():
        if info.checksums.get(algorithm, value) != value:
            raise ServiceError(
                "BadDigest", f"The {algorithm.upper()} you specified did not match the calculated checksum."
            )


def _matching(row: sqlite3.Row | None, bucket: str, key: str) -> sqlite3.Row:
    if row is None or row["bucket"] != bucket or row["key"] != encode_key(key):
        raise ServiceError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
            "aborted or completed.",
            status=404,
        )
    return row


def _upload(row: sqlite3.Row) -> Upload:
    details = json.loads(row["details"])
    return Upload(
        id=row["id"],
        bucket=row["bucket"],
        key=decode_key(row["key"]),
        created=row["created"],
        content_type=row["content_type"],
        **details,
    )


def _part(row: sqlite3.Row) -> Part:
    return Part(row["number"], row["size"], row["etag"], row["modified"], json.loads(row["checksums"]))
