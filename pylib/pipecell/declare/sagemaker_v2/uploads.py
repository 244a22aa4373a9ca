"""Remember what the SDK would upload: the bytes, where to, and a digest of the content."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipecell.declare.compiled import Upload

IN_MEMORY = 16 * 1024 * 1024
"""Files up to this many bytes are kept in memory: code, nearly always. Larger ones stay on disk."""


@dataclass(frozen=True)
class Source:
    """A file or folder of this machine, and where it goes.

    Attributes:
        path: as it was given.
        bucket, prefix: where to; a file keeps its name below the prefix.
        uri: of the file, or of the folder.
    """

    path: Path
    bucket: str
    prefix: str
    uri: str


@dataclass(eq=False)
class Recorder:
    """Collects uploads in order; a later upload to the same key takes the place of the earlier."""

    _uploads: dict[tuple[str, str], Upload] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    """The files and folders that were asked for by their path."""
    overwritten: list[str] = field(default_factory=list)
    """Keys to which different content was uploaded, one after the other."""

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """What was recorded, in the order of the first upload to each key."""
        return tuple(self._uploads.values())

    def put(self, content: bytes, bucket: str, key: str, kms_key: str | None = None) -> str:
        """Record bytes; return the object's URI."""
        return self._add(Upload(content, bucket, key, hashlib.sha256(content).hexdigest(), kms_key or ""))

    def put_file(self, path: str | Path, bucket: str, key: str, kms_key: str | None = None) -> str:
        """Record a file as it is now; return the object's URI.

        Raises:
            FileNotFoundError: there is no such file.
        """
        path = Path(path)
        status = path.stat()
        if status.st_size <= IN_MEMORY:
            return self.put(path.read_bytes(), bucket, key, kms_key)
        if _is_temporary(path):
            path = _keep(path)
        facts = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
        digest = hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()
        return self._add(Upload(path.resolve(), bucket, key, digest, kms_key or ""))

    def put_path(self, path: str | Path, bucket: str, prefix: str, kms_key: str | None = None) -> str:
        """Record a file, or all files below a folder, as ``Session.upload_data`` names them.

        Returns:
            The URI of the file, or of the folder's prefix.
        """
        path = Path(path)
        uri = f"s3://{bucket}/{prefix}" if path.is_dir() else f"s3://{bucket}/{prefix}/{path.name}"
        self.sources.append(Source(path, bucket, prefix, uri))
        if path.is_dir():
            for file, relative in files_below(path):
                self.put_file(file, bucket, f"{prefix}/{relative}", kms_key)
            return f"s3://{bucket}/{prefix}"
        return self.put_file(path, bucket, f"{prefix}/{path.name}", kms_key)

    def add_all(self, uploads: Iterable[Upload]) -> None:
        """Record what other recorders hold."""
        for upload in uploads:
            self._add(upload)

    def _add(self, upload: Upload) -> str:
        before = self._uploads.get((upload.bucket, upload.key))
        if before is not None and before.digest != upload.digest:
            self.overwritten.append(upload.key)
        self._uploads[upload.bucket, upload.key] = upload
        return upload.uri


def files_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (file, path below the folder with slashes) in a stable order; links are followed once."""
    seen = set()
    for base, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(base)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for name in sorted(names):
            file = Path(base, name)
            yield file, file.relative_to(folder).as_posix()


def _is_temporary(path: Path) -> bool:
    """Say whether the SDK may delete the file as soon as it believes it uploaded."""
    return Path(tempfile.gettempdir()).resolve() in path.resolve().parents


_KEPT: list[Path] = []


def _keep(path: Path) -> Path:
    """Move a large temporary file out of the SDK's reach, into a folder of this process."""
    if not _KEPT:
        folder = Path(tempfile.mkdtemp(prefix="pipecell-uploads-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _KEPT.append(folder)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else ""
    kept = _KEPT[0] / (digest or f"{len(list(_KEPT[0].iterdir()))}")
    if not kept.exists():
        shutil.copy2(path, kept)
    return kept
