"""A digest of a file's or folder's content, worked out once for each state of the file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipecell.declare.sagemaker_v2.uploads import files_below

_DIGITS = 16
_CHUNK = 1024 * 1024
_KNOWN: dict[tuple[str, int, int], str] = {}


def content_digest(path: Path) -> str:
    """Return 16 hexadecimal digits that change when the content, or a name below a folder, changes."""
    if not path.is_dir():
        return _file_digest(path)[:_DIGITS]
    whole = hashlib.sha256()
    for file, name in files_below(path):
        whole.update(f"{name}\0{_file_digest(file)}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()[:_DIGITS]


def _file_digest(path: Path) -> str:
    status = path.stat()
    state = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if state not in _KNOWN:
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        _KNOWN[state] = digest.hexdigest()
    return _KNOWN[state]
