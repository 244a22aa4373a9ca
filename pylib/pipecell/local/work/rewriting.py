"""The job's own path in place of ``/opt/ml``, for machines without namespaces.

Only text that is code or configuration is changed, and only the job's own copy of
it; data is left alone. A path that a program puts together from pieces is not found:
that is the limit of this sandbox, and its log says that it is in use.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipecell.local.work.archives import extract, write_archive
from pipecell.local.work.folder import HostFolder
from pipecell.local.work.sandbox import ML, replace_ml

TEXT_SUFFIXES = (
    ".py", ".sh", ".bash", ".r", ".R", ".jl", ".json", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".ipynb",
)  # fmt: skip
MAX_BYTES = 16 * 1024 * 1024

NOTICE = (
    "This machine allows no mount namespaces: /opt/ml is replaced by {alias} in the job's code, arguments, "
    "environment and configuration. A path that the code puts together from pieces is not found."
)


def make_alias(host: HostFolder) -> None:
    """Link the short name of a host's root to it.

    Raises:
        PermissionError: the folder of links belongs to somebody else.
    """
    folder = os.path.dirname(host.alias)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder of this user")
    remove_alias(host)
    os.symlink(host.root, host.alias)


def remove_alias(host: HostFolder) -> None:
    """Remove the link, if it is there."""
    Path(host.alias).unlink(missing_ok=True)


def rewrite_code(host: HostFolder, folders: list[str]) -> list[str]:
    """Replace ``/opt/ml`` in the code below folders of a host.

    Args:
        host: the host.
        folders: as the job sees them.

    Returns:
        the files changed, as the job sees them.
    """
    changed = []
    for folder in folders:
        for path in _files(host.inside(folder)):
            if (
                _rewrite_archive(path, host.alias)
                if path.endswith((".tar.gz", ".tgz"))
                else _rewrite_file(path, host.alias)
            ):
                changed.append(ML + path[len(host.root) :])
    return changed


def rewrite_value(value: Any, alias: str) -> Any:
    """Return a JSON value with the path replaced in every string, keys too."""
    if isinstance(value, str):
        return replace_ml(value, alias)
    if isinstance(value, list):
        return [rewrite_value(each, alias) for each in value]
    if isinstance(value, dict):
        return {replace_ml(key, alias): rewrite_value(each, alias) for key, each in value.items()}
    return value


def _files(folder: str) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".pipecell"]
        for name in sorted(names):
            path = f"{root}/{name}"
            if not os.path.islink(path):
                yield path


def _rewrite_file(path: str, alias: str) -> bool:
    if not path.endswith(TEXT_SUFFIXES) and not _has_shebang(path):
        return False
    if os.path.getsize(path) > MAX_BYTES:
        return False
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    replaced = replace_ml(text, alias)
    if replaced == text:
        return False
    file.write_bytes(replaced.encode())
    return True


def _has_shebang(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(2) == b"#!"


def _rewrite_archive(path: str, alias: str) -> bool:
    """Rewrite the code in a source archive that the job will extract itself."""
    if not tarfile.is_tarfile(path):
        return False
    folder = f"{path}.pipecell"
    Path(folder).mkdir()
    extract(path, folder)
    changed = [_rewrite_file(each, alias) for each in _files(folder)]
    if any(changed):
        write_archive(path, {each[len(folder) + 1 :]: each for each in _files(folder)})
    _remove_tree(folder)
    return any(changed)


def _remove_tree(folder: str) -> None:
    import shutil

    shutil.rmtree(folder)
