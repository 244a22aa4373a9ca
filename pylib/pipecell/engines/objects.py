"""S3 as a plan looks at it: what is there now, with what a deployment would put there on top."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipecell.definition.cache.content import ARCHIVES, MAX_CODE_OBJECTS, folder, split_uri
from pipecell.definition.code.places import members
from pipecell.engines.connection import Connection, aws_errors, error_code
from pipecell.engines.engine import Uploadable
from pipecell.errors import DefinitionError

_ABSENT = ("404", "403", "NoSuchBucket", "NoSuchKey", "NotFound", "AccessDenied", "Forbidden")
_PART = 8 * 1024 * 1024
"""Bytes from which boto3 uploads a file in parts, and the size of each."""
_MAX_JSON = 10 * 1024 * 1024
_MAX_CODE = 50 * 1024 * 1024


class S3Objects:
    """Objects of one target.

    Args:
        connection: the way to the target; None for what is to be uploaded alone.
        uploads: what is to be put there; it takes the place of what is there now.
    """

    def __init__(self, connection: Connection | None, uploads: Sequence[Uploadable] = ()) -> None:
        self._connection = connection
        self._uploads = {(item.bucket, item.key): item for item in uploads}

    def etag(self, bucket: str, key: str) -> str | None:
        """Return an object's ETag without quotes, None when it is not there or must not be seen."""
        upload = self._uploads.get((bucket, key))
        if upload is not None:
            return etag_of(upload.source)
        head = self._ask("head_object", Bucket=bucket, Key=key)
        return None if head is None else str(head["ETag"]).strip('"')

    def below(self, bucket: str, prefix: str, limit: int | None = None) -> list[tuple[str, str]]:
        """Return (key, ETag) of the objects whose keys begin with a prefix, in the order of the keys."""
        found = {entry["Key"]: str(entry["ETag"]).strip('"') for entry in self._list(bucket, prefix, limit)}
        for place, item in self._uploads.items():
            if place[0] == bucket and place[1].startswith(prefix):
                found[place[1]] = etag_of(item.source)
        return sorted(found.items(), key=lambda pair: pair[0].encode())[:limit]

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object's content.

        Raises:
            KeyError: it is not there.
        """
        upload = self._uploads.get((bucket, key))
        if upload is not None:
            return upload.source if isinstance(upload.source, bytes) else Path(upload.source).read_bytes()
        answer = self._ask("get_object", Bucket=bucket, Key=key)
        if answer is None:
            raise KeyError(key)
        with answer["Body"] as body:
            return bytes(body.read())

    def code(self, uri: str) -> dict[str, bytes]:
        """Return the files of code at a URI, or below it, by name; archives are opened."""
        try:
            bucket, key = split_uri(uri)
        except DefinitionError:
            return {}
        single = bool(key) and self.etag(bucket, key) is not None
        keys = [key] if single else [name for name, _ in self.below(bucket, folder(key), MAX_CODE_OBJECTS)]
        files: dict[str, bytes] = {}
        for name in keys:
            try:
                content = self.read(bucket, name)
            except KeyError:
                continue
            unpacked = members(content) if name.endswith(ARCHIVES) and len(content) <= _MAX_CODE else {}
            files.update(unpacked or {name.rpartition("/")[2]: content})
        return files

    def json(self, uri: str) -> Any:
        """Return what the JSON object at a URI holds.

        Raises:
            DefinitionError: ``PC115``, it is not there or is no JSON; ``PC116``, not an S3 URI.
        """
        bucket, key = split_uri(uri)
        try:
            content = self.read(bucket, key)
            if len(content) > _MAX_JSON:
                raise DefinitionError(f"{uri} is larger than {_MAX_JSON} bytes.", code="PC115")
            return json.loads(content)
        except (KeyError, ValueError) as error:
            raise DefinitionError(f"{uri} is not JSON that is there.", code="PC115") from error

    def modified(self, uri: str) -> float | None:
        """Return when what is at a URI, or below it, last changed, epoch seconds; None for nothing there.

        Of a folder, the first thousand objects are looked at.
        """
        try:
            bucket, key = split_uri(uri)
        except DefinitionError:
            return None
        head = self._ask("head_object", Bucket=bucket, Key=key) if key else None
        if head is not None:
            return float(head["LastModified"].timestamp())
        times = [entry["LastModified"].timestamp() for entry in self._list(bucket, folder(key), 1000)]
        return max(times, default=None)

    def _list(self, bucket: str, prefix: str, limit: int | None) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        while limit is None or len(found) < limit:
            page = self._ask("list_objects_v2", Bucket=bucket, Prefix=prefix, **token)
            found += (page or {}).get("Contents") or []
            if not page or not page.get("IsTruncated"):
                break
            token = {"ContinuationToken": page["NextContinuationToken"]}
        return found[:limit]

    def _ask(self, operation: str, **request: Any) -> Any:
        """Call S3; None where it says that there is nothing, or nothing for us."""
        if self._connection is None:
            return None
        client = self._connection.client("s3")
        with aws_errors(f"a look at s3://{request['Bucket']}", connection=self._connection):
            try:
                return getattr(client, operation)(**request)
            except client.exceptions.ClientError as error:
                if error_code(error) not in _ABSENT:
                    raise
                return None


def etag_of(source: bytes | Path) -> str:
    """Return the ETag that S3 gives to content that boto3 uploads: MD5, or that of its parts' MD5s."""
    if isinstance(source, bytes):
        return hashlib.md5(source, usedforsecurity=False).hexdigest()
    path = Path(source)
    if path.stat().st_size < _PART:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    parts: list[bytes] = []
    with path.open("rb") as file:
        while chunk := file.read(_PART):
            parts.append(hashlib.md5(chunk, usedforsecurity=False).digest())
    return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"
