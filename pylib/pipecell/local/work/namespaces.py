"""Private mounts and processes for one program, by Linux's own system calls.

``unshare`` and ``mount`` would do the same as programs, a dozen of them for each job; the calls cost a
tenth of that, and a job that is killed says so by its exit code, which util-linux loses.

`enter` runs between fork and exec. Three processes come of it: the one that was forked, which waits; the
first of the new namespaces, which makes the mounts, waits, and collects orphans; and the job's own. The
middle one is needed because the first process of a process namespace ignores SIGTERM unless it handles it,
and a job should end by it as anywhere else. When either waiting process ends, so does the job.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from collections.abc import Sequence

from pipecell.local.work.processes import kill_with_parent

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT = 0x20
_MS_NOATIME, _MS_NODIRATIME, _MS_BIND, _MS_REC = 0x400, 0x800, 0x1000, 0x4000
_MS_PRIVATE, _MS_RELATIME = 1 << 18, 1 << 21
_MNT_DETACH = 2

# What statvfs says of a mount, and how mount is told the same: a user namespace may not drop any of it.
_KEPT_FLAGS = (
    (os.ST_NOSUID, _MS_NOSUID),
    (getattr(os, "ST_NODEV", 4), _MS_NODEV),
    (getattr(os, "ST_NOEXEC", 8), _MS_NOEXEC),
    (getattr(os, "ST_NOATIME", 0x400), _MS_NOATIME),
    (getattr(os, "ST_NODIRATIME", 0x800), _MS_NODIRATIME),
    (getattr(os, "ST_RELATIME", 0x1000), _MS_RELATIME),
)

_MANY_DESCRIPTORS = 1 << 16

CANNOT_START = 126
"""Exit code when the namespaces cannot be made, as shells give for what cannot be executed."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def can_be_tried() -> bool:
    """Whether this system has the calls at all."""
    return _libc is not None and hasattr(_libc, "unshare")


def enter(
    root: str, target: str, directory: str, protect: Sequence[str], *, processes: bool, user: bool
) -> None:
    """Move a process that was just forked into namespaces of its own; returns in the job's process only.

    Args:
        root: the host's folder that becomes ``target``.
        target: where the job sees it: ``/opt/ml``.
        directory: where the program starts, as the job sees it.
        protect: folders of the host that the job cannot write to.
        processes: whether it gets process numbers of its own.
        user: whether the mounts need a user namespace.
    """
    try:
        _unshare(processes=processes, user=user)
        _fork_and_follow()
        _mount_all(root, target, protect, processes=processes)
        os.chdir(directory)
    except OSError as error:
        message = f"pipecell: this job's {target} cannot be made: {error}\n"
        os.write(2, message.encode())
        os._exit(CANNOT_START)
    _fork_and_follow()


def _unshare(*, processes: bool, user: bool) -> None:
    uid, gid = os.geteuid(), os.getegid()
    flags = _CLONE_NEWNS | (_CLONE_NEWPID if processes else 0) | (_CLONE_NEWUSER if user else 0)
    assert _libc is not None  # noqa: S101 - for the type checker: `can_be_tried`
    _checked(_libc.unshare(flags), "unshare")
    if user:
        for name, content in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(content)


def _fork_and_follow() -> None:
    """Fork; return in the child, which is killed with its parent. The parent ends as the child does."""
    alive, mine = os.pipe()
    child = os.fork()
    if child:
        _follow(child, mine)
    os.close(mine)
    kill_with_parent()
    # Across process namespaces the parent's number is 0, so whether it had ended before is asked of a pipe.
    orphaned = bool(select.select([alive], [], [], 0)[0])
    os.close(alive)
    if orphaned:
        os._exit(1)


def _follow(child: int, kept: int) -> None:
    """Wait for the child, collecting orphans, and end by its exit code; never returns."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Whoever started us waits until nobody holds the pipe that tells of a failed exec.
    limit = os.sysconf("SC_OPEN_MAX")  # -1 where there is none
    os.closerange(3, kept)
    os.closerange(kept + 1, limit if limit > 0 else _MANY_DESCRIPTORS)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _mount_all(root: str, target: str, protect: Sequence[str], *, processes: bool) -> None:
    _mount(None, "/", _MS_REC | _MS_PRIVATE)
    if processes:
        _mount("proc", "/proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, kind="proc")
    for folder in protect:
        _mount(folder, folder, _MS_BIND)
        _mount(None, folder, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _flags_of(folder))
    if not os.path.isdir(target):
        _make_place(root, target)
    _mount(root, target, _MS_BIND)


def _make_place(root: str, target: str) -> None:
    """Put a folder over the target's parent that holds all that the parent holds, and the target."""
    parent = os.path.dirname(target)
    kept = f"{root}/.pipecell/host"
    os.makedirs(kept, exist_ok=True)
    _mount(parent, kept, _MS_BIND | _MS_REC)
    _mount("tmpfs", parent, 0, kind="tmpfs", data="mode=755")
    for entry in os.scandir(kept):
        name = f"{parent}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), name)
        elif entry.is_dir():
            os.mkdir(name)
            _mount(entry.path, name, _MS_BIND | _MS_REC)
        else:
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))
            _mount(entry.path, name, _MS_BIND)
    assert _libc is not None  # noqa: S101 - for the type checker
    _checked(_libc.umount2(kept.encode(), _MNT_DETACH), f"umount {kept}")
    os.mkdir(target)


def _flags_of(folder: str) -> int:
    said = os.statvfs(folder).f_flag
    return sum(flag for bit, flag in _KEPT_FLAGS if said & bit)


def _mount(source: str | None, target: str, flags: int, *, kind: str = "none", data: str = "") -> None:
    assert _libc is not None  # noqa: S101 - for the type checker
    words = (source.encode() if source else None, target.encode(), kind.encode())
    result = _libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None)
    _checked(result, f"mount {target}")


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
