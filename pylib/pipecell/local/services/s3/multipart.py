"""Multipart uploads on the wire."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from pipecell.local import checksums
from pipecell.local.object_model import ObjectInfo, PartChoice, Upload
from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3 import headers, xml
from pipecell.local.services.s3.contents import announced_length, check_source, copy_source, require_length
from pipecell.local.uploads import Uploads
from pipecell.local.wire import Request, Response, ServiceError

_MAX_PART_BYTES = 5 * 1024**3


class Multipart:
    """Operations on multipart uploads.

    Args:
        objects: the store.
        uploads: its uploads.
    """

    def __init__(self, objects: ObjectStore, uploads: Uploads) -> None:
        self._objects = objects
        self._uploads = uploads

    def create(self, request: Request, bucket: str, key: str) -> Response:
        """CreateMultipartUpload."""
        about = headers.description(request)
        algorithm = request.headers.get("x-amz-checksum-algorithm", "").lower()
        if algorithm and algorithm not in checksums.ALGORITHMS:
            raise ServiceError("InvalidRequest", "Checksum algorithm provided is unsupported.")
        kind = _checksum_type(request, algorithm)
        upload = self._uploads.create(
            bucket,
            key,
            content_type=about.content_type,
            metadata=about.metadata,
            headers=about.headers,
            tags=about.tags,
            algorithm=algorithm,
            checksum_type=kind,
        )
        members = {"Bucket": bucket, "Key": key, "UploadId": upload.id}
        response = xml.document("InitiateMultipartUploadResult", members)
        response.headers["x-amz-server-side-encryption"] = "AES256"
        if algorithm:
            response.headers["x-amz-checksum-algorithm"] = algorithm.upper()
            response.headers["x-amz-checksum-type"] = kind
        return response

    def upload_part(self, request: Request, bucket: str, key: str) -> Response:
        """UploadPart and UploadPartCopy."""
        upload = self._upload(request, bucket, key)
        number = _number(request.query.get("partNumber", ""))
        if "x-amz-copy-source" in request.headers:
            return self._copy_part(request, upload, number)
        require_length(request, _MAX_PART_BYTES)
        sums = headers.declared(request)
        part = self._uploads.put_part(
            upload,
            number,
            request.body,
            size=announced_length(request),
            algorithms=sums.algorithms,
            verify=sums.verify,
        )
        return Response(200, {"etag": f'"{part.etag}"', **_only_sums(part.checksums)})

    def list_parts(self, request: Request, bucket: str, key: str) -> Response:
        """ListParts."""
        upload = self._upload(request, bucket, key)
        after = int(request.query.get("part-number-marker") or 0)
        limit = min(int(request.query.get("max-parts") or 1000), 1000)
        found = self._uploads.parts(upload, after, limit + 1)
        shown = found[:limit]
        members: dict[str, Any] = {
            "Bucket": bucket,
            "Key": key,
            "UploadId": upload.id,
            "PartNumberMarker": after,
            "NextPartNumberMarker": shown[-1].number if shown else 0,
            "MaxParts": limit,
            "IsTruncated": len(found) > len(shown),
            "ChecksumAlgorithm": upload.algorithm.upper() or None,
            "ChecksumType": upload.checksum_type if upload.algorithm else None,
            "Part": [
                {
                    "PartNumber": part.number,
                    "LastModified": xml.timestamp(part.modified),
                    "ETag": f'"{part.etag}"',
                    "Size": part.size,
                    **{f"Checksum{name.upper()}": value for name, value in part.checksums.items()},
                }
                for part in shown
            ],
            "Initiator": xml.OWNER,
            "Owner": xml.OWNER,
            "StorageClass": "STANDARD",
        }
        return xml.document("ListPartsResult", members)

    def complete(self, request: Request, bucket: str, key: str) -> Response:
        """CompleteMultipartUpload; asking again after a lost answer gives the same one."""
        body = request.read_body()
        upload_id = request.query["uploadId"]
        done = self._uploads.completed(bucket, key, upload_id)
        if done is not None:
            return _completed(request, done)
        upload = self._uploads.get(bucket, key, upload_id)
        size = request.headers.get("x-amz-mp-object-size", "")
        info = self._uploads.complete(
            upload,
            _choices(body),
            expected=headers.given_checksums(request),
            size=int(size) if size.isdecimal() else None,
            condition=headers.write_condition(request),
        )
        return _completed(request, info)

    def abort(self, request: Request, bucket: str, key: str) -> Response:
        """AbortMultipartUpload."""
        self._uploads.abort(self._upload(request, bucket, key))
        return Response(204)

    def _copy_part(self, request: Request, upload: Upload, number: int) -> Response:
        source = copy_source(request)
        info, file = self._objects.open(*source)
        with file:
            check_source(info, request)
            offset, length = _source_range(request, info)
            file.seek(offset)
            part = self._uploads.put_part(upload, number, _Section(file, length).as_file(), size=length)
        members = {
            "LastModified": xml.timestamp(part.modified),
            "ETag": f'"{part.etag}"',
            **{f"Checksum{name.upper()}": value for name, value in part.checksums.items()},
        }
        return xml.document("CopyPartResult", members)

    def _upload(self, request: Request, bucket: str, key: str) -> Upload:
        return self._uploads.get(bucket, key, request.query["uploadId"])


class _Section(io.RawIOBase):
    """The next ``length`` bytes of a file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        super().__init__()
        self._file = file
        self._left = length

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        chunk = self._file.read(wanted)
        self._left -= len(chunk)
        return chunk

    def as_file(self) -> BinaryIO:
        return cast("BinaryIO", self)


def _checksum_type(request: Request, algorithm: str) -> str:
    """Return how the whole object's checksum follows from its parts'."""
    kind = request.headers.get("x-amz-checksum-type", "").upper()
    if not kind:
        return "FULL_OBJECT" if algorithm == "crc64nvme" else "COMPOSITE"
    possible = kind in {"COMPOSITE", "FULL_OBJECT"} and bool(algorithm)
    if kind == "FULL_OBJECT" and not checksums.can_join(algorithm or "sha1"):
        possible = False
    if kind == "COMPOSITE" and algorithm == "crc64nvme":
        possible = False
    if not possible:
        raise ServiceError(
            "InvalidRequest",
            f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm.",
        )
    return kind


def _choices(body: bytes) -> list[PartChoice]:
    root = xml.parse(body)
    if root.tag != "CompleteMultipartUpload":
        raise xml.malformed()
    choices = []
    for part in root.findall("Part"):
        sums = {
            name: value
            for name in checksums.ALGORITHMS
            if (value := xml.text_of(part, f"Checksum{name.upper()}"))
        }
        number = _number(xml.text_of(part, "PartNumber"))
        choices.append(PartChoice(number, headers.unquoted(xml.text_of(part, "ETag")), sums))
    return choices


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 -- the store refuses those above 10,000
        raise ServiceError(
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=text,
        )
    return int(text)


def _source_range(request: Request, info: ObjectInfo) -> tuple[int, int]:
    text = request.headers.get("x-amz-copy-source-range")
    if text is None:
        return 0, info.size
    span = headers.byte_range(text, info.size)
    last = text.rpartition("-")[2]
    if span is None or not last.isdecimal() or int(last) >= info.size:
        raise ServiceError(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
            f"the zero-based offsets of the first and last bytes to copy; the object holds {info.size} bytes",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    return span


def _completed(request: Request, info: ObjectInfo) -> Response:
    members = {
        "Location": f"{request.base_url}/{info.bucket}/{info.key}",
        "Bucket": info.bucket,
        "Key": info.key,
        "ETag": f'"{info.etag}"',
        **{f"Checksum{name.upper()}": value for name, value in info.checksums.items()},
        "ChecksumType": info.checksum_type if info.checksums else None,
    }
    response = xml.document("CompleteMultipartUploadResult", members)
    response.headers["x-amz-server-side-encryption"] = "AES256"
    return response


def _only_sums(sums: Any) -> dict[str, str]:
    return {name: value for name, value in headers.of_checksums(sums, "").items() if value}
