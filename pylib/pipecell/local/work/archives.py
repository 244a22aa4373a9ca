"""Archives of a job's files: written without the owner's name, extracted without trust."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Mapping

from pipecell.local.work.transfer import TransferError

_COMPRESSION = 6


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
