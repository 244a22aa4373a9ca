"""A job's supervisor: the detached process that runs one job and outlives the server.

Its first act is to lock the job's folder for its whole life; its second to claim the
job. A lock that is taken means that another supervisor is at work: go away. A result
that is there means that the job is done: go away. A claim without either means that a
supervisor was killed: the job, whose processes died with it, runs again from a clean
folder. So a job that was recorded runs, and one that has a result never runs again.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from pipecell.errors import PipecellError
from pipecell.local.home import Home
from pipecell.local.work.attempt import Attempt
from pipecell.local.work.folder import JobFolder
from pipecell.local.work.process import end_strays
from pipecell.local.work.processes import adopt_orphans
from pipecell.local.work.sandbox import choose

LOCK_PATIENCE_SECONDS = 0.5
"""Who asks whether a supervisor is alive holds its lock for an instant; that is no other supervisor."""


def supervise(home: Home, path: str) -> None:
    """Run the job of a folder, unless another supervisor does or it has a result."""
    folder = JobFolder(path)
    lock = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    if not _lock(lock):
        return
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    number = _claim(folder)
    state = folder.read_state()
    if state is not None and state["final"]:
        return
    adopt_orphans()
    if number > 1:
        end_strays(path, everywhere=True)
    sandbox = choose(str(home.cache_folder), os.environ.get("PIPECELL_SANDBOX") or None)
    attempt = Attempt(home, folder, sandbox, number)
    try:
        attempt.run()
    except Exception as error:
        traceback.print_exc()
        attempt.fail(f"InternalServerError: We encountered an internal error. Please try again. ({error!r})")


def _lock(descriptor: int) -> bool:
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        else:
            return True


def _claim(folder: JobFolder) -> int:
    """Claim the job and return the number of this attempt."""
    try:
        descriptor = os.open(folder.claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        number = 1
    except FileExistsError:
        number = folder.attempts() + 1
        descriptor = os.open(folder.claim, os.O_WRONLY)
    os.pwrite(descriptor, b"%d\n" % number, 0)
    os.close(descriptor)
    return number


def run_alone(home: str, path: str) -> None:
    """Be the supervisor of a folder, in a session of its own that no terminal or server ends."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    try:
        supervise(Home(Path(home)), path)
    except PipecellError as error:
        print(error, file=sys.stderr)  # noqa: T201 - stderr is the supervisor's log
        sys.exit(1)


def nursery(home: str) -> None:
    """Fork a supervisor for every request that comes in, until the server closes the pipe.

    A request is a line of JSON with ``folder`` and ``environment``; the answer is a line with the pid.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects supervisors that have ended
    # What all supervisors need is imported here once; they share its memory.
    import gc
    import tarfile  # noqa: F401

    import pipecell.local.listing
    import pipecell.local.objects  # noqa: F401

    gc.freeze()
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    while line := requests.readline():
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            requests.close()
            answers.close()
            _be_supervisor(home, request["folder"], request["environment"])
        answers.write(b"%d\n" % pid)


def _be_supervisor(home: str, path: str, environment: Mapping[str, str]) -> None:
    """Run in the forked child; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(f"{path}/supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(descriptor, target)
        os.environ.clear()
        os.environ.update(environment)
        run_alone(home, path)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
