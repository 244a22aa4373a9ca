"""Copying what a job wrote into the object store.

It is read without leaving the job's folder: the job decided what its symbolic links
point at, and it saw another ``/opt/ml`` than this process does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipecell.local.objects import ObjectStore
from pipecell.local.wire import ServiceError
from pipecell.local.work.archives import write_archive
from pipecell.local.work.folder import HostFolder
from pipecell.local.work.transfer import TransferError, split_uri

MAX_LINKS = 40


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
