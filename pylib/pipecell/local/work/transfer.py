"""Moving a job's data between the object store and the job's folder, never over HTTP.

What comes in is a private copy: its blocks may be shared with the store, its inode
never. What goes out is read without leaving the job's folder: the job decided what
its symbolic links point at, and it saw another ``/opt/ml`` than this process does.
"""

from __future__ import annotations

import json
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipecell.local.objects import ObjectInfo, ObjectStore
from pipecell.local.wire import ServiceError
from pipecell.local.work.folder import HostFolder

MAX_LINKS = 40
MAX_NAME_BYTES = 255
_COMPRESSION = 6


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


def join_uri(uri: str, *parts: str) -> str:
    """Return an S3 URI below another one."""
    return "/".join([uri.rstrip("/"), *parts])


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


class Outputs:
    """What a job wrote, as it is found from outside the sandbox.

    Args:
        host: the host that wrote it.
    """

    def __init__(self, host: HostFolder) -> None:
        self._root = host.root
        self._names = ("/opt/ml", host.root, host.alias)
        self.skipped: list[str] = []
        """Paths, as the job saw them, of what cannot be uploaded: links out of the job, sockets, pipes."""

    def files(self, folder: str, exclude: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
        """Yield (relative path, path on the host) of every regular file below a folder, sorted.

        Links to places in the job's ``/opt/ml`` are followed, others are skipped and noted.
        """
        start = self.resolve(folder)
        if start is not None and os.path.isdir(start):
            yield from self._walk(start, "", frozenset({start}), frozenset(exclude))

    def resolve(self, path: str) -> str | None:
        """Return where a path of the host leads when the job's links are followed as the job saw them.

        None when that is outside of the job's folder, or a circle.
        """
        pending = path[len(self._root) :].split("/")[::-1]
        current = self._root
        links = 0
        while pending:
            part = pending.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if current == self._root:
                    return None
                current = current.rpartition("/")[0]
                continue
            current = f"{current}/{part}"
            try:
                target = os.readlink(current)
            except OSError:
                continue  # no link
            links += 1
            if links > MAX_LINKS:
                return None
            if target.startswith("/"):
                inner = self._inside(target)
                if inner is None:
                    return None
                current, target = self._root, inner
            else:
                current = current.rpartition("/")[0]
            pending.extend(target.split("/")[::-1])
        return current

    def _inside(self, target: str) -> str | None:
        for prefix in self._names:
            if target == prefix or target.startswith(prefix + "/"):
                return target[len(prefix) :]
        return None

    def _walk(
        self, folder: str, relative: str, above: frozenset[str], exclude: frozenset[str]
    ) -> Iterator[tuple[str, str]]:
        for name in sorted(os.listdir(folder)):
            if name in exclude:
                continue
            path = self.resolve(f"{folder}/{name}")
            below = f"{relative}{name}"
            if path is None or path in above:
                self.skipped.append(below)
                continue
            try:
                mode = os.stat(path, follow_symlinks=False).st_mode
            except FileNotFoundError:
                self.skipped.append(below)  # a link to nothing
                continue
            if stat.S_ISDIR(mode):
                yield from self._walk(path, f"{below}/", above | {path}, frozenset())
            elif stat.S_ISREG(mode):
                yield below, path
            else:
                self.skipped.append(below)


def upload(
    store: ObjectStore, output: Mapping[str, Any], hosts: Sequence[HostFolder], temporary: str
) -> tuple[int, list[str]]:
    """Copy a job's folder to S3: every file below the URI, or one archive of what all hosts wrote.

    Args:
        store: the object store.
        output: an `S3Output` as JSON.
        hosts: the hosts that wrote it; where two wrote the same name, the first one's counts.
        temporary: a path for the archive while it is made.

    Returns:
        the number of objects written, and what was skipped.

    Raises:
        TransferError: the bucket is not there, or a name is no key.
    """
    files: dict[str, str] = {}
    skipped: list[str] = []
    for host in hosts:
        found = Outputs(host)
        for relative, path in found.files(host.inside(str(output["path"])), output["exclude"]):
            files.setdefault(relative, path)
        skipped += found.skipped
    bucket, key = split_uri(str(output["uri"]))
    if not output["archive"]:
        for relative, path in files.items():
            send_file(store, path, bucket, f"{key.rstrip('/')}/{relative}" if key else relative)
        return len(files), skipped
    if not files and not output["allow_empty"]:
        return 0, skipped
    try:
        write_archive(temporary, files)
        send_file(store, temporary, bucket, key, content_type="application/x-gzip")
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    return 1, skipped


def send_file(store: ObjectStore, path: str, bucket: str, key: str, content_type: str | None = None) -> None:
    """Store one file of the host.

    Raises:
        TransferError: the bucket is not there, or the name is no key.
    """
    try:
        store.ingest(Path(path), bucket, key, content_type=content_type)
    except ServiceError as error:
        raise TransferError(
            f"ClientError: Artifact upload failed:{error.code} ({error.status}): {error.message}"
        ) from error


class ContinuousUpload:
    """Uploads what changed in one folder of one host since the last look.

    Args:
        store: the object store.
        output: an `S3Output` as JSON.
        host: the host that writes it.
    """

    def __init__(self, store: ObjectStore, output: Mapping[str, Any], host: HostFolder) -> None:
        self._store = store
        self._host = host
        self._folder = host.inside(str(output["path"]))
        self._exclude = tuple(output["exclude"])
        self._bucket, key = split_uri(str(output["uri"]))
        self._prefix = f"{key.rstrip('/')}/" if key else ""
        self._seen: dict[str, tuple[int, int]] = {}
        self._sent: dict[str, tuple[int, int]] = {}

    def sync(self, *, last: bool = False) -> int:
        """Upload new and changed files and return how many.

        A file counts as written when it looks the same in two looks, so that half of one is not
        uploaded, or when this is the ``last`` look.

        Raises:
            TransferError: the bucket is not there, or a name is no key.
        """
        count = 0
        for relative, path in Outputs(self._host).files(self._folder, self._exclude):
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue  # the job has just removed it
            look = (status.st_mtime_ns, status.st_size)
            settled = last or self._seen.get(relative) == look
            self._seen[relative] = look
            if settled and self._sent.get(relative) != look:
                try:
                    send_file(self._store, path, self._bucket, self._prefix + relative)
                except FileNotFoundError:
                    continue
                self._sent[relative] = look
                count += 1
        return count


def write_archive(path: str, files: Mapping[str, str]) -> None:
    """Write a ``.tar.gz`` of files, by relative path; the owner's name stays on this machine."""
    with tarfile.open(path, "w:gz", compresslevel=_COMPRESSION) as archive:
        for relative, source in files.items():
            archive.add(source, relative, recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def extract(path: str, folder: str) -> None:
    """Extract a ``.tar.gz`` so that nothing is written outside of ``folder``.

    Raises:
        TransferError: it is no archive, or holds an absolute path, ``..``, a link that
            leads out, or a device.
    """
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                _check_member(member, folder)
                if hasattr(tarfile, "data_filter"):
                    archive.extract(member, folder, filter="data")
                else:
                    archive.extract(member, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TransferError(f"ClientError: The archive {_name(path)} cannot be extracted: {error}") from error
    except _UnsafeMemberError as error:
        raise TransferError(
            f"ClientError: The archive {_name(path)} is refused: its member {error} would be written "
            "outside of its folder, or is no file."
        ) from error


class _UnsafeMemberError(Exception):
    pass


def _check_member(member: tarfile.TarInfo, folder: str) -> None:
    """Refuse what leads out, also by links that are there already: ``a -> .``, then ``a/../../x``."""
    safe = member.isfile() or member.isdir() or member.issym() or member.islnk()
    here = os.path.realpath(folder)
    places = [member.name]
    if member.islnk():
        places.append(member.linkname)
    if member.issym():
        places.append(os.path.join(os.path.dirname(member.name), member.linkname))
    for place in places:
        lexical = os.path.normpath(place)
        real = os.path.realpath(f"{here}/{place}")
        safe = safe and not (place.startswith("/") or lexical.split("/")[0] == "..")
        safe = safe and (real == here or real.startswith(here + "/"))
    if not safe:
        raise _UnsafeMemberError(repr(member.name))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
