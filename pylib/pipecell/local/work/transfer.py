"""Copying a job's inputs out of the object store, never over HTTP.

What comes in is a private copy: its blocks may be shared with the store, its inode
never. Keys are names given by anybody; none leads out of the input's folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipecell.local.objects import ObjectInfo, ObjectStore
from pipecell.local.wire import ServiceError
from pipecell.local.work.folder import HostFolder

MAX_NAME_BYTES = 255


class TransferError(Exception):
    """The user's data cannot be moved; the text is a failure reason in AWS's words."""


@dataclass(frozen=True)
class Download:
    """One object and where it goes, relative to the input's folder."""

    bucket: str
    key: str
    relative: str


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URI; the key may be empty.

    Raises:
        TransferError: it is no S3 URI.
    """
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not separator or not bucket:
        raise TransferError(f"ClientError: {uri!r} is not an S3 URI.")
    return bucket, key


def plan(store: ObjectStore, source: Mapping[str, Any]) -> list[Download]:
    """Return what an input holds, in key order.

    Args:
        store: the object store.
        source: an `S3Input` as JSON.

    Raises:
        TransferError: nothing is there, the manifest is no manifest, or a key is no path.
    """
    uri = str(source["uri"])
    if source["data_type"] == "ManifestFile":
        found = list(_from_manifest(store, uri))
    else:
        found = list(_from_prefix(store, uri))
    if not found and not source["optional"]:
        raise _nothing_at(uri)
    return found


def download(store: ObjectStore, source: Mapping[str, Any], host: HostFolder, place: int, hosts: int) -> int:
    """Copy an input into a host's folder.

    Args:
        store: the object store.
        source: an `S3Input` as JSON.
        host: the host's folder.
        place: which host this is, from 0.
        hosts: how many there are; a sharded input is dealt out among them in key order.

    Returns:
        the number of objects copied.

    Raises:
        TransferError: as `plan`.
    """
    target = host.inside(str(source["path"]))
    make_folders(host.root, target)
    found = plan(store, source)
    if source["distribution"] == "ShardedByS3Key":
        found = found[place::hosts]
    for item in found:
        path = f"{target}/{item.relative}"
        if item.relative.endswith("/"):
            make_folders(host.root, path)
            continue
        make_folders(host.root, os.path.dirname(path))
        _fetch(store, item, path)
    return len(found)


def _fetch(store: ObjectStore, item: Download, path: str) -> None:
    try:
        store.materialize(item.bucket, item.key, Path(path))
    except ServiceError as error:
        raise TransferError(
            f"ClientError: Data download failed:{error.code} ({error.status}): {error.message} "
            f"(s3://{item.bucket}/{item.key})"
        ) from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise TransferError(
            f"ClientError: Data download failed: s3://{item.bucket}/{item.key} is both a file and a folder."
        ) from error


def fetch_object(store: ObjectStore, uri: str, path: str) -> None:
    """Copy one object to a path of the host.

    Raises:
        TransferError: it is not there.
    """
    bucket, key = split_uri(uri)
    _fetch(store, Download(bucket, key, ""), path)


def _from_prefix(store: ObjectStore, uri: str) -> Iterator[Download]:
    bucket, prefix = split_uri(uri)
    for info in _listed(store, bucket, prefix, uri):
        relative = _relative(info.key, prefix)
        if relative:
            yield Download(bucket, info.key, _checked(relative, info.key))


def _relative(key: str, prefix: str) -> str:
    if key == prefix and not key.endswith("/"):
        return key.rpartition("/")[2]
    if prefix.endswith("/") or not prefix:
        return key[len(prefix) :]
    if key.startswith(prefix + "/"):
        return key[len(prefix) + 1 :]
    # S3Prefix is a prefix of the key, not a folder: "data/tr" also means "data/train.csv".
    return key[prefix.rfind("/") + 1 :]


def _from_manifest(store: ObjectStore, uri: str) -> Iterator[Download]:
    bucket, key = split_uri(uri)
    try:
        manifest = json.loads(store.read(bucket, key))
    except ServiceError as error:
        raise _nothing_at(uri) from error
    except ValueError as error:
        raise TransferError(f"ClientError: The manifest {uri} is not JSON: {error}") from error
    if not (
        isinstance(manifest, list) and manifest and isinstance(manifest[0], dict) and "prefix" in manifest[0]
    ):
        raise TransferError(
            f'ClientError: The manifest {uri} must be a JSON array that starts with {{"prefix": "s3://…"}}.'
        )
    base_bucket, base = split_uri(str(manifest[0]["prefix"]))
    for entry in manifest[1:]:
        if not isinstance(entry, str):
            raise TransferError(
                f"ClientError: The manifest {uri} names something that is not a string: {entry!r}"
            )
        found = [info.key for info in _listed(store, base_bucket, base + entry, uri)]
        if not found:
            raise _nothing_at(f"s3://{base_bucket}/{base}{entry}")
        for each in found:
            yield Download(base_bucket, each, _checked(each[len(base) :].lstrip("/"), each))


def _listed(store: ObjectStore, bucket: str, prefix: str, uri: str) -> Iterator[ObjectInfo]:
    try:
        yield from store.iterate(bucket, prefix)
    except ServiceError as error:
        raise _nothing_at(uri, f" Error message from S3: {error.message}") from error


def _nothing_at(uri: str, detail: str = "") -> TransferError:
    return TransferError(
        f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}" given in input '
        "data source. Please ensure that the bucket exists, and that objects exist under that S3 prefix."
        + detail
    )


def _checked(relative: str, key: str) -> str:
    parts = relative.split("/")
    kept = [part for part in parts[:-1] if part] + parts[-1:]
    if ".." in kept or "." in kept or "\0" in relative:
        raise TransferError(f"ClientError: Data download failed: the key {key!r} cannot be a file's path.")
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in kept):
        raise TransferError(
            f"ClientError: Data download failed: the key {key!r} has too long a part for a file's name."
        )
    return "/".join(kept)


def make_folders(root: str, path: str) -> None:
    """Make a folder and its parents below ``root``.

    Raises:
        TransferError: a file is in the way.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise TransferError(
            f"ClientError: Data download failed: {path.removeprefix(root)} is both a file and a folder."
        ) from error
