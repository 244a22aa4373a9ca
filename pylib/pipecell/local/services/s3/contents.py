"""Objects: putting, getting, copying, deleting, tagging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from pipecell.local import checksums, signature
from pipecell.local.blobs import CHUNK
from pipecell.local.object_model import ObjectInfo, check_key
from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3 import headers, xml
from pipecell.local.services.s3.settings import ACL
from pipecell.local.wire import FileSlice, Request, Response, ServiceError

_MAX_DELETES = 1000
_KEPT_WHEN_UNCHANGED = {"etag", "last-modified", "cache-control", "expires"}
_MAX_PUT_BYTES = 5 * 1024**3


class Contents:
    """Operations on objects.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, request: Request, bucket: str, key: str) -> Response:
        """PutObject and CopyObject."""
        if "x-amz-copy-source" in request.headers:
            return self._copy(request, bucket, key)
        require_length(request, _MAX_PUT_BYTES)
        about = headers.description(request)
        sums = headers.declared(request)
        info = self._objects.put(
            bucket,
            key,
            request.body,
            content_type=about.content_type,
            metadata=about.metadata,
            headers=about.headers,
            tags=about.tags,
            algorithms=sums.algorithms,
            verify=sums.verify,
            condition=headers.write_condition(request),
        )
        return Response(
            200,
            {
                "etag": f'"{info.etag}"',
                "x-amz-server-side-encryption": info.headers.get("x-amz-server-side-encryption", "AES256"),
                **headers.of_checksums(info.checksums, info.checksum_type),
            },
        )

    def get(self, request: Request, bucket: str, key: str) -> Response:
        """GetObject."""
        self._check_version(request)
        headers.refuse_unsupported(request)
        info, file = self._objects.open(bucket, key)
        try:
            response, offset, length = _describe(info, request)
            if response.status == 304:  # noqa: PLR2004 -- Not Modified
                file.close()
                return response
            response.headers.update(headers.overrides(request))
            response.body = FileSlice(file, offset, length)
        except BaseException:
            file.close()
            raise
        return response

    def head(self, request: Request, bucket: str, key: str) -> Response:
        """HeadObject."""
        self._check_version(request)
        headers.refuse_unsupported(request)
        response, _, length = _describe(self._objects.head(bucket, key), request)
        if response.status != 304:  # noqa: PLR2004 -- Not Modified
            response.headers.update(headers.overrides(request))
            response.headers["content-length"] = str(length)
        return response

    def delete(self, request: Request, bucket: str, key: str) -> Response:
        """DeleteObject: succeeds as well when there is none."""
        self._check_version(request)
        check_key(key)
        self._objects.delete(bucket, key, headers.write_condition(request))
        return Response(204)

    def delete_many(self, request: Request, bucket: str, _key: str) -> Response:
        """DeleteObjects."""
        body = request.read_body()
        headers.check_document(request, body)
        root = xml.parse(body)
        entries = root.findall("Object")
        if root.tag != "Delete" or not entries or len(entries) > _MAX_DELETES:
            raise xml.malformed()
        keys = []
        failed = []
        for entry in entries:
            key = xml.text_of(entry, "Key")
            version = xml.text_of(entry, "VersionId", "null")
            if version != "null":
                failed.append(
                    {"Key": key, "VersionId": version, "Code": "NoSuchVersion", "Message": "No such version"}
                )
                continue
            keys.append(key)
        self._objects.delete_many(bucket, keys)
        quiet = xml.text_of(root, "Quiet").lower() == "true"
        members = {"Deleted": [] if quiet else [{"Key": key} for key in keys], "Error": failed}
        return xml.document("DeleteResult", members)

    def attributes(self, request: Request, bucket: str, key: str) -> Response:
        """GetObjectAttributes."""
        self._check_version(request)
        info = self._objects.head(bucket, key)
        wanted = {name.strip() for name in request.headers.get("x-amz-object-attributes", "").split(",")}
        sums = {f"Checksum{name.upper()}": value for name, value in info.checksums.items()}
        members: dict[str, Any] = {}
        if "ETag" in wanted:
            members["ETag"] = info.etag
        if "Checksum" in wanted and sums:
            members["Checksum"] = {**sums, "ChecksumType": info.checksum_type}
        if "ObjectParts" in wanted and info.part_sizes:
            members["ObjectParts"] = _parts(info, request)
        if "StorageClass" in wanted:
            members["StorageClass"] = info.headers.get("x-amz-storage-class", "STANDARD")
        if "ObjectSize" in wanted:
            members["ObjectSize"] = info.size
        response = xml.document("GetObjectAttributesResponse", members)
        response.headers["last-modified"] = headers.of_object(info, with_checksums=False)["last-modified"]
        return response

    def get_tags(self, _request: Request, bucket: str, key: str) -> Response:
        """GetObjectTagging."""
        return xml.tagging(self._objects.head(bucket, key).tags)

    def put_tags(self, request: Request, bucket: str, key: str) -> Response:
        """PutObjectTagging."""
        tags = xml.tags_of(xml.parse(request.read_body()), headers.MAX_OBJECT_TAGS)
        self._objects.change_tags(bucket, key, tags)
        return Response(200)

    def delete_tags(self, _request: Request, bucket: str, key: str) -> Response:
        """DeleteObjectTagging."""
        self._objects.change_tags(bucket, key, {})
        return Response(204)

    def get_acl(self, _request: Request, bucket: str, key: str) -> Response:
        """GetObjectAcl."""
        self._objects.head(bucket, key)
        return xml.verbatim(ACL)

    def put_acl(self, _request: Request, bucket: str, key: str) -> Response:
        """PutObjectAcl: there is one user, whom it cannot change anything for."""
        self._objects.head(bucket, key)
        return Response(200)

    def _copy(self, request: Request, bucket: str, key: str) -> Response:
        source = copy_source(request)
        about = headers.description(request)
        replaced = _directive(request, "x-amz-metadata-directive")
        retagged = _directive(request, "x-amz-tagging-directive")
        if source == (bucket, key) and not (replaced or _changes_attributes(request)):
            raise ServiceError(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself without "
                "changing the object's metadata, storage class, website redirect location or encryption "
                "attributes.",
            )
        sums = self._sums_of_copy(request, source)

        def change(info: ObjectInfo) -> ObjectInfo:
            if replaced:
                info = replace(
                    info,
                    content_type=about.content_type or info.content_type,
                    metadata=about.metadata,
                    headers=about.headers,
                )
            if retagged:
                info = replace(info, tags=about.tags)
            return replace(info, checksums=sums, checksum_type="FULL_OBJECT") if sums else info

        info = self._objects.copy(
            source,
            (bucket, key),
            check=_source_check(request),
            change=change,
            condition=headers.write_condition(request),
        )
        members = {
            "LastModified": xml.timestamp(info.modified),
            "ETag": f'"{info.etag}"',
            **{f"Checksum{name.upper()}": value for name, value in info.checksums.items()},
        }
        response = xml.document("CopyObjectResult", members)
        response.headers["x-amz-server-side-encryption"] = "AES256"
        return response

    def _sums_of_copy(self, request: Request, source: tuple[str, str]) -> dict[str, str]:
        """Compute the checksum that a copy asks for and its source does not have."""
        algorithm = request.headers.get("x-amz-checksum-algorithm", "").lower()
        if algorithm not in checksums.ALGORITHMS:
            return {}
        info, file = self._objects.open(*source)
        with file:
            if algorithm in info.checksums and info.checksum_type == "FULL_OBJECT":
                return {algorithm: info.checksums[algorithm]}
            digest = checksums.new(algorithm)
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return {algorithm: checksums.encode(digest.digest())}

    @staticmethod
    def _check_version(request: Request) -> None:
        version = request.query.get("versionId", "null")
        if version != "null":
            raise ServiceError(
                "NoSuchVersion", "The specified version does not exist.", status=404, VersionId=version
            )


def copy_source(request: Request) -> tuple[str, str]:
    """Return bucket and key of ``x-amz-copy-source``.

    Raises:
        ServiceError: InvalidArgument, NoSuchVersion.
    """
    text, _, version = request.headers["x-amz-copy-source"].partition("?versionId=")
    if version not in {"", "null"}:
        raise ServiceError("NoSuchVersion", "The specified version does not exist.", status=404)
    bucket, _, key = unquote(text).removeprefix("/").partition("/")
    if not bucket or not key:
        raise ServiceError(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=text,
        )
    return bucket, key


def check_source(info: ObjectInfo, request: Request) -> None:
    """Apply the conditions on a copy's source."""
    headers.check_read(info, request, prefix="x-amz-copy-source-")


def require_length(request: Request, limit: int) -> None:
    """Check that a body announces how long it is, and is not too long.

    Raises:
        ServiceError: MissingContentLength, EntityTooLarge.
    """
    announced = announced_length(request)
    if announced is None and "transfer-encoding" not in request.headers:
        raise ServiceError(
            "MissingContentLength", "You must provide the Content-Length HTTP header.", status=411
        )
    if announced is not None and announced > limit:
        raise ServiceError(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            ProposedSize=str(announced),
            MaxSizeAllowed=str(limit),
        )


def announced_length(request: Request) -> int | None:
    """Return the announced length of a body without its chunks' framing; None where there is none."""
    decoded = request.headers.get("x-amz-decoded-content-length")
    text = decoded or request.headers.get("content-length")
    if not decoded and signature.is_chunked(request.headers.get("x-amz-content-sha256", "")):
        return None
    return int(text) if text is not None and text.isdecimal() else None


def _source_check(request: Request) -> Callable[[ObjectInfo], None]:
    return lambda info: check_source(info, request)


def _directive(request: Request, name: str) -> bool:
    value = request.headers.get(name, "COPY").upper()
    if value not in {"COPY", "REPLACE"}:
        raise ServiceError("InvalidArgument", "Unknown directive.", ArgumentName=name, ArgumentValue=value)
    return value == "REPLACE"


def _changes_attributes(request: Request) -> bool:
    names = ("x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption")
    return any(name in request.headers for name in names)


def _describe(info: ObjectInfo, request: Request) -> tuple[Response, int, int]:
    """Return the head of an answer, and which bytes of the object follow."""
    whole = headers.of_object(info, with_checksums=False)
    if not headers.check_read(info, request):
        kept = {name: value for name, value in whole.items() if name in _KEPT_WHEN_UNCHANGED}
        return Response(304, kept), 0, 0
    part = request.query.get("partNumber")
    if part is not None:
        span: tuple[int, int] | None = headers.part_range(info, part)
        if info.part_sizes:
            whole["x-amz-mp-parts-count"] = str(len(info.part_sizes))
    else:
        span = headers.byte_range(request.headers.get("range"), info.size)
    wants_checksums = request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    if span is None or (part is not None and not info.size):
        if wants_checksums:
            whole.update(headers.of_checksums(info.checksums, info.checksum_type))
        return Response(200, whole), 0, info.size
    offset, length = span
    if wants_checksums and length == info.size:
        whole.update(headers.of_checksums(info.checksums, info.checksum_type))
    whole["content-range"] = f"bytes {offset}-{offset + length - 1}/{info.size}"
    return Response(206, whole), offset, length


def _parts(info: ObjectInfo, request: Request) -> dict[str, Any]:
    marker = int(request.headers.get("x-amz-part-number-marker") or 0)
    limit = int(request.headers.get("x-amz-max-parts") or 1000)
    numbered = list(enumerate(info.part_sizes, start=1))
    shown = [item for item in numbered if item[0] > marker][:limit]
    last = shown[-1][0] if shown else marker
    return {
        "PartsCount": len(numbered),
        "PartNumberMarker": marker,
        "NextPartNumberMarker": last,
        "MaxParts": limit,
        "IsTruncated": last < len(numbered),
        "Part": [{"PartNumber": number, "Size": size} for number, size in shown],
    }
