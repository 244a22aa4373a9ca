"""Processes of a job: who descends from whom, and signals to all of them.

A sandbox with a process namespace takes every process of its job with it when it
ends. Elsewhere a process may have detached itself; it is found here, among the
descendants of the supervisor or by the variable that every process of a job inherits.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable

JOB_VARIABLE = "PIPECELL_JOB"
"""Set for every process of a job: the job's folder."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends; call between fork and exec.

    Args:
        parent: the parent's pid, to notice that it ended before this call.
    """
    kill_with_parent()
    if _libc is not None and os.getppid() != parent:
        os._exit(1)


def kill_with_parent() -> None:
    """Ask the system to kill this process when its parent ends (Linux); exec keeps that."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (Linux), so that they are still found."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(root: int, *, deeper_than: int = 0) -> list[int]:
    """Return the pids of the processes below ``root``, parents first.

    Args:
        root: a pid; not part of the result.
        deeper_than: leave out as many generations, for example a sandbox's own processes.
    """
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    generation = children.get(root, [])
    depth = 0
    while generation:
        if depth >= deeper_than:
            found.extend(generation)
        generation = [child for pid in generation for child in children.get(pid, [])]
        depth += 1
    return found


def of_job(folder: str) -> list[int]:
    """Return the pids of processes that carry a job's variable; Linux only, and only of the same user."""
    mark = f"{JOB_VARIABLE}={folder}".encode()
    found = []
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
    return found


def send(pids: Iterable[int], number: int) -> None:
    """Send a signal to each process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


def _parents() -> list[tuple[int, int]]:
    if sys.platform != "linux":
        listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, check=True)
        return [(int(pid), int(parent)) for pid, parent in map(bytes.split, listing.stdout.splitlines())]
    found = []
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                # "pid (name) state ppid …": the name may hold anything, also blanks and brackets.
                found.append((pid, int(file.read().rpartition(b")")[2].split()[1])))
        except OSError:
            continue
    return found
