"""Contents of objects: immutable files with random names.

A blob is written once, synced, and only then named by a row of the index, so a
half-written one is never seen. Blobs that no row names are what a crash leaves
behind; `Blobs.sweep` removes them. Writers hold a shared lock from the first
byte to the row, and the sweeper an exclusive one, so that it never takes a blob
that is about to be named.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipecell.local import checksums
from pipecell.local.home import unusable, write_atomically

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

CHUNK = 1024 * 1024
"""Bytes moved at a time; memory stays constant whatever an object's size."""

_FICLONE = 0x40049409  # Linux only
_PARALLEL_FROM = 16 * CHUNK


@dataclass(frozen=True)
class Blob:
    """A complete blob on disk that no row names yet.

    Args:
        name: random, 32 hexadecimal digits.
        size: in bytes.
        md5: hexadecimal, S3's ETag of an object put in one piece.
        checksums: S3's other checksums, base64, by algorithm.
    """

    name: str
    size: int
    md5: str
    checksums: dict[str, str]


class Blobs:
    """The folder of blobs.

    Args:
        folder: made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock_file = folder / ".lock"
        self._mark = folder / ".index"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Return where a blob is."""
        return Path(f"{self.folder}/{name[:2]}/{name[2:]}")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep the sweeper away until the blobs written in this block have their rows."""
        with self._locked(fcntl.LOCK_SH):
            yield

    def write(self, source: BinaryIO | bytes, algorithms: Collection[str] = ()) -> Blob:
        """Store all that a source gives, in constant memory.

        Args:
            source: bytes, or a stream; what its ``read`` raises leaves no blob.
            algorithms: checksums to compute beside MD5.

        Raises:
            EndpointError: PC806, the disk is full.
        """
        name, descriptor = self._create()
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file, _Digests(algorithms) as digests:
                size = 0
                for chunk in _chunks(source):
                    digests.update(chunk, parallel=size >= _PARALLEL_FROM)
                    _write_all(file, chunk)
                    size += len(chunk)
                os.fsync(file.fileno())
                return Blob(name, size, digests.md5(), digests.checksums())
        except OSError as error:
            self.remove(name)
            raise self._disk_error(error) from error
        except BaseException:
            self.remove(name)
            raise

    def write_slot(
        self, name: str, offset: int, limit: int, source: BinaryIO | bytes, algorithms: Collection[str] = ()
    ) -> Blob:
        """Write a part into its place in a blob that other writers fill at the same time.

        Args:
            name: of the blob, made when it is not there.
            offset: where the place begins.
            limit: its length; a source that gives more is refused, for what follows is not its own.
            source: as in `write`.
            algorithms: as in `write`.

        Raises:
            OSError: the source gives more than ``limit`` bytes.
        """
        try:
            descriptor = os.open(self._made_path(name), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(self.folder, error) from error
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file, _Digests(algorithms) as digests:
                size = 0
                file.seek(offset)
                for chunk in _chunks(source):
                    _check_fits(size + len(chunk), limit)
                    digests.update(chunk, parallel=size >= _PARALLEL_FROM)
                    _write_all(file, chunk)
                    size += len(chunk)
                os.fsync(file.fileno())
                return Blob(name, size, digests.md5(), digests.checksums())
        except OSError as error:
            raise self._disk_error(error) from error

    def copy_in(self, path: Path, algorithms: Collection[str] = ()) -> Blob:
        """Store a file's content: shared blocks where the file system can, else a copy.

        Raises:
            IsADirectoryError, OSError: not a regular file. A symbolic link is refused: it could point at
                anything once the sandbox that made it is gone.
        """
        with open_regular(path) as source:
            name, descriptor = self._create()
            try:
                with os.fdopen(descriptor, "w+b", buffering=0) as file:
                    if not clone(source.fileno(), file.fileno()):
                        copy_range(source, file, 0, os.fstat(source.fileno()).st_size)
                    os.fsync(file.fileno())
                    file.seek(0)
                    with _Digests(algorithms) as digests:
                        size = 0
                        for chunk in _chunks(file):
                            digests.update(chunk, parallel=size >= _PARALLEL_FROM)
                            size += len(chunk)
                        return Blob(name, size, digests.md5(), digests.checksums())
            except OSError as error:
                self.remove(name)
                raise self._disk_error(error) from error
            except BaseException:
                self.remove(name)
                raise

    def join(self, pieces: Iterable[tuple[str, int, int]]) -> str:
        """Write one blob from (name, offset, length) of others and return its name."""
        name, descriptor = self._create()
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for piece, offset, length in pieces:
                    with self.path(piece).open("rb") as source:
                        copy_range(source, file, offset, length)
                os.fsync(file.fileno())
        except OSError as error:
            self.remove(name)
            raise self._disk_error(error) from error
        except BaseException:
            self.remove(name)
            raise
        return name

    def remove(self, name: str) -> None:
        """Remove a blob; open descriptors of it stay readable."""
        self.path(name).unlink(missing_ok=True)

    def any(self) -> bool:
        """Whether there is any blob."""
        return next(self._names(), None) is not None

    def read_mark(self) -> str:
        """Return the identity of the index that these blobs belong to; "" before it was written."""
        try:
            return self._mark.read_text(encoding="ascii")
        except FileNotFoundError:
            return ""

    def write_mark(self, identity: str) -> None:
        """Note the identity of the index that these blobs belong to."""
        write_atomically(self._mark, identity.encode())

    def sweep(
        self, named: Callable[[Sequence[str]], set[str]], *, sure: Callable[[], bool] = lambda: True
    ) -> int:
        """Remove the blobs that no row names.

        Args:
            named: given blob names, returns those that a row names.
            sure: asked before anything is removed.

        Returns:
            how many were removed; 0 as well when writers are busy: the next start tries again.
        """
        candidates = self._unnamed(named, list(self._names()))
        if not candidates or not sure():
            return 0
        try:
            with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
                # Some candidates were being written a moment ago and have their rows now.
                orphans = self._unnamed(named, candidates)
                for name in orphans:
                    self.remove(name)
                return len(orphans)
        except BlockingIOError:
            return 0

    def _names(self) -> Iterator[str]:
        for folder in self.folder.iterdir():
            if folder.is_dir():
                yield from (folder.name + path.name for path in folder.iterdir())

    @staticmethod
    def _unnamed(named: Callable[[Sequence[str]], set[str]], names: list[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(names), 500):
            batch = names[start : start + 500]
            known = named(batch)
            found.extend(name for name in batch if name not in known)
        return found

    def _create(self) -> tuple[str, int]:
        name = new_name()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            return name, os.open(self._made_path(name), flags, 0o600)
        except OSError as error:
            raise unusable(self.folder, error) from error

    def _made_path(self, name: str) -> Path:
        path = self.path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return path

    def _disk_error(self, error: OSError) -> Exception:
        # What a source raises (a client that hangs up) passes as it is.
        disk = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
        return unusable(self.folder, error) if error.errno in disk else error

    @contextlib.contextmanager
    def _locked(self, operation: int) -> Iterator[None]:
        try:
            descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(self.folder, error) from error
        try:
            fcntl.flock(descriptor, operation)
            yield
        finally:
            os.close(descriptor)


def new_name() -> str:
    """Return a fresh name for a blob."""
    return secrets.token_hex(16)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; never follows a final symbolic link, never blocks on a FIFO.

    Raises:
        OSError: it is a link, a folder, a device or a pipe.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def copy_out(source: BinaryIO, destination: Path, *, mode: int = 0o644) -> None:
    """Write a private copy of an open blob: its blocks may be shared, its inode never is."""
    descriptor = os.open(
        destination, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode
    )
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        if not clone(source.fileno(), file.fileno()):
            copy_range(source, file, 0, os.fstat(source.fileno()).st_size)


def clone(source: int, destination: int) -> bool:
    """Share a whole file's blocks copy-on-write; False where the file system cannot."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(destination, _FICLONE, source)
    except OSError:
        return False
    return True


def copy_range(source: BinaryIO, destination: BinaryIO, offset: int, length: int) -> None:
    """Append a part of one file to another, inside the kernel where it can.

    Raises:
        OSError: the source is shorter than it was said to be, or the disk is full.
    """
    if hasattr(os, "copy_file_range"):
        while length:
            try:
                copied = os.copy_file_range(
                    source.fileno(), destination.fileno(), min(length, 1 << 30), offset_src=offset
                )
            except OSError as error:
                if error.errno not in {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
                    raise
                break
            if not copied:
                break
            offset += copied
            length -= copied
    if length:
        source.seek(offset)
        shutil.copyfileobj(_Limited(source, length), destination, CHUNK)


class _Limited:
    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def read(self, size: int = CHUNK, /) -> bytes:
        chunk = self._file.read(min(size, self._left))
        if not chunk and self._left:
            raise OSError(errno.EIO, "The file is shorter than expected")
        self._left -= len(chunk)
        return chunk


class _Digests:
    """MD5 and others over the same chunks; on long contents one thread hashes while another moves bytes.

    hashlib releases the interpreter's lock, so that hashing and reading overlap.
    """

    def __init__(self, algorithms: Collection[str]) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._others = {name: checksums.new(name) for name in algorithms}
        self._executor: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def __enter__(self) -> _Digests:
        return self

    def __exit__(self, *details: object) -> None:
        if self._executor is not None:
            self._executor.shutdown()

    def update(self, chunk: bytes, *, parallel: bool) -> None:
        self._settle()
        if not parallel:
            self._hash(chunk)
            return
        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="digest")
        self._pending = self._executor.submit(self._hash, chunk)

    def md5(self) -> str:
        self._settle()
        return self._md5.hexdigest()

    def checksums(self) -> dict[str, str]:
        self._settle()
        return {name: checksums.encode(digest.digest()) for name, digest in self._others.items()}

    def _hash(self, chunk: bytes) -> None:
        self._md5.update(chunk)
        for digest in self._others.values():
            digest.update(chunk)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None


def _check_fits(size: int, limit: int) -> None:
    if size > limit:
        raise OSError(errno.EFBIG, "The part is longer than announced")


def _chunks(source: BinaryIO | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), CHUNK):
            yield source[start : start + CHUNK]
        return
    while chunk := source.read(CHUNK):
        yield chunk


def _write_all(file: BinaryIO, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]
