"""Jobs: launched once, watched, stopped, and taken up again after the server was killed.

`Jobs` is the server's side. Everything that happens to a job is done by its
supervisor, a detached process of its own (`supervisor`), and everything known of
it is in its folder (`folder`). So the server may die at any instant:

* ``spec.json`` there, supervisor never started → `Jobs.resume` starts one.
* Two supervisors started → both want the lock, one gets it, the other goes away.
* Supervisor killed → the job runs again from a clean folder.
* Result there, nobody told → ``on_end`` is called at the next start.

A marker in ``jobs/active`` holds what still needs attention, so that ten thousand
finished jobs cost a start nothing.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipecell.errors import EndpointError
from pipecell.local.home import Home
from pipecell.local.work.folder import JobFolder, write_json
from pipecell.local.work.joblog import LogEvent, LogStream
from pipecell.local.work.spawn import Spawner, server_environment
from pipecell.local.work.specification import (
    Host,
    JobSpec,
    JobStatus,
    Metric,
    MetricDefinition,
    S3Input,
    S3Output,
    Script,
    Transition,
)
from pipecell.local.work.watcher import Watcher

__all__ = [
    "Host",
    "JobSpec",
    "JobStatus",
    "Jobs",
    "LogEvent",
    "LogStream",
    "Metric",
    "MetricDefinition",
    "S3Input",
    "S3Output",
    "Script",
    "Transition",
]

MAX_ATTEMPTS = 10
"""Supervisors that one job may lose before it is given up."""

CHANCE_LOSSES = 2
"""Supervisors lost before the next one is started with a delay."""

RETELL_SECONDS = 2.0
"""How long after an end that could not be handled it is told again."""

_KIND = re.compile(r"[a-z][a-z-]{0,30}")
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")

_log = logging.getLogger(__name__)

OnEnd = Callable[[str, str], None]


class Jobs:
    """The jobs of one home.

    Args:
        home: where the job folders are.
        on_end: called with kind and name, in a thread of its own, when a job has ended, once for each
            end. It is called again at the next `resume` if it raised, or if the server ended before the job
            was put away, so doing it twice must do no harm.
        environment: what every job finds in its environment, over everything else: the endpoint's URL
            and credentials. It is handed from process to process and never written to disk.
        kinds: the kinds of jobs that `resume` takes up; None is every kind.
        keep: leave the data of completed jobs in their folders.
    """

    def __init__(
        self,
        home: Home,
        on_end: OnEnd,
        *,
        environment: Mapping[str, str] | None = None,
        kinds: Collection[str] | None = None,
        keep: bool = False,
    ) -> None:
        self._home = home
        self._on_end = on_end
        self._environment = dict(environment or {})
        self._kinds = kinds
        self._keep = keep
        self._janitor = ThreadPoolExecutor(1, thread_name_prefix="job-folders")
        self._active = home.jobs_folder / "active"
        self._spawner = Spawner(str(home.root))
        self._lock = threading.Lock()
        self._watched: set[tuple[str, str]] = set()
        self._spawned: Counter[tuple[str, str]] = Counter()
        self._watcher: Watcher | None = None
        self._closed = False

    def launch(self, spec: JobSpec) -> None:
        """Record a job and start its supervisor; a job that is already there is left as it is.

        Raises:
            EndpointError: PC820 for a kind or name that is no legal name, PC821 when the folder cannot
                be written. Once it is, the job runs, as soon as a process can be started.
        """
        folder = self._folder(spec.kind, spec.name)
        key = (spec.kind, spec.name)
        with self._lock:
            if key in self._watched:
                return
            try:
                state = folder.read_state()
                if state is not None and state.get("final"):
                    return
                self._record(folder, spec)
            except OSError as error:
                raise EndpointError(
                    f"The {spec.kind} job {spec.name!r} cannot be started: {error}.", code="PC821"
                ) from error
            self._attend_or_later(key, folder)

    def resume(self) -> None:
        """Take up every job that still needs attention; call once when the server starts.

        Supervisors that are alive are watched, jobs without one get one, and results that nobody
        heard of are reported.
        """
        self._spawner.warm_up()
        for marker in sorted(self._active.glob("*/*")):
            key = (marker.parent.name, marker.name)
            if self._kinds is not None and key[0] not in self._kinds:
                continue
            folder = self._folder(*key)
            with self._lock:
                if key in self._watched:
                    continue
                if not Path(folder.spec).exists():
                    # The server died between marker and specification: whoever asked asks again.
                    marker.unlink(missing_ok=True)
                    continue
                self._attend_or_later(key, folder)

    def stop(self, kind: str, name: str) -> None:
        """Ask a job to stop: SIGTERM to all its processes, a grace, then SIGKILL.

        The request is a file, so it holds also where supervisor or server are not alive just now.
        Stopping a job that has ended changes nothing.

        Raises:
            EndpointError: PC822 there is no such job.
        """
        folder = self._existing(kind, name)
        Path(folder.stop).touch(mode=0o600)
        holder = folder.holder()
        if holder:
            try:
                os.kill(holder, signal.SIGUSR1)
            except ProcessLookupError:
                return  # it has ended, or its successor will find the file

    def status(self, kind: str, name: str) -> JobStatus:
        """Return what became of a job so far.

        Raises:
            EndpointError: PC822 there is no such job.
        """
        folder = self._existing(kind, name)
        state = folder.read_state()
        stopping = Path(folder.stop).exists()
        if state is None:
            created = Path(folder.spec).stat().st_mtime
            return JobStatus("Stopping" if stopping else "InProgress", "Starting", created)
        final = state.pop("final")
        if stopping and not final:
            state["status"] = "Stopping"
        return JobStatus.from_json(state)

    def spec(self, kind: str, name: str) -> JobSpec:
        """Return what a job was launched with.

        Raises:
            EndpointError: PC822 there is no such job.
        """
        return JobSpec.from_json(self._existing(kind, name).read_spec())

    def exists(self, kind: str, name: str) -> bool:
        """Whether a job was ever launched under this name."""
        return Path(self._folder(kind, name).spec).exists()

    def log_path(self, kind: str, name: str, host: str = "algo-1") -> Path:
        """Return the log file of a host; it may not exist yet."""
        return next((stream.path for stream in self.streams(kind, name) if stream.host == host), Path())

    def streams(self, kind: str, name: str) -> tuple[LogStream, ...]:
        """Return the logs of a job, one for each host.

        Raises:
            EndpointError: PC822 there is no such job.
        """
        folder = self._existing(kind, name)
        hosts = [host["name"] for host in folder.read_spec()["hosts"]]
        return tuple(
            LogStream(
                host, Path(folder.host(place).log), Path(folder.host(place).index), escaped=kind == "training"
            )
            for place, host in enumerate(hosts)
        )

    def folder_path(self, kind: str, name: str) -> Path:
        """Return a job's folder, whether it exists or not.

        Raises:
            EndpointError: PC820 for a kind or name that is no legal name.
        """
        return Path(self._folder(kind, name).path)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no job is being watched, at most so long; return whether that came true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self._lock:
                if not self._watched:
                    return True
            time.sleep(0.005)
        return False

    def close(self) -> None:
        """Stop watching; jobs that run go on."""
        with self._lock:
            self._closed = True
        if self._watcher is not None:
            self._watcher.close()
        self._janitor.shutdown(wait=True, cancel_futures=True)  # the next `resume` does the rest
        self._spawner.close()

    def _folder(self, kind: str, name: str) -> JobFolder:
        if not _KIND.fullmatch(kind) or kind == "active" or not _NAME.fullmatch(name):
            raise EndpointError(f"{kind}/{name} cannot be a job's name.", code="PC820")
        return JobFolder(str(self._home.jobs_folder / kind / name))

    def _existing(self, kind: str, name: str) -> JobFolder:
        folder = self._folder(kind, name)
        if not Path(folder.spec).exists():
            raise EndpointError(f"There is no {kind} job {name!r}.", code="PC822")
        return folder

    def _marker(self, key: tuple[str, str]) -> Path:
        return self._active / key[0] / key[1]

    def _record(self, folder: JobFolder, spec: JobSpec) -> None:
        if Path(folder.spec).exists():
            return
        Path(folder.path).mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = self._marker((spec.kind, spec.name))
        marker.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The marker first: a folder that nobody looks at would never be run.
        marker.touch(mode=0o600)
        write_json(folder.spec, spec.to_json(), durable=True)

    def _attend(self, key: tuple[str, str], folder: JobFolder) -> None:
        """Watch the job's supervisor, starting one if none is alive. The lock is held."""
        if self._closed:
            return  # it is recorded: the next server runs it
        watcher = self._watcher_now()
        state = folder.read_state()
        self._watched.add(key)
        if state is not None and state.get("final"):
            watcher.call_soon(lambda: self._deliver(key))
            return
        holder = folder.holder()
        if holder == 0:
            # It has the lock and is about to write its pid over its predecessor's.
            watcher.call_later(0.01, lambda: self._supervisor_ended(key))
            return
        watcher.watch(key, holder or self._spawn(key, folder))

    def _spawn(self, key: tuple[str, str], folder: JobFolder) -> int:
        pid = self._spawner.spawn(folder.path, server_environment(self._environment))
        self._spawned[key] += 1
        return pid

    def _supervisor_ended(self, key: object) -> None:
        assert isinstance(key, tuple)  # noqa: S101 - for the type checker: our own keys
        folder = self._folder(*key)
        state = folder.read_state()
        if state is not None and state.get("final"):
            self._deliver(key)
            return
        lost = max(self._spawned[key], folder.attempts())
        if folder.holder() is not None:
            lost = 0
        if lost >= MAX_ATTEMPTS:
            try:
                _give_up(folder, lost)
            except OSError:
                _log.exception("The %s job %s cannot be given up yet", *key)
                self._watcher_now().call_later(RETELL_SECONDS, lambda: self._supervisor_ended(key))
            else:
                self._deliver(key)
            return
        # Two losses may be chance; more are a reason that takes time to go away, such as a full disk.
        delay = 0.0 if lost <= CHANCE_LOSSES else 0.1 * 2 ** (lost - CHANCE_LOSSES)
        self._watcher_now().call_later(delay, lambda: self._attend_again(key, folder))

    def _attend_again(self, key: tuple[str, str], folder: JobFolder) -> None:
        with self._lock:
            self._attend_or_later(key, folder)

    def _attend_or_later(self, key: tuple[str, str], folder: JobFolder) -> None:
        """Attend to a recorded job; where the system refuses a process just now, later. The lock is held."""
        try:
            self._attend(key, folder)
        except OSError:
            _log.exception("The %s job %s cannot be started yet", *key)
            self._watcher_now().call_later(RETELL_SECONDS, lambda: self._attend_again(key, folder))

    def _watcher_now(self) -> Watcher:
        if self._watcher is None:
            self._watcher = Watcher(self._supervisor_ended)
        return self._watcher

    def _deliver(self, key: tuple[str, str]) -> None:
        try:
            self._on_end(*key)
        except Exception:
            # A full disk, for example: an end is told until somebody could take it down.
            _log.exception("The end of the %s job %s could not be handled; it is told again", *key)
            self._watcher_now().call_later(RETELL_SECONDS, lambda: self._deliver(key))
            return
        with self._lock:
            self._watched.discard(key)
            self._spawned.pop(key, None)
        self._janitor.submit(self._put_away, key)

    def _put_away(self, key: tuple[str, str]) -> None:
        """Remove the data of a job that completed: they are in S3. A job that failed may be looked into."""
        folder = self._folder(*key)
        state = folder.read_state() or {}
        if state.get("status") == "Completed" and not self._keep:
            try:
                folder.clear()
            except OSError:
                _log.exception("The data of the %s job %s cannot be removed", *key)
        self._marker(key).unlink(missing_ok=True)


def _give_up(folder: JobFolder, losses: int) -> None:
    now = time.time()
    state = folder.read_state() or {"created": now}
    state |= {
        "final": True,
        "status": "Failed",
        "secondary": "Failed",
        "ended": now,
        "failure_reason": "InternalServerError: We encountered an internal error. Please try again. "
        f"(The job's supervisor ended {losses} times without a result; see {folder.path}/supervisor.log.)",
    }
    write_json(folder.state, state, durable=True)
