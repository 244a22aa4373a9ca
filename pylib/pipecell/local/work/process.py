"""One host of a job: its folder made ready, its process started, signalled and ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipecell.local.work.failure import NOTE
from pipecell.local.work.folder import HostFolder
from pipecell.local.work.joblog import ENTRY
from pipecell.local.work.processes import JOB_VARIABLE, descendants, die_with_parent, of_job, send
from pipecell.local.work.rewriting import make_alias, remove_alias, rewrite_value
from pipecell.local.work.sandbox import PRIVATE, Sandbox

INHERITED = frozenset(
    {
        *("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME"),
        *(
            "VIRTUAL_ENV",
            "CONDA_PREFIX",
            "CONDA_DEFAULT_ENV",
            "JAVA_HOME",
            "SPARK_HOME",
            "R_HOME",
            "R_LIBS_USER",
        ),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *(
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "PIP_FIND_LINKS",
            "PIP_NO_INDEX",
            "PIP_CONFIG_FILE",
            "PIP_CERT",
        ),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"),
        *("AWS_REGION", "AWS_DEFAULT_REGION"),
    }
)
"""What a job takes over from the server's environment: a container has none of the user's other variables."""

TEMPORARY = f"{PRIVATE}/tmp"  # noqa: S108 - it is the job's own
PACKAGES = f"{PRIVATE}/packages"
BINARIES = f"{PRIVATE}/bin"

_MOMENT_SECONDS = 0.05
"""How long a sandbox that has ended may take to be gone, before it is looked into."""

_PATIENCE_SECONDS = 30.0
"""How long strays are looked for: one may start another while it is killed."""

SHIMS = str(Path(__file__).resolve().parent.parent / "runtimes" / "shims")


class HostProcess:
    """One host of a job.

    Args:
        folder: where its files are.
        job: the job's folder, which marks its processes.
        python: the user's interpreter.
        sandbox: how it gets its ``/opt/ml``.
    """

    def __init__(self, folder: HostFolder, job: str, python: str, sandbox: Sandbox) -> None:
        self.folder = folder
        self._job = job
        self._python = python
        self._sandbox = sandbox
        self._process: subprocess.Popen[bytes] | None = None
        self._indexed = -1

    def clear(self) -> None:
        """Remove what an earlier attempt left; the log stays: its lines were said."""
        if os.path.isdir(self.folder.root):
            shutil.rmtree(self.folder.root)
        remove_alias(self.folder)

    def prepare(self, files: Mapping[str, Any], folders: Sequence[str]) -> None:
        """Make the folders and write the configuration.

        Args:
            files: path as the job sees it → JSON value.
            folders: as the job sees them.
        """
        for folder in (*folders, TEMPORARY, BINARIES, PACKAGES):
            os.makedirs(self.folder.inside(folder), exist_ok=True)
        if self._sandbox.kind == "rewrite":
            make_alias(self.folder)
        for path, value in files.items():
            target = self.folder.inside(path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shown = rewrite_value(value, self.folder.alias) if self._sandbox.kind == "rewrite" else value
            with open(target, "w", encoding="utf-8") as file:
                json.dump(shown, file)
        for name, words in (("python", ""), ("python3", ""), ("pip", " -m pip"), ("pip3", " -m pip")):
            self._write_shim(name, words)

    def say(self, line: str) -> None:
        """Put a line of the supervisor's into the log."""
        with open(self.folder.log, "ab") as log:
            log.write(f"{NOTE}{line}\n".encode())

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of the job's process.

        Args:
            own: the container's and the request's variables.
        """
        inherited = {
            name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("LC_")
        }
        merged = {
            **inherited,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "UTF-8",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
            **own,
            "TMPDIR": TEMPORARY,
            "PIPECELL_PACKAGES": PACKAGES,
            JOB_VARIABLE: self._job,
        }
        binaries = [
            BINARIES,
            os.path.dirname(self._python),
            own.get("PATH", ""),
            os.environ.get("PATH", ""),
        ]
        merged["PATH"] = os.pathsep.join(filter(None, binaries))
        modules = [PACKAGES, SHIMS, own.get("PYTHONPATH", "")]
        merged["PYTHONPATH"] = os.pathsep.join(filter(None, modules))
        kept = {JOB_VARIABLE}
        return {
            name: value if name in kept else self._sandbox.outside(value, self.folder.alias)
            for name, value in merged.items()
        }

    def start(
        self, argv: Sequence[str], environment: Mapping[str, str], directory: str, protect: Sequence[str]
    ) -> None:
        """Start the job's command; its output goes straight into the log.

        Raises:
            OSError: it cannot be executed.
        """
        rewriting = self._sandbox.kind == "rewrite"
        root = self.folder.alias if rewriting else self.folder.root
        entry = self._sandbox.entry(root, directory, protect)
        with open(self.folder.log, "ab", buffering=0) as log:
            self._process = subprocess.Popen(
                self._sandbox.command(argv, root, directory, protect),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(environment),
                cwd=self._sandbox.directory(directory, root) or "/",
                start_new_session=True,
                preexec_fn=partial(_begin, os.getpid(), entry),  # noqa: PLW1509 - the supervisor has one thread
            )

    def poll(self) -> int | None:
        """Return the exit code when the process has ended: 128 + N for signal N."""
        if self._process is None:
            return None
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def index(self) -> bool:
        """Note how long the log is now; return whether it grew."""
        try:
            size = os.stat(self.folder.log).st_size
        except FileNotFoundError:
            return False
        if size in {self._indexed, 0}:
            return False
        with open(self.folder.index, "ab") as file:
            file.write(ENTRY.pack(size, int(time.time() * 1000)))
        self._indexed = size
        return True

    def terminate(self) -> bool:
        """Send SIGTERM to every process of the job; return whether there was one yet."""
        if self._process is None or self._process.poll() is not None:
            return True
        own = self._members()
        send(own, signal.SIGTERM)
        return bool(own)

    def kill(self) -> None:
        """Kill every process of the job and wait for it."""
        if self._process is None:
            return
        if self._process.poll() is None:
            send([*descendants(self._process.pid), self._process.pid], signal.SIGKILL)
            self._process.wait()
        if not self._sandbox.processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                # Those of its group that it left behind; macOS answers EPERM when there are none.
                os.killpg(self._process.pid, signal.SIGKILL)

    def _members(self) -> list[int]:
        if self._process is None:
            return []
        if self._sandbox.wrappers == 0:
            return [self._process.pid, *descendants(self._process.pid)]
        return descendants(self._process.pid, deeper_than=self._sandbox.wrappers - 1)

    def _write_shim(self, name: str, words: str) -> None:
        # A link would not do: a virtual environment's interpreter finds its packages by its own path.
        path = self.folder.inside(f"{BINARIES}/{name}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755)
        quoted = "'" + self._python.replace("'", "'\\''") + "'"
        os.write(descriptor, f'#!/bin/sh\nexec {quoted}{words} "$@"\n'.encode())
        os.close(descriptor)


def _begin(parent: int, entry: Callable[[], None] | None) -> None:
    die_with_parent(parent)
    if entry is not None:
        entry()


def end_strays(job: str, *, everywhere: bool) -> None:
    """Kill what is left of a job after its own process has ended.

    Args:
        job: the job's folder.
        everywhere: look at every process of the user, not only at this supervisor's descendants.
    """
    if not everywhere and _children_end():
        return
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        strays = descendants(os.getpid())
        if everywhere:
            strays += [pid for pid in of_job(job) if pid != os.getpid() and pid not in strays]
        if not strays:
            return
        send(strays, signal.SIGKILL)
        for pid in strays:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                # Not ours to wait for; it may be finishing a write before the signal reaches it.
                time.sleep(0.005)


def _children_end() -> bool:
    """Give this process's children a moment and return whether all have ended.

    It adopts orphans, so without children it has no descendants. The first process of a sandbox's own
    process namespace is such an orphan; once it has ended, so has everything in the namespace.
    """
    deadline = time.monotonic() + _MOMENT_SECONDS
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.0005)
    except ChildProcessError:
        return True
    return False
