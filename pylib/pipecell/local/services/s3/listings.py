"""Listing objects, versions and uploads, by pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from pipecell.local.objects import Listing, ObjectInfo, ObjectStore
from pipecell.local.services.s3 import xml
from pipecell.local.uploads import Uploads
from pipecell.local.wire import Request, Response, ServiceError
from pipecell.local.wire_errors import escape_text

_MAX_KEYS = 1000


class Listings:
    """ListObjects, ListObjectsV2, ListObjectVersions, ListMultipartUploads.

    Args:
        objects: the store.
        uploads: its uploads.
    """

    def __init__(self, objects: ObjectStore, uploads: Uploads) -> None:
        self._objects = objects
        self._uploads = uploads

    def objects(self, request: Request, bucket: str, _key: str) -> Response:
        """ListObjects and ListObjectsV2."""
        if request.query.get("list-type") == "2":
            return self._version_2(request, bucket)
        query = request.query
        limit = max_keys(request)
        encode = encoder(request)
        page = self._page(request, bucket, query.get("marker", ""), limit)
        members: dict[str, Any] = {
            "Name": bucket,
            "Prefix": encode(query.get("prefix", "")),
            "Marker": encode(query.get("marker", "")),
            "MaxKeys": limit,
            "Delimiter": encode(query["delimiter"]) if query.get("delimiter") else None,
            "EncodingType": query.get("encoding-type"),
            "IsTruncated": page.next_after is not None,
            # S3 gives it only with a delimiter; without, the last key says the same.
            "NextMarker": encode(page.next_after) if page.next_after and query.get("delimiter") else None,
            "Contents": _contents(page.objects, encode, owner=True),
            "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in page.common_prefixes],
        }
        return xml.document("ListBucketResult", members)

    def _version_2(self, request: Request, bucket: str) -> Response:
        query = request.query
        limit = max_keys(request)
        encode = encoder(request)
        token = query.get("continuation-token")
        after = _from_token(token) if token is not None else query.get("start-after", "")
        page = self._page(request, bucket, after, limit)
        owner = query.get("fetch-owner", "").lower() == "true"
        members: dict[str, Any] = {
            "Name": bucket,
            "Prefix": encode(query.get("prefix", "")),
            "StartAfter": encode(query["start-after"]) if query.get("start-after") else None,
            "ContinuationToken": token,
            "NextContinuationToken": _to_token(page.next_after) if page.next_after is not None else None,
            "KeyCount": len(page.objects) + len(page.common_prefixes),
            "MaxKeys": limit,
            "Delimiter": encode(query["delimiter"]) if query.get("delimiter") else None,
            "EncodingType": query.get("encoding-type"),
            "IsTruncated": page.next_after is not None,
            "Contents": _contents(page.objects, encode, owner=owner),
            "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in page.common_prefixes],
        }
        return xml.document("ListBucketResult", members)

    def versions(self, request: Request, bucket: str, _key: str) -> Response:
        """ListObjectVersions: each object is its one version, ``null``."""
        query = request.query
        limit = max_keys(request)
        encode = encoder(request)
        page = self._page(request, bucket, query.get("key-marker", ""), limit)
        extra = "<VersionId>null</VersionId><IsLatest>true</IsLatest>"
        versions = _contents(page.objects, encode, owner=True, element="Version", extra=extra)
        members: dict[str, Any] = {
            "Name": bucket,
            "Prefix": encode(query.get("prefix", "")),
            "KeyMarker": encode(query.get("key-marker", "")),
            "VersionIdMarker": query.get("version-id-marker", ""),
            "MaxKeys": limit,
            "Delimiter": encode(query["delimiter"]) if query.get("delimiter") else None,
            "EncodingType": query.get("encoding-type"),
            "IsTruncated": page.next_after is not None,
            "NextKeyMarker": encode(page.next_after) if page.next_after is not None else None,
            "NextVersionIdMarker": "null" if page.next_after is not None else None,
            "Version": versions,
            "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in page.common_prefixes],
        }
        return xml.document("ListVersionsResult", members)

    def uploads(self, request: Request, bucket: str, _key: str) -> Response:
        """ListMultipartUploads."""
        query = request.query
        limit = _limit(query.get("max-uploads"), "max-uploads")
        encode = encoder(request)
        # Without an upload id the marker stands for all uploads of its key.
        marker = query.get("key-marker", "")
        id_marker = query.get("upload-id-marker", "") or ("\x7f" if marker else "")
        found = self._uploads.in_progress(
            bucket, query.get("prefix", ""), after=(marker, id_marker), limit=limit + 1
        )
        shown = found[:limit]
        more = len(found) > len(shown)
        entries = [
            {
                "Key": encode(upload.key),
                "UploadId": upload.id,
                "Initiator": xml.OWNER,
                "Owner": xml.OWNER,
                "StorageClass": "STANDARD",
                "Initiated": xml.timestamp(upload.created),
                "ChecksumAlgorithm": upload.algorithm.upper() or None,
                "ChecksumType": upload.checksum_type if upload.algorithm else None,
            }
            for upload in shown
        ]
        members: dict[str, Any] = {
            "Bucket": bucket,
            "KeyMarker": encode(marker),
            "UploadIdMarker": query.get("upload-id-marker", ""),
            "NextKeyMarker": encode(shown[-1].key) if more else None,
            "NextUploadIdMarker": shown[-1].id if more else None,
            "Prefix": encode(query.get("prefix", "")),
            "EncodingType": query.get("encoding-type"),
            "MaxUploads": limit,
            "IsTruncated": more,
            "Upload": entries,
        }
        return xml.document("ListMultipartUploadsResult", members)

    def _page(self, request: Request, bucket: str, after: str, limit: int) -> Listing:
        query = request.query
        return self._objects.list(
            bucket,
            query.get("prefix", ""),
            start_after=after,
            limit=limit,
            delimiter=query.get("delimiter", ""),
        )


def max_keys(request: Request) -> int:
    """Read ``max-keys``.

    Raises:
        ServiceError: InvalidArgument.
    """
    return _limit(request.query.get("max-keys"), "max-keys")


def _limit(text: str | None, name: str) -> int:
    if not text:
        return _MAX_KEYS
    if not text.isdecimal() or len(text) > 10:  # noqa: PLR2004 -- S3 takes 32-bit numbers
        raise ServiceError(
            "InvalidArgument",
            f"Provided {name} not an integer or within integer range",
            ArgumentName=name,
            ArgumentValue=text,
        )
    return min(int(text), _MAX_KEYS)


def encoder(request: Request) -> Callable[[str], str]:
    """Return how keys are written: percent-encoded when the client asks, since XML cannot hold all keys.

    Raises:
        ServiceError: InvalidArgument.
    """
    kind = request.query.get("encoding-type")
    if kind is None:
        return str
    if kind != "url":
        raise ServiceError(
            "InvalidArgument",
            "Invalid Encoding Method specified in Request",
            ArgumentName="encoding-type",
            ArgumentValue=kind,
        )
    return lambda text: quote(text, safe="/-_.*", errors="surrogateescape")


_OWNER = f"<Owner><ID>{xml.OWNER_ID}</ID><DisplayName>{xml.OWNER['DisplayName']}</DisplayName></Owner>"


def _contents(
    infos: Iterable[ObjectInfo],
    encode: Callable[[str], str],
    *,
    owner: bool,
    element: str = "Contents",
    extra: str = "",
) -> xml.Raw:
    """Return the entries of a page; written by hand, for a page has a thousand."""
    owned = _OWNER if owner else ""
    out = []
    for info in infos:
        sums = "".join(f"<ChecksumAlgorithm>{name.upper()}</ChecksumAlgorithm>" for name in info.checksums)
        if sums:
            sums += f"<ChecksumType>{info.checksum_type}</ChecksumType>"
        storage = escape_text(info.headers.get("x-amz-storage-class", "STANDARD"))
        out.append(
            f"<{element}><Key>{escape_text(encode(info.key))}</Key>"
            f"<LastModified>{xml.timestamp(info.modified)}</LastModified><ETag>&quot;{info.etag}&quot;</ETag>"
            f"{sums}<Size>{info.size}</Size>{owned}<StorageClass>{storage}</StorageClass>{extra}</{element}>"
        )
    return xml.Raw("".join(out))


def _to_token(after: str) -> str:
    return base64.urlsafe_b64encode(after.encode(errors="surrogateescape")).decode()


def _from_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode(errors="surrogateescape")
    except binascii.Error:
        raise ServiceError(
            "InvalidArgument",
            "The continuation token provided is incorrect",
            ArgumentName="continuation-token",
        ) from None
