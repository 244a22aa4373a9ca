"""A job's folder: where each thing of a job is, and how it is written so that a crash leaves it whole.

The server and the supervisor meet only here; neither needs the other to be alive.
Standard library only, and little of it: every job's supervisor imports this.

::

    spec.json     what to do; written once, before anything runs
    lock          locked by the supervisor for its whole life; holds its pid
    claim         made with O_EXCL by the first supervisor; holds the number of the attempt
    stop          its presence asks the job to stop
    state.json    replaced atomically; the last one is the result
    reserve       room on the disk, given up when the result would not fit otherwise
    output.log    the first host's stdout and stderr, written by the job itself
    output.index  pairs of (offset in the log, epoch milliseconds)
    root/         the first host's /opt/ml; in it .pipecell: TMPDIR, shims, installed packages
    algo-2/ …     log, index and root of each further host
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from functools import cached_property
from typing import Any

RESERVE_BYTES = 64 * 1024
"""More than a result and the last lines of a log take."""


class HostFolder:
    """Where one host of a job keeps its files."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root = f"{path}/root"
        self.private = f"{path}/root/.pipecell"
        self.log = f"{path}/output.log"
        self.index = f"{path}/output.index"

    @cached_property
    def alias(self) -> str:
        """A short name for ``root`` without blanks, for jobs that cannot have ``/opt/ml`` itself.

        A socket's path must be short (108 bytes), and a shell script's must not need quoting.
        """
        name = hashlib.sha256(self.root.encode()).hexdigest()[:16]
        return f"{tempfile.gettempdir()}/pipecell-{os.getuid()}/{name}"

    def inside(self, path: str) -> str:
        """Return the host's path of what the job sees as ``path``.

        Raises:
            ValueError: ``path`` is not below ``/opt/ml``.
        """
        normal = os.path.normpath(path)
        if normal != "/opt/ml" and not normal.startswith("/opt/ml/"):
            raise ValueError(f"{path!r} is not below /opt/ml")
        return self.root + normal[len("/opt/ml") :]


class JobFolder:
    """The files of one job."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.spec = f"{path}/spec.json"
        self.lock = f"{path}/lock"
        self.claim = f"{path}/claim"
        self.stop = f"{path}/stop"
        self.state = f"{path}/state.json"
        self.reserve = f"{path}/reserve"

    def host(self, index: int) -> HostFolder:
        """Return the folder of host ``index``, counted from 0."""
        return HostFolder(self.path if index == 0 else f"{self.path}/algo-{index + 1}")

    def read_spec(self) -> dict[str, Any]:
        """Return the job's specification."""
        return dict(read_json(self.spec) or {})

    def read_state(self) -> dict[str, Any] | None:
        """Return the newest state, or None before the supervisor wrote one."""
        state: dict[str, Any] | None = read_json(self.state)
        return state

    def holder(self) -> int | None:
        """Return the pid of the supervisor that is alive, 0 while it has not written it, None without one.

        A pid whose process has ended is a predecessor's, which the new holder has not replaced yet.
        """
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            # A shared lock: two who ask at the same time must not take each other for a supervisor.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            content = os.read(descriptor, 32).strip()
            return int(content) if content.isdigit() and _exists(int(content)) else 0
        else:
            return None
        finally:
            os.close(descriptor)

    def attempts(self) -> int:
        """Return how many supervisors have claimed the job."""
        try:
            with open(self.claim, "rb") as file:
                return int(file.read() or b"1")
        except FileNotFoundError:
            return 0

    def clear(self) -> None:
        """Remove what the job's hosts had in ``/opt/ml``; logs, specification and result stay.

        Raises:
            OSError: something cannot be removed.
        """
        import shutil

        for host in map(self.host, range(len(self.read_spec()["hosts"]))):
            for path, _, _ in os.walk(host.root):
                os.chmod(path, 0o700)  # a job may have taken away its own folders' permissions
            if os.path.isdir(host.root):
                shutil.rmtree(host.root)

    def is_on_a_full_disk(self) -> bool:
        """Whether there is no room left for what a job wants to say."""
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize < RESERVE_BYTES

    def keep_room(self) -> None:
        """Set room aside in which a result can be written when the disk is full.

        Raises:
            OSError: it is full already.
        """
        descriptor = os.open(self.reserve, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            written = 0
            while written < RESERVE_BYTES:  # written, not only announced: a sparse file holds no room
                written += os.write(descriptor, b"\0" * (RESERVE_BYTES - written))
        finally:
            os.close(descriptor)

    def give_up_room(self) -> None:
        """Free the room that was set aside."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.reserve)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def read_json(path: str) -> Any:
    """Return the JSON value in a file, or None when there is no such file."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except FileNotFoundError:
        return None


def write_json(path: str, value: Any, *, durable: bool = False) -> None:
    """Replace a file so that readers see the old or the new value, never a part.

    Args:
        path: the file.
        value: what to write.
        durable: wait until it is on the disk.
    """
    temporary = f"{path}.{os.urandom(6).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        content = memoryview(json.dumps(value).encode())
        while content:
            content = content[os.write(descriptor, content) :]
        if durable:
            os.fsync(descriptor)
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)
    os.replace(temporary, path)
