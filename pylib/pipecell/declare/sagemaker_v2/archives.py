"""Archives whose bytes depend on nothing but the content.

The SDK's own tar holds modification times, owners, the listing order of the folder and the time
of packing, so the same source gives another archive each time, and every cache misses.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

_EPOCH_1980 = 315532800  # the earliest time that zip can hold; some tools refuse earlier ones

IGNORED = frozenset({"__pycache__", ".ipynb_checkpoints"})
"""Folders left out of archives and of their digests: they change when the code does not."""


def write_tar(sources: Iterable[str | Path], target: str | Path) -> None:
    """Write a gzipped tar with the sources at its root, folders with all they contain.

    Byte code and notebook checkpoints are left out.
    """
    with (
        Path(target).open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, dereference=True) as archive,
    ):
        for source in sorted(map(Path, sources), key=lambda path: path.name):
            _add(archive, source, source.name)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    if path.name in IGNORED:
        return
    member: tarfile.TarInfo | None = archive.gettarinfo(str(path), arcname=name)
    if member is None:  # a socket
        return
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = _EPOCH_1980
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    if member.isreg():
        with path.open("rb") as content:
            archive.addfile(member, content)
        return
    archive.addfile(member)
    if member.isdir():
        for inner in sorted(path.iterdir(), key=lambda inner: inner.name):
            _add(archive, inner, f"{name}/{inner.name}")


def zip_script(script: str | Path) -> bytes:
    """Return a zip archive holding one script at its root, as Lambda wants it."""
    script = Path(script)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(script.name, date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, script.read_bytes())
    return buffer.getvalue()
