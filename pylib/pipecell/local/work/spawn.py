"""Starting supervisors: detached processes that outlive the server.

A fresh interpreter with its imports costs more than most jobs' own start. So one
small process, the *nursery*, imports the supervisor once and forks it for each
job (2 ms). It has one thread and holds nothing, so forking is safe there, which
it is not in the server. It ends when the server does; the supervisors, leaders of
their own sessions, go on. Where it cannot be had, a supervisor is started afresh.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping

from pipecell.local.installed import PACKAGE_FOLDER


def _interpreter(function: str, *arguments: str) -> list[str]:
    # -I -S: nothing from the environment, no site-packages; a supervisor needs the standard library only.
    code = (
        f"import sys; sys.path.insert(0, {PACKAGE_FOLDER!r}); "
        f"from pipecell.local.work.supervisor import {function}; {function}(*sys.argv[1:])"
    )
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


class Spawner:
    """Starts supervisors.

    Args:
        home: root of the local endpoint's home.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._nursery: subprocess.Popen[bytes] | None = None

    def warm_up(self) -> None:
        """Start the nursery, without waiting for it, so that the first job finds it ready."""
        with self._lock:
            self._ready()

    def spawn(self, folder: str, environment: Mapping[str, str]) -> int:
        """Start the supervisor of a job folder and return its pid.

        Args:
            folder: the job's folder.
            environment: all variables of the supervisor; the job's are chosen from them.

        Raises:
            OSError: no process can be started.
        """
        request = json.dumps({"folder": folder, "environment": dict(environment)}).encode() + b"\n"
        with self._lock:
            for _ in range(2):
                pid = self._ask(self._ready(), request)
                if pid is not None:
                    return pid
                self._end()
        return self._spawn_alone(folder, environment)

    def close(self) -> None:
        """Let the nursery end; supervisors go on."""
        with self._lock:
            self._end()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._nursery is None or self._nursery.poll() is not None:
            self._end()
            self._nursery = subprocess.Popen(
                _interpreter("nursery", self._home),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
        return self._nursery

    @staticmethod
    def _ask(nursery: subprocess.Popen[bytes], request: bytes) -> int | None:
        assert nursery.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert nursery.stdout is not None  # noqa: S101
        try:
            nursery.stdin.write(request)
            nursery.stdin.flush()
            answer = nursery.stdout.readline().strip()
        except OSError:
            return None
        return int(answer) if answer.isdigit() else None

    def _end(self) -> None:
        nursery, self._nursery = self._nursery, None
        if nursery is None:
            return
        for pipe in (nursery.stdin, nursery.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # it died with a request unread
        nursery.wait()

    def _spawn_alone(self, folder: str, environment: Mapping[str, str]) -> int:
        command = _interpreter("run_alone", self._home, folder)
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            command[0],
            command,
            dict(environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, f"{folder}/supervisor.log", append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )


def server_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that a supervisor gets: the server's own and ``extra`` over it."""
    return {**os.environ, **extra}
