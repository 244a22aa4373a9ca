"""Invocations: warm worker processes, results that outlive the endpoint, and none begun twice."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pipecell.local.home import Home, write_atomically
from pipecell.local.wire import ServiceError
from pipecell.local.work.joblog import ENTRY

_WORKER = Path(__file__).with_name("worker.py")
#: Seconds within which a worker has begun an invocation, unless it has ended or hangs.
_START = 60.0
#: Seconds beyond its time-out after which a worker that does not end is ended.
_GRACE = 10.0
_POLL = 0.02
_KEPT_SECONDS = 3600.0
_LOG_TAIL = 4096
_MOST_IDLE = 16
_LARGEST_CODE = 250 * 1024 * 1024


@dataclass(frozen=True)
class Invocation:
    """What came of an invocation.

    Attributes:
        payload: JSON text.
        error: ``Unhandled`` where the function failed.
        log: the end of what it printed.
    """

    payload: str
    error: str | None = None
    log: bytes = b""


class Worker:
    """A process that runs one function's code.

    Args:
        folder: the extracted code.
        environment: of the process.
        log: where it prints.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        reader, writer = os.pipe()
        # A file knows whether it is closed; a number may be somebody else's by then.
        self._reader = os.fdopen(reader, "rb", buffering=0)
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, str(_WORKER), str(writer)],
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writer,),
                    start_new_session=True,
                )
        except BaseException:
            self._reader.close()
            raise
        finally:
            os.close(writer)

    def run(self, name: str, seconds: float) -> bool:
        """Run an invocation; False if the process ended without a result."""
        assert self._process.stdin is not None  # noqa: S101 -- a pipe was asked for
        try:
            self._process.stdin.write(json.dumps({"name": name, "seconds": seconds}).encode() + b"\n")
            self._process.stdin.flush()
            # A new worker's own start is none of the function's time.
            return self._says(b".", _START) and self._says(b"\n", seconds + _GRACE)
        except (BrokenPipeError, ValueError):  # it has ended, or was closed meanwhile
            return False

    def _says(self, word: bytes, seconds: float) -> bool:
        ready, _, _ = select.select([self._reader], [], [], seconds)
        return bool(ready) and self._reader.read(1) == word

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process.poll() is None

    def close(self, *, kill: bool = False) -> None:
        """Let it end after what it is doing, or end it now."""
        if kill:
            self._process.kill()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._reader.close()
        if kill:
            self._process.wait()
        else:
            threading.Thread(target=self._process.wait, daemon=True).start()


def logs_folder(home: Home) -> Path:
    """Return where functions print: ``NAME.log``, and beside it when each piece was there."""
    return home.cache_folder / "functions" / "logs"


class Runner:
    """Runs functions.

    Args:
        home: where code is extracted and results are kept.
        environment: gives the variables by which a function reaches this endpoint.
    """

    def __init__(self, home: Home, environment: Callable[[str], Mapping[str, str]]) -> None:
        self._root = home.cache_folder / "functions"
        self._logs = logs_folder(home)
        self._environment = environment
        self._idle: dict[str, list[Worker]] = defaultdict(list)
        self._lock = threading.Lock()
        self._closed = False

    def invoke(
        self,
        function: Mapping[str, Any],
        payload: str,
        code: Callable[[], bytes],
        identity: str | None = None,
    ) -> Invocation:
        """Run a function, or take up the invocation that ``identity`` names.

        Args:
            function: its facts.
            payload: JSON text.
            code: gives its zip file.
            identity: name of the invocation, where a caller may come back for it.
        """
        folder = self._invocations()
        chosen = hashlib.sha256(identity.encode()).hexdigest() if identity else uuid.uuid4().hex
        name = folder / chosen
        found = self._finished(name) or self._under_way(name, function["timeout"])
        if found is not None:
            return found
        request = {"id": str(uuid.uuid4()), "arn": function["arn"], "payload": payload}
        write_atomically(name.with_suffix(".request"), json.dumps(request).encode())
        found = self._run(name, function, code)
        if identity is None:
            for suffix in (".request", ".result", ".lock"):
                name.with_suffix(suffix).unlink(missing_ok=True)
        return found

    def _invocations(self) -> Path:
        folder = self._root / "invocations"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _finished(self, name: Path, log: bytes = b"") -> Invocation | None:
        try:
            result = json.loads(name.with_suffix(".result").read_bytes())
        except FileNotFoundError:
            return None
        return Invocation(result["payload"], result.get("error"), log)

    def _under_way(self, name: Path, seconds: float) -> Invocation | None:
        """Wait for an invocation that an earlier endpoint began; None if nobody runs it."""
        lock = name.with_suffix(".lock")
        end = time.monotonic() + seconds + _GRACE
        while lock.exists() and time.monotonic() < end:
            with lock.open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(_POLL)
                    continue
            # Nobody holds it: it has ended, with or without a result.
            return self._finished(name) or _exited("The process that ran it is gone")
        return self._finished(name)

    def _run(self, name: Path, function: Mapping[str, Any], code: Callable[[], bytes]) -> Invocation:
        key = f"{function['name']}:{function['revision']}"
        with self._lock:
            idle = self._idle[key]
            worker = idle.pop() if idle else None
        log = self._logs / f"{function['name']}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if worker is None or not worker.alive:
            worker = Worker(self._extracted(function, code), self._variables(function), log)
        start = log.stat().st_size
        done = worker.run(str(name), function["timeout"])
        if not done and not name.with_suffix(".lock").exists():
            # It ended, for want of work, before it took this.
            worker.close(kill=True)
            worker = Worker(self._extracted(function, code), self._variables(function), log)
            done = worker.run(str(name), function["timeout"])
        with log.with_suffix(".index").open("ab") as index:
            index.write(ENTRY.pack(log.stat().st_size, int(time.time() * 1000)))
        with log.open("rb") as file:
            file.seek(max(start, log.stat().st_size - _LOG_TAIL))
            tail = file.read()
        found = self._finished(name, tail)
        if done and found is not None and found.error is None and self._keep(key, worker):
            return found
        worker.close(kill=not done or found is None)
        return found or _exited("Runtime exited without providing a reason", tail)

    def _keep(self, key: str, worker: Worker) -> bool:
        with self._lock:
            if self._closed or len(self._idle[key]) >= _MOST_IDLE:
                return False
            self._idle[key].append(worker)
            return True

    def _variables(self, function: Mapping[str, Any]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self._environment(function["region"]),
            **function["environment"],
            "_HANDLER": function["handler"],
            "AWS_LAMBDA_FUNCTION_NAME": function["name"],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["memory"]),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function['runtime']}",
            "LAMBDA_TASK_ROOT": ".",
        }

    def _extracted(self, function: Mapping[str, Any], code: Callable[[], bytes]) -> Path:
        target = self._root / "code" / hashlib.sha256(function["code_hash"].encode()).hexdigest()
        with self._lock:
            if target.is_dir():
                return target
            temporary = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
            temporary.mkdir(mode=0o700, parents=True)
            extract(code(), temporary)
            temporary.replace(target)
        return target

    def forget(self, name: str) -> None:
        """End the idle workers of a function whose code or configuration changed."""
        with self._lock:
            keys = [key for key in self._idle if key.startswith(f"{name}:")]
            workers = [worker for key in keys for worker in self._idle.pop(key)]
        for worker in workers:
            worker.close()

    def sweep(self) -> None:
        """Remove results that nobody came back for."""
        folder = self._root / "invocations"
        old = time.time() - _KEPT_SECONDS
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.stat().st_mtime < old:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let workers end; those at work finish first."""
        with self._lock:
            self._closed = True
            workers = [worker for idle in self._idle.values() for worker in idle]
            self._idle.clear()
        for worker in workers:
            worker.close()

    def remove_all(self) -> None:
        """Remove everything of this room from the disk."""
        shutil.rmtree(self._root, ignore_errors=True)


def _exited(reason: str, log: bytes = b"") -> Invocation:
    request = str(uuid.uuid4())
    payload = {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request} Error: {reason}"}
    return Invocation(json.dumps(payload), "Unhandled", log)


def extract(content: bytes, folder: Path) -> None:
    """Extract a zip file; nothing of it lands outside the folder.

    Raises:
        ServiceError: InvalidParameterValueException for what is no zip file, too large or unsafe.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _LARGEST_CODE:
                raise invalid("Unzipped size must be smaller than 262144000 bytes")
            for item in archive.infolist():
                place = PurePosixPath(item.filename)
                if place.is_absolute() or ".." in place.parts:
                    raise invalid(f"The zip file holds an unsafe name: {item.filename!r}")
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error


def invalid(message: str) -> ServiceError:
    """Return AWS's error for a wrong parameter."""
    return ServiceError("InvalidParameterValueException", message, Type="User")
