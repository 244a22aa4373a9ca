"""Uploads by HTML form: what boto3's ``generate_presigned_post`` is for.

A form is a ``multipart/form-data`` message whose fields carry a policy (a signed JSON document of what may
be uploaded) and whose last part is the file. Its content is stored as it comes, in constant memory.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlencode

from pipecell.local.blobs import Blob
from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3 import headers, xml
from pipecell.local.wire import Request, Response, ServiceError

_MAX_FIELDS_BYTES = 64 * 1024
_CHUNK = 64 * 1024
_UNCHECKED = frozenset({"x-amz-signature", "signature", "awsaccesskeyid", "policy", "file", "tagging"})

VerifyPolicy = Callable[[Mapping[str, str]], None]
"""Checks that a form's fields carry the signature of their policy."""


class Forms:
    """Takes uploads by form.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def post(self, request: Request, bucket: str, verify: VerifyPolicy) -> Response:
        """PostObject.

        Args:
            request: whose body nobody has signed.
            bucket: where the file goes.
            verify: see `VerifyPolicy`.

        Raises:
            ServiceError: MalformedPOSTRequest, AccessDenied, EntityTooLarge, EntityTooSmall and what a
                PutObject raises.
        """
        fields, file, filename = read_form(request)
        verify(fields)
        smallest, largest = check_policy(fields, bucket, self._objects.clock())
        if "key" not in fields:
            raise ServiceError("InvalidArgument", "Bucket POST must contain a field named 'key'.")
        key = fields["key"].replace("${filename}", filename)
        about = replace(request, headers=dict(fields))
        described = headers.description(about)
        tags = xml.tags_of(xml.parse(fields["tagging"].encode()), headers.MAX_OBJECT_TAGS)
        sums = headers.declared(about)

        def check(blob: Blob) -> None:
            if blob.size < smallest:
                raise ServiceError(
                    "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"
                )
            sums.verify(blob)

        info = self._objects.put(
            bucket,
            key,
            cast("BinaryIO", _Limited(file, largest)),
            content_type=described.content_type,
            metadata=described.metadata,
            headers=described.headers,
            tags=tags or described.tags,
            algorithms=sums.algorithms,
            verify=check,
        )
        return _answer(fields, request, bucket, key, info.etag)


def read_form(request: Request) -> tuple[dict[str, str], BinaryIO, str]:
    """Return a form's fields, names in lower case; its file, still to be read; and the file's name.

    Raises:
        ServiceError: MalformedPOSTRequest.
    """
    found = re.search(r'boundary="?([^";]+)"?', request.headers.get("content-type", ""))
    if found is None:
        raise _malformed()
    parts = _Parts(request.body, b"\r\n--" + found[1].encode())
    fields = {"tagging": "<Tagging><TagSet/></Tagging>"}
    while (head := parts.head()) is not None:
        name = re.search(r'[; ]name="([^"]*)"', head)
        if name is None:
            raise _malformed()
        if name[1] == "file":
            given = re.search(r'filename="([^"]*)"', head)
            return fields, cast("BinaryIO", parts), re.split(r"[/\\]", given[1])[-1] if given else ""
        fields[name[1].lower()] = parts.read_all().decode(errors="replace")
    raise ServiceError("InvalidArgument", "POST requires exactly one file upload per request.")


class _Parts(io.RawIOBase):
    """The parts of a form one after the other; as a stream, the content of the present one."""

    def __init__(self, source: BinaryIO, delimiter: bytes) -> None:
        super().__init__()
        self._source = source
        self._delimiter = delimiter
        # The first delimiter has no line before it.
        self._buffer = b"\r\n"
        self._ended = False

    def head(self) -> str | None:
        """Go to the next part and return its headers; None after the last one."""
        self.read_all()
        while len(self._buffer) < 4 and self._more():  # noqa: PLR2004 -- "--" or a line's end, and the next line
            pass
        if self._buffer.startswith(b"--"):
            return None
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _MAX_FIELDS_BYTES or not self._more():
                raise _malformed()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self._ended = False
        return head.decode(errors="replace")

    def read_all(self) -> bytes:
        """Return the rest of the present part's content."""
        content = b""
        while chunk := self.read(_CHUNK):
            content += chunk
            if len(content) > _MAX_FIELDS_BYTES:
                raise _malformed()
        return content

    def read(self, size: int | None = -1, /) -> bytes:
        """Return some of the present part's content, ``b""`` only at its end."""
        if self._ended:
            return b""
        while True:
            end = self._buffer.find(self._delimiter)
            if end >= 0:
                chunk, self._buffer = self._buffer[:end], self._buffer[end + len(self._delimiter) :]
                self._ended = True
                return chunk
            safe = len(self._buffer) - len(self._delimiter)
            if safe > 0:
                chunk, self._buffer = self._buffer[:safe], self._buffer[safe:]
                return chunk
            if not self._more():
                raise _malformed()

    def _more(self) -> bool:
        chunk = self._source.read(_CHUNK)
        self._buffer += chunk
        return bool(chunk)


class _Limited:
    """A file that may not be longer than a policy says."""

    def __init__(self, file: BinaryIO, largest: int) -> None:
        self._file = file
        self._left = largest

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._file.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        return chunk


def check_policy(fields: Mapping[str, str], bucket: str, now: float) -> tuple[int, int]:
    """Check a form against its policy; return the smallest and the largest size of its file, bytes.

    Raises:
        ServiceError: AccessDenied, InvalidPolicyDocument.
    """
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        expires = datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00")).timestamp()
        conditions = [_condition(each) for each in policy["conditions"]]
    except (KeyError, ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise ServiceError("InvalidPolicyDocument", f"Invalid Policy: {error}") from None
    if now > expires:
        raise ServiceError("AccessDenied", "Invalid according to Policy: Policy expired.", status=403)
    given = {**fields, "bucket": bucket}
    smallest, largest = 0, 5 * 1024**3
    covered = set(_UNCHECKED)
    for kind, name, value in conditions:
        if kind == "content-length-range":
            smallest, largest = max(smallest, int(name)), min(largest, int(value))
            continue
        covered.add(name)
        actual = given.get(name, "")
        if not (actual == value if kind == "eq" else actual.startswith(value)):
            raise _against(f"Policy Condition failed: {json.dumps([kind, '$' + name, value])}")
    extra = sorted(
        name
        for name in fields
        if name not in covered and not name.startswith("x-ignore-") and name != "tagging"
    )
    if extra:
        raise _against(f"Extra input fields: {extra[0]}")
    return smallest, largest


def _condition(written: Any) -> tuple[str, str, str]:
    if isinstance(written, dict):
        ((name, value),) = written.items()
        return "eq", str(name).lower(), str(value)
    kind, name, value = written
    if kind not in {"eq", "starts-with", "content-length-range"}:
        raise ValueError(f"unknown condition {kind}")
    return str(kind), str(name).removeprefix("$").lower(), str(value)


def _answer(fields: Mapping[str, str], request: Request, bucket: str, key: str, etag: str) -> Response:
    location = f"{request.base_url}/{bucket}/{quote(key)}"
    about = {"etag": f'"{etag}"', "location": location}
    redirect = fields.get("success_action_redirect") or fields.get("redirect")
    if redirect:
        query = urlencode({"bucket": bucket, "key": key, "etag": f'"{etag}"'})
        about["location"] = f"{redirect}{'&' if '?' in redirect else '?'}{query}"
        return Response(303, about)
    status = fields.get("success_action_status", "")
    if status == "201":
        members = {"Location": location, "Bucket": bucket, "Key": key, "ETag": f'"{etag}"'}
        response = xml.document("PostResponse", members, 201)
        response.headers.update(about)
        return response
    return Response(200 if status == "200" else 204, about)


def _malformed() -> ServiceError:
    return ServiceError(
        "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data."
    )


def _against(why: str) -> ServiceError:
    return ServiceError("AccessDenied", f"Invalid according to Policy: {why}", status=403)
