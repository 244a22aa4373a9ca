"""What is in S3, in a few characters: digests of uploaded code and of what steps left behind."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.errors import DefinitionError
from pipecell.local.objects import ObjectInfo, ObjectStore
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.scope import split_uri

_CODE_INPUTS = frozenset({"code", "entrypoint"})
_CODE_CHANNELS = frozenset(
    {"code", "sagemaker_remote_function_bootstrap", "pre_exec_script_and_dependencies"}
)
_MAX_CODE_OBJECTS = 1000


class Fingerprints:
    """Digests of objects; those of archives are remembered, since reading them costs time.

    Args:
        objects: the endpoint's S3.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._archives: dict[str, str] = {}

    def of_uri(self, uri: str) -> str:
        """Return a digest of the object at a URI, or of all objects below it; empty when there is none."""
        try:
            bucket, key = split_uri(uri)
            if self._objects.exists(bucket, key):
                return self._objects.head(bucket, key).etag
            listed = [(info.key, info.etag) for info in self._objects.iterate(bucket, _folder(key))]
        except (ServiceError, DefinitionError):
            return ""
        return _digest(listed) if listed else ""

    def of_artifacts(self, properties: Mapping[str, Any]) -> dict[str, str]:
        """Return what a step left in S3: for each URI of its outputs, a digest of what is there now."""
        found = {uri: self.of_uri(uri) for uri in _output_uris(properties)}
        return {uri: digest for uri, digest in found.items() if digest}

    def with_code_by_content(self, arguments: Mapping[str, Any]) -> Any:
        """Return arguments in which the address of uploaded code is replaced by a digest of the code."""
        changed = json.loads(json.dumps(arguments))
        for each in changed.get("ProcessingInputs") or ():
            source = each.get("S3Input") or {}
            if each.get("InputName") in _CODE_INPUTS or "/input/code" in source.get("LocalPath", ""):
                self._replace(source, "S3Uri")
        for channel in changed.get("InputDataConfig") or ():
            if channel.get("ChannelName") in _CODE_CHANNELS:
                self._replace((channel.get("DataSource") or {}).get("S3DataSource") or {}, "S3Uri")
        for values in _hyperparameters(changed):
            self._replace(values, "sagemaker_submit_directory")
        return changed

    def _replace(self, holder: dict[str, Any], key: str) -> None:
        if isinstance(holder.get(key), str):
            # The SDK writes hyperparameters as JSON: there the URI stands in quotes.
            holder[key] = self._of_code(holder[key].strip('"')) or holder[key]

    def _of_code(self, uri: str) -> str:
        try:
            bucket, key = split_uri(uri)
            if self._objects.exists(bucket, key):
                infos: tuple[ObjectInfo, ...] = (self._objects.head(bucket, key),)
            else:
                infos = self._objects.list(bucket, _folder(key), limit=_MAX_CODE_OBJECTS).objects
        except (ServiceError, DefinitionError):
            return ""
        return (
            _digest([(info.key.rpartition("/")[2], self._content(info)) for info in infos]) if infos else ""
        )

    def _content(self, info: ObjectInfo) -> str:
        """Return a digest of what a code object holds: of archives their members, whenever they were made."""
        if not info.key.endswith((".tar.gz", ".tgz")):
            return info.etag
        if info.etag not in self._archives:
            with self._objects.open(info.bucket, info.key)[1] as file:
                self._archives[info.etag] = _archive_digest(file) or info.etag
        return self._archives[info.etag]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _folder(key: str) -> str:
    return f"{key.rstrip('/')}/" if key else ""


def _output_uris(properties: Mapping[str, Any]) -> Iterator[str]:
    model = properties.get("ModelArtifacts") or {}
    if "S3ModelArtifacts" in model:
        yield model["S3ModelArtifacts"]
    for output in (properties.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        if "S3Output" in output:
            yield output["S3Output"]["S3Uri"]
    transform = properties.get("TransformOutput") or {}
    if "S3OutputPath" in transform:
        yield transform["S3OutputPath"]


def _hyperparameters(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    definitions = [arguments, arguments.get("TrainingJobDefinition") or {}]
    definitions += arguments.get("TrainingJobDefinitions") or []
    for definition in definitions:
        for name in ("HyperParameters", "StaticHyperParameters"):
            if isinstance(definition.get(name), dict):
                yield definition[name]


def _archive_digest(file: Any) -> str:
    members = []
    try:
        with tarfile.open(fileobj=file, mode="r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                digest = hashlib.sha256(content.read() if content else b"").hexdigest()
                members.append((member.name, member.type.decode(), member.linkname, digest))
    except (tarfile.TarError, OSError, EOFError):
        return ""
    return _digest(sorted(members))
