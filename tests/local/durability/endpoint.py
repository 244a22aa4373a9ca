"""An endpoint that is killed and started again: its processes, and who kills them at random instants."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecell.local import daemon
from pipecell.local.home import Home
from pipecell.local.work.folder import JobFolder

PATIENCE = 120.0
VICTIMS = ("server", "supervisor", "job", "other", "all")


def processes_of(home: Home) -> dict[str, list[int]]:
    """Return a home's living processes by what they are: ``server``, ``supervisor``, ``job``, ``other``."""
    found: dict[str, list[int]] = {"server": [], "supervisor": [], "job": [], "other": []}
    supervisors = {pid for folder in job_folders(home) if (pid := folder.holder())}
    mark = str(home.root).encode()
    for path in Path("/proc").iterdir():
        if not path.name.isdigit() or int(path.name) == os.getpid():
            continue
        try:
            words, variables = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
            zombie = (path / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
        except OSError:
            continue
        if zombie:
            continue
        pid = int(path.name)
        if pid in supervisors:
            found["supervisor"].append(pid)
        elif b"PIPECELL_JOB=" + mark in variables:
            found["job"].append(pid)
        elif mark in words:
            found["server" if b"pipecell.local.daemon" in words else "other"].append(pid)
    return found


def job_folders(home: Home) -> list[JobFolder]:
    """Return the folders of all processing jobs."""
    return [JobFolder(str(path)) for path in (home.jobs_folder / "processing").glob("*")]


@dataclass
class Endpoint:
    """The endpoint of a home, started again whenever it is found dead."""

    home: Home
    restarts: int = 0
    seconds: float = 0.0
    """What a run takes in which nothing is killed; kills are spread over it."""
    snapshot: threading.Lock = field(default_factory=threading.Lock)
    _pid: int = 0
    _clients: dict[str, Any] = field(default_factory=dict)

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Call an operation until it is answered; start the endpoint where nobody answers."""
        from botocore.exceptions import BotoCoreError, ClientError

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return getattr(self._client(service), operation)(**request)
            except ClientError:
                raise
            except (BotoCoreError, OSError):
                if time.monotonic() > deadline:
                    raise
                self.close()
                time.sleep(0.01)

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            import boto3
            from botocore.config import Config

            with self.snapshot:
                info = daemon.start(self.home)
            self.restarts += info.pid != self._pid
            self._pid = info.pid
            self._clients[service] = boto3.session.Session().client(  # type: ignore[call-overload] # the stubs know literal names
                service,
                region_name="us-east-1",
                endpoint_url=info.endpoint,
                aws_access_key_id=info.access_key,
                aws_secret_access_key=info.secret_key,
                config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
            )
        return self._clients[service]


class Killer(threading.Thread):
    """Kills what a seed says, when it says.

    Args:
        endpoint: whose processes.
        plan: seconds after the start, victim, seconds until the endpoint may be started again.
        dice: chooses among several of a kind.
        begins: returns how often each job has begun.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        plan: list[tuple[float, str, float]],
        dice: random.Random,
        begins: Callable[[], Counter[str]],
    ) -> None:
        super().__init__(daemon=True)
        self._endpoint, self._plan, self._dice, self._begins = endpoint, sorted(plan), dice, begins
        self.killed: Counter[str] = Counter()
        self.frozen: dict[str, int] = {}
        """Jobs that had a result at a kill, and how often they had begun by then."""
        self.error: BaseException | None = None

    def run(self) -> None:
        began = time.monotonic()
        try:
            for moment, victim, pause in self._plan:
                time.sleep(max(0.0, began + moment - time.monotonic()))
                with self._endpoint.snapshot:  # nobody starts a server while its death is looked at
                    self._kill(victim)
                    self._remember()
                    time.sleep(pause if victim in ("server", "all") else 0.0)
        except BaseException as error:
            self.error = error

    def _kill(self, victim: str) -> None:
        living = processes_of(self._endpoint.home)
        if victim == "all":
            chosen = [pid for pids in living.values() for pid in pids]
        else:
            chosen = living[victim] and [self._dice.choice(living[victim])]
        for pid in chosen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[victim] += 1 if victim != "all" else 0
        self.killed["all"] += victim == "all"

    def _remember(self) -> None:
        finished = [
            folder.path.rpartition("/")[2]
            for folder in job_folders(self._endpoint.home)
            if (folder.read_state() or {}).get("final")
        ]
        begins = self._begins()
        for job in finished:
            self.frozen.setdefault(job, begins[job])
