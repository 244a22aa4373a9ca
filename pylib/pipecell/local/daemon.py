"""The endpoint as a background process: one for each home, shared by all who use it.

Whether it runs is decided by a lock that the process holds on a file of the
home, never by a process id: the system drops the lock when the process ends,
however it ends. Starters, stoppers and resetters take turns by a second lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipecell.errors import EndpointError, MissingDependencyError
from pipecell.local.foreground import STOP_SECONDS, holder
from pipecell.local.home import Home, installed_version

HOST = "127.0.0.1"
_START_SECONDS = 180.0
_HEALTH_SECONDS = 30.0
"""How long it may take to answer: where hundreds of jobs share two cores it is late, and well."""
_JOBS_SECONDS = 60.0
_KILL_SECONDS = 60.0
"""A process that is killed lets go of all at once, on a busy machine when its turn comes."""

_NEEDED = ("cheroot", "botocore")

# The starter's own AWS settings and notebook front end are none of the endpoint's business.
_DROPPED_VARIABLES = ("AWS_", "JPY_", "MPLBACKEND", "PYTHONSTARTUP", "IPY")


@dataclass(frozen=True)
class EndpointInfo:
    """A running endpoint.

    Args:
        endpoint: its address, for example ``http://127.0.0.1:40123``.
        pid: its process.
        home: its folder.
        version: of the pipecell that runs it.
        port: where it listens.
        access_key: for clients.
        secret_key: for clients.
    """

    endpoint: str
    pid: int
    home: Path
    version: str
    port: int
    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return f"EndpointInfo({self.endpoint}, pid={self.pid}, home={self.home}, version={self.version})"


@dataclass(frozen=True)
class EndpointStatus:
    """Whether the endpoint of a home runs.

    Args:
        running: whether it does.
        home: its folder.
        info: of the running one.
    """

    running: bool
    home: Path
    info: EndpointInfo | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``local status --json`` prints; holds no secret."""
        return {
            "running": self.running,
            "endpoint": self.info.endpoint if self.info else None,
            "pid": self.info.pid if self.info else None,
            "home": str(self.home),
            "version": self.info.version if self.info else None,
        }


def start(home: Home | None = None, port: int = 0) -> EndpointInfo:
    """Start the endpoint unless it runs, and return it.

    Args:
        home: its folder; the user's own by default.
        port: 0 for the one it had last time where that is free, else any.

    Raises:
        EndpointError: PC801 home not usable, PC803 another version runs, PC804 port taken, PC809 it runs on
            another port, PC810 it does not answer or did not start.
        MissingDependencyError: the packages of ``pipecell[local]`` are not installed.
    """
    home = (home or Home.default()).create()
    with _turn(home):
        running = _find(home)
        if running is None:
            _require_packages()
            return _spawn(home, port)
    _check_version(running)
    if port not in {0, running.port}:
        raise EndpointError(
            f"The endpoint of {home.root} runs already, on port {running.port}.",
            code="PC809",
            hint="Stop it first (`pipecell local stop`), or leave out the port.",
        )
    return running


def find(home: Home | None = None) -> EndpointInfo | None:
    """Return the running endpoint of a home, or None; starts and changes nothing.

    Raises:
        EndpointError: PC810, it runs and does not answer.
    """
    home = home or Home.default()
    return _find(home) if home.is_home() else None


def status(home: Home | None = None) -> EndpointStatus:
    """Return whether the endpoint runs."""
    home = home or Home.default()
    info = find(home)
    return EndpointStatus(info is not None, home.root, info)


def stop(home: Home | None = None) -> bool:
    """Stop the endpoint; jobs go on under their own supervisors.

    Returns:
        whether one was running.
    """
    home = home or Home.default()
    if not home.is_home():
        return False
    with _turn(home):
        return _stop(home)


def reset(home: Home | None = None) -> None:
    """Stop the endpoint and its jobs and remove all that it keeps.

    Raises:
        EndpointError: PC802, the folder is not a home of pipecell.
    """
    home = home or Home.default()
    if not home.root.exists():
        return
    if not home.is_home():
        raise EndpointError(
            f"{home.root} is not a home of pipecell: nothing was removed.",
            code="PC802",
            hint="Check PIPECELL_HOME.",
        )
    with _turn(home):
        _stop(home)
        _end_jobs(home)
        # The marker goes last but one, so that an interrupted reset can be repeated; the lock that we
        # hold goes last, so that a starter waits until all is gone.
        last = (home.marker, home.start_lock_file)
        for path in (*(item for item in home.contents() if item not in last), *last):
            _remove(path)


def _end_jobs(home: Home) -> None:
    """Stop the jobs that still run and wait for their supervisors."""
    from pipecell.local.work.folder import JobFolder
    from pipecell.local.work.jobs import Jobs

    running = [(marker.parent.name, marker.name) for marker in (home.jobs_folder / "active").glob("*/*")]
    jobs = Jobs(home, lambda _kind, _name: None)
    try:
        for kind, name in running:
            with contextlib.suppress(EndpointError):
                jobs.stop(kind, name)
    finally:
        jobs.close()
    folders = [JobFolder(str(home.jobs_folder / kind / name)) for kind, name in running]
    deadline = time.monotonic() + _JOBS_SECONDS
    while alive := [pid for folder in folders if (pid := folder.holder()) is not None]:
        if time.monotonic() > deadline:
            raise EndpointError(
                f"A job of {home.root} (process {alive[0]}) does not stop: nothing was removed.",
                code="PC810",
                hint="End the process by hand and try again.",
            )
        time.sleep(0.02)


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        # A job may have taken away its own folders' permissions.
        os.chmod(folder, 0o700)  # noqa: PTH101
    shutil.rmtree(path)


# Who runs


@contextlib.contextmanager
def _turn(home: Home) -> Iterator[None]:
    """Wait for one's turn to start, stop or reset."""
    while True:
        descriptor = os.open(home.start_lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A reset may have removed the file while we waited: then ours is a lock on nothing.
            current = home.start_lock_file.exists() and os.path.samestat(
                os.fstat(descriptor), home.start_lock_file.stat()
            )
            if not current:
                home.create()
                continue
            yield
            return
        finally:
            os.close(descriptor)


def _is_locked(home: Home) -> bool:
    """Whether a process holds the home's server lock."""
    try:
        descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _find(home: Home) -> EndpointInfo | None:
    deadline = time.monotonic() + _HEALTH_SECONDS
    while _is_locked(home):
        info = _describe(home)
        if info is not None and _answers(info[0], info[1]):
            return info[0]
        if time.monotonic() > deadline:
            raise EndpointError(
                f"The endpoint of {home.root} (process {holder(home)}) runs and does not answer.",
                code="PC810",
                hint=f"`pipecell local stop` ends it; {home.server_log} may say why.",
            )
        time.sleep(0.02)
    return None


def _describe(home: Home) -> tuple[EndpointInfo, str] | None:
    """Return what the lock's holder wrote about itself, and its instance; None until it has."""
    from pipecell.local.credentials import Credentials

    try:
        document = json.loads(home.endpoint_file.read_bytes())
        if document["pid"] != holder(home):
            return None
        pair = Credentials.load(home).pair
        info = EndpointInfo(
            endpoint=document["endpoint"],
            pid=document["pid"],
            home=home.root,
            version=document["version"],
            port=document["port"],
            access_key=pair.access_key,
            secret_key=pair.secret_key,
        )
        return info, document["instance"]
    except (OSError, ValueError, KeyError):
        return None


def _answers(info: EndpointInfo, instance: str) -> bool:
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(HOST, info.port, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", "/_pipecell/health")
        document = json.loads(connection.getresponse().read())
    except (OSError, ValueError, HTTPException):
        return False
    finally:
        connection.close()
    return bool(document.get("instance") == instance)


def _check_version(info: EndpointInfo) -> None:
    ours = installed_version()
    if info.version != ours:
        raise EndpointError(
            f"The endpoint that runs is of pipecell {info.version}; this is {ours}.",
            code="PC803",
            hint="`pipecell local stop` ends it and loses nothing; the next command starts this version's.",
        )


# Starting and stopping


def _require_packages() -> None:
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"The local endpoint needs {', '.join(missing)}.", hint="pip install 'pipecell[local]'"
        )


def _spawn(home: Home, port: int) -> EndpointInfo:
    reader, writer = os.pipe()
    command = [
        *(sys.executable, "-m", "pipecell.local.daemon"),
        *("--home", str(home.root), "--port", str(port), "--report", str(writer)),
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_DROPPED_VARIABLES)
    }
    environment["PIPECELL_HOME"] = str(home.root)
    try:
        with home.server_log.open("ab") as log:
            # The shell ends at once, so that the endpoint is nobody's child: it outlives its starter and
            # leaves no zombie behind.
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home.root,
                env=environment,
                pass_fds=(writer,),
                start_new_session=True,
                check=True,
            )
        os.close(writer)
        writer = -1
        report = _read_report(reader, home)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    if "error" in report:
        raise EndpointError(report["error"], code=report["code"], hint=report["hint"])
    described = _describe(home)
    if described is None:
        raise _did_not_start(home, "it ended at once")
    return described[0]


def _read_report(reader: int, home: Home) -> dict[str, str]:
    deadline = time.monotonic() + _START_SECONDS
    content = b""
    while not content.endswith(b"\n"):
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise _did_not_start(home, f"it was not ready within {_START_SECONDS:.0f} s")
        chunk = os.read(reader, 65536)
        if not chunk:
            raise _did_not_start(home, "it ended at once")
        content += chunk
    report: dict[str, str] = json.loads(content)
    return report


def _did_not_start(home: Home, how: str) -> EndpointError:
    try:
        lines = home.server_log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return EndpointError(
        f"The local endpoint did not start: {how}{f' ({last})' if last else ''}.",
        code="PC810",
        hint=f"{home.server_log} says more.",
    )


def _stop(home: Home) -> bool:
    if not _is_locked(home):
        return False
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        pid = holder(home)
        if pid is not None and _is_locked(home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while _is_locked(home):
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        else:
            return True
    raise EndpointError(
        f"The endpoint of {home.root} (process {holder(home)}) cannot be stopped.",
        code="PC810",
        hint="End the process by hand.",
    )


if __name__ == "__main__":
    from pipecell.local.foreground import main

    sys.exit(main())
