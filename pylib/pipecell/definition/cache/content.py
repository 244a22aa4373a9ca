"""What is in S3, in a few characters: digests of uploaded code and of what steps left behind."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from pipecell.definition.code.places import code_places
from pipecell.definition.junk import at, objects
from pipecell.errors import DefinitionError

ARCHIVES = (".tar.gz", ".tgz")
"""How the names of archives of code end."""

_SHORT = 8  # hexadecimal characters: twenty inputs fit one tag

MAX_CODE_OBJECTS = 1000
"""Objects below one address that are looked at."""

KEY_TAG = "pipecell:cache-key"
"""Tag of a job of the local endpoint: what its result is found by. It says which code the job ran."""

INPUTS_TAG = "pipecell:inputs"
"""Tag of a job of the local endpoint: short digests of the data that it read, as `input_uris` has them."""

ARTIFACTS_TAG = "pipecell:artifacts"
"""Tag of a job of the local endpoint: a digest of what it left in S3."""


class Objects(Protocol):
    """S3, as far as caching looks at it. A bucket or object that is not there is no error."""

    def etag(self, bucket: str, key: str) -> str | None:
        """Return an object's ETag without quotes, None when it is not there."""

    def below(self, bucket: str, prefix: str, limit: int | None = None) -> list[tuple[str, str]]:
        """Return (key, ETag) of the objects whose keys begin with a prefix, in the order of the keys."""

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object's content.

        Raises:
            KeyError: it is not there.
        """


class Fingerprints:
    """Digests of objects; those of archives are remembered, since reading them costs time.

    Args:
        objects: the S3 that they are in.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._archives: dict[str, str] = {}

    def of_uri(self, uri: str) -> str:
        """Return a digest of the object at a URI, or of all objects below it; empty when there is none."""
        try:
            bucket, key = split_uri(uri)
        except DefinitionError:
            return ""
        found = self._objects.etag(bucket, key) if key else None
        if found is not None:
            return found
        listed = self._objects.below(bucket, folder(key))
        return digest(listed) if listed else ""

    def of_artifacts(self, properties: Mapping[str, Any]) -> dict[str, str]:
        """Return what a step left in S3: for each URI of its outputs, a digest of what is there now."""
        found = {uri: self.of_uri(uri) for uri in output_uris(properties)}
        return {uri: value for uri, value in found.items() if value}

    def of_inputs(self, arguments: Mapping[str, Any]) -> list[str]:
        """Return a few characters for the data at each of `input_uris`: what is there now."""
        return [digest(self.of_uri(uri))[:_SHORT] for uri in input_uris(arguments)]

    def with_code_by_content(self, arguments: Mapping[str, Any]) -> Any:
        """Return arguments in which the address of uploaded code is replaced by a digest of the code."""
        changed = json.loads(json.dumps(arguments))
        for place in code_places(changed):
            if place.uri is not None:
                place.holder[place.key] = self.of_code(place.uri) or place.holder[place.key]
        return changed

    def of_code(self, uri: str) -> str:
        """Return a digest of the code at a URI, or below it; empty when there is none."""
        try:
            bucket, key = split_uri(uri)
        except DefinitionError:
            return ""
        found = self._objects.etag(bucket, key) if key else None
        listed = (
            [(key, found)]
            if found is not None
            else self._objects.below(bucket, folder(key), limit=MAX_CODE_OBJECTS)
        )
        names = [(name.rpartition("/")[2], self._content(bucket, name, etag)) for name, etag in listed]
        return digest(names) if names else ""

    def _content(self, bucket: str, key: str, etag: str) -> str:
        """Return a digest of what a code object holds: of archives their members, whenever they were made."""
        if not key.endswith(ARCHIVES):
            return etag
        if etag not in self._archives:
            self._archives[etag] = _archive_digest(self._objects.read(bucket, key)) or etag
        return self._archives[etag]


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``.

    Raises:
        DefinitionError: ``PC116``, it is no such URI.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise DefinitionError(f'"{uri}" is not an S3 URI.', code="PC116")
    key = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return parts.netloc, key.removeprefix("/")


def folder(key: str) -> str:
    """Return what the keys below a key begin with."""
    return f"{key.rstrip('/')}/" if key else ""


def digest(value: Any) -> str:
    """Return SHA-256 of a JSON value, in hexadecimal."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def output_uris(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the S3 URIs of what a job left, from the answer of its Describe operation."""
    model = properties.get("ModelArtifacts") or {}
    if "S3ModelArtifacts" in model:
        yield model["S3ModelArtifacts"]
    for output in (properties.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        if "S3Output" in output:
            yield output["S3Output"]["S3Uri"]
    transform = properties.get("TransformOutput") or {}
    if "S3OutputPath" in transform:
        yield transform["S3OutputPath"]


def input_uris(arguments: Mapping[str, Any]) -> list[str]:
    """Return the S3 URIs of a step's data, without those of its code."""
    code = {place.uri for place in code_places(arguments)}
    found = [at(each, "S3Input").get("S3Uri") for each in objects(arguments.get("ProcessingInputs"))]
    found += [
        at(channel, "DataSource", "S3DataSource").get("S3Uri")
        for channel in objects(arguments.get("InputDataConfig"))
    ]
    return [uri for uri in found if isinstance(uri, str) and uri.startswith("s3://") and uri not in code]


def _archive_digest(content: bytes) -> str:
    found = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                file = archive.extractfile(member)
                value = hashlib.sha256(file.read() if file else b"").hexdigest()
                found.append((member.name, member.type.decode(), member.linkname, value))
    except (tarfile.TarError, OSError, EOFError):
        return ""
    return digest(sorted(found))
