"""Headers of S3: what describes an object, conditions, ranges, and checksums."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import parse_qsl

from pipecell.local import checksums
from pipecell.local.blobs import Blob
from pipecell.local.object_model import Condition, ObjectInfo, precondition_failed
from pipecell.local.payload import Body
from pipecell.local.services.s3.xml import checked_tags
from pipecell.local.wire import Request, ServiceError

MAX_OBJECT_TAGS = 10
_MAX_METADATA_BYTES = 2048

_KEPT = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-amz-website-redirect-location",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
)
_REFUSED = (
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-write-offset-bytes",
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_OVERRIDES = {
    "response-content-type": "content-type",
    "response-content-language": "content-language",
    "response-expires": "expires",
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
}


@dataclass(frozen=True)
class Description:
    """What a request says about the object that it writes.

    Args:
        content_type: or None.
        metadata: the user's.
        headers: others that S3 keeps.
        tags: from ``x-amz-tagging``.
    """

    content_type: str | None
    metadata: dict[str, str]
    headers: dict[str, str]
    tags: dict[str, str]


def description(request: Request) -> Description:
    """Read what a request says about the object that it writes.

    Raises:
        ServiceError: NotImplemented, MetadataTooLarge, InvalidTag.
    """
    refuse_unsupported(request)
    prefix = "x-amz-meta-"
    metadata = {
        name[len(prefix) :]: value for name, value in request.headers.items() if name.startswith(prefix)
    }
    if (
        sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        > _MAX_METADATA_BYTES
    ):
        raise ServiceError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
            MaxSizeAllowed=str(_MAX_METADATA_BYTES),
        )
    kept = {name: request.headers[name] for name in _KEPT if request.headers.get(name)}
    encoding = without_chunked(kept.pop("content-encoding", ""))
    if encoding:
        kept["content-encoding"] = encoding
    if kept.get("x-amz-storage-class") == "STANDARD":
        del kept["x-amz-storage-class"]
    return Description(request.headers.get("content-type"), metadata, kept, tags_header(request))


def refuse_unsupported(request: Request) -> None:
    """Refuse what the local endpoint would not keep its word on.

    Raises:
        ServiceError: NotImplemented, naming the header.
    """
    for name in _REFUSED:
        if name in request.headers:
            raise ServiceError(
                "NotImplemented",
                f"The local endpoint does not implement the header {name}.",
                status=400,
                Header=name,
            )


def without_chunked(encoding: str) -> str:
    """Return a content encoding without ``aws-chunked``, which is only the message's."""
    return ",".join(
        item.strip() for item in encoding.split(",") if item.strip() and item.strip() != "aws-chunked"
    )


def tags_header(request: Request) -> dict[str, str]:
    """Read ``x-amz-tagging``."""
    text = request.headers.get("x-amz-tagging", "")
    return checked_tags(parse_qsl(text, keep_blank_values=True), MAX_OBJECT_TAGS) if text else {}


def of_object(info: ObjectInfo, *, with_checksums: bool) -> dict[str, str]:
    """Return the headers that describe an object."""
    out = {
        "content-type": info.content_type,
        "etag": f'"{info.etag}"',
        "last-modified": formatdate(int(info.modified), usegmt=True),
        "accept-ranges": "bytes",
        "x-amz-server-side-encryption": "AES256",
        **info.headers,
        **{f"x-amz-meta-{name}": value for name, value in info.metadata.items()},
    }
    if info.tags:
        out["x-amz-tagging-count"] = str(len(info.tags))
    if with_checksums:
        out.update(of_checksums(info.checksums, info.checksum_type))
    return out


def of_checksums(sums: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return the headers that hold checksums."""
    out = {f"x-amz-checksum-{name}": value for name, value in sums.items()}
    return {**out, "x-amz-checksum-type": kind} if out else {}


def overrides(request: Request) -> dict[str, str]:
    """Return the headers that a GET asks to be answered with."""
    return {
        header: request.query[parameter]
        for parameter, header in _OVERRIDES.items()
        if parameter in request.query
    }


def write_condition(request: Request) -> Condition | None:
    """Read the conditions of a write."""
    if_match = request.headers.get("if-match")
    if_none_match = request.headers.get("if-none-match")
    if if_match is None and if_none_match is None:
        return None
    if if_none_match not in {None, "*"}:
        raise ServiceError(
            "NotImplemented", "A write takes If-None-Match only as *.", status=400, Header="If-None-Match"
        )
    return Condition(unquoted(if_match) if if_match is not None else None, if_none_match)


def check_read(info: ObjectInfo, request: Request, prefix: str = "") -> bool:
    """Apply the conditions of a read, or of a copy's source.

    Args:
        info: the object.
        request: with its headers.
        prefix: ``x-amz-copy-source-`` for a copy.

    Returns:
        False when the answer is 304 Not Modified.

    Raises:
        ServiceError: PreconditionFailed.
    """
    headers = request.headers
    modified = int(info.modified)
    if_match = headers.get(f"{prefix}if-match")
    if if_match is not None:
        if not _matches(if_match, info.etag):
            raise precondition_failed("If-Match")
    else:
        since = _date(headers.get(f"{prefix}if-unmodified-since"))
        if since is not None and modified > since:
            raise precondition_failed("If-Unmodified-Since")
    if_none_match = headers.get(f"{prefix}if-none-match")
    if if_none_match is not None:
        unchanged = _matches(if_none_match, info.etag)
    else:
        since = _date(headers.get(f"{prefix}if-modified-since"))
        unchanged = since is not None and modified <= since
    if unchanged and prefix:
        raise precondition_failed("If-None-Match" if if_none_match is not None else "If-Modified-Since")
    return not unchanged


def _matches(header: str, etag: str) -> bool:
    return any(item.strip() == "*" or unquoted(item) == etag for item in header.split(","))


def unquoted(etag: str) -> str:
    """Return an ETag without quotes and weakness mark."""
    return etag.strip().removeprefix("W/").strip('"')


def _date(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None


def byte_range(text: str | None, size: int) -> tuple[int, int] | None:
    """Read a Range header.

    Args:
        text: the header, or None.
        size: of the object.

    Returns:
        offset and length; None for the whole object, also where S3 ignores what it cannot read.

    Raises:
        ServiceError: InvalidRange, 416.
    """
    found = _RANGE.fullmatch(text.strip()) if text else None
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        if not length:
            raise _bad_range(text or "", size)
        return size - length, length
    start = int(found[1])
    end = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < start:
        return None
    if start >= size:
        raise _bad_range(text or "", size)
    return start, end - start + 1


def part_range(info: ObjectInfo, number: str) -> tuple[int, int]:
    """Return offset and length of one part of an object that was uploaded in parts.

    Raises:
        ServiceError: InvalidPartNumber, 416.
    """
    sizes = info.part_sizes or (info.size,)
    if not number.isdecimal() or not 1 <= int(number) <= len(sizes):
        raise ServiceError("InvalidPartNumber", "The requested partnumber is not satisfiable", status=416)
    index = int(number) - 1
    return sum(sizes[:index]), sizes[index]


def _bad_range(text: str, size: int) -> ServiceError:
    return ServiceError(
        "InvalidRange",
        "The requested range is not satisfiable",
        status=416,
        RangeRequested=text,
        ActualObjectSize=str(size),
    )


@dataclass(frozen=True)
class Declared:
    """The checksums that a request declares for its body.

    Args:
        algorithms: those to compute.
        verify: compares a stored blob with what was declared, trailers included.
    """

    algorithms: tuple[str, ...]
    verify: Callable[[Blob], None]


def declared(request: Request) -> Declared:
    """Read the checksums of a request's body.

    Raises:
        ServiceError: InvalidDigest, InvalidRequest; and from ``verify``: BadDigest.
    """
    md5 = _content_md5(request)
    given = given_checksums(request)
    trailing = [
        name
        for name in checksums.ALGORITHMS
        if f"x-amz-checksum-{name}" in request.headers.get("x-amz-trailer", "").lower()
    ]
    asked = request.headers.get("x-amz-sdk-checksum-algorithm", "").lower()
    algorithms = tuple(
        dict.fromkeys([*given, *trailing, *([asked] if asked in checksums.ALGORITHMS else [])])
    )

    def verify(blob: Blob) -> None:
        if md5 is not None and not hmac.compare_digest(md5, blob.md5):
            raise ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.")
        expected = dict(given)
        if isinstance(request.body, Body):
            for name in trailing:
                expected[name] = request.body.trailers.get(f"x-amz-checksum-{name}", "")
        for name, value in expected.items():
            if value != blob.checksums[name]:
                raise ServiceError(
                    "BadDigest", f"The {name.upper()} you specified did not match the calculated checksum."
                )

    return Declared(algorithms, verify)


def check_document(request: Request, body: bytes) -> None:
    """Check the checksums of a small body that has been read."""
    found = declared(request)
    import hashlib

    sums = {name: checksums.compute(name, body) for name in found.algorithms}
    found.verify(Blob("", len(body), hashlib.md5(body, usedforsecurity=False).hexdigest(), sums))


def given_checksums(request: Request) -> dict[str, str]:
    """Return the ``x-amz-checksum-*`` headers of a request."""
    given = {}
    for name in checksums.ALGORITHMS:
        value = request.headers.get(f"x-amz-checksum-{name}")
        if value is not None:
            if not re.fullmatch(r"[A-Za-z0-9+/]+=*(-\d+)?", value):
                raise ServiceError("InvalidRequest", f"Value for x-amz-checksum-{name} header is invalid.")
            given[name] = value
    return given


def _content_md5(request: Request) -> str | None:
    text = request.headers.get("content-md5")
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 16:  # noqa: PLR2004 -- bytes of MD5
        raise ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    return digest.hex()
