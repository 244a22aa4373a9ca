"""One run of a job, from its clean folder to its result.

The phases carry AWS's names: Starting, Downloading, Training, Uploading. After each
change the state is written before the next thing is done.
"""

from __future__ import annotations

import errno
import math
import os
import select
import shlex
import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

from pipecell.local.home import Home
from pipecell.local.work.archives import extract
from pipecell.local.work.failure import MAX_CHARACTERS, failure_reason
from pipecell.local.work.folder import HostFolder, JobFolder, write_json
from pipecell.local.work.joblog import last_lines
from pipecell.local.work.metrics import final_metrics
from pipecell.local.work.process import HostProcess, end_strays
from pipecell.local.work.rewriting import NOTICE, remove_alias, rewrite_code
from pipecell.local.work.sandbox import PRIVATE, Sandbox
from pipecell.local.work.scripts import script_command
from pipecell.local.work.transfer import TransferError, download, fetch_object, make_folders
from pipecell.local.work.uploads import ContinuousUpload, upload

TICK_SECONDS = 0.1
SLOWEST_TICK_SECONDS = 0.5
SYNC_SECONDS = 2.0
_LAST_LINES = 40


MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Failed": "Training job failed",
}
"""What AWS's SecondaryStatusTransitions say of each status; clients print it and expect it to be there."""


DISK_FULL = "The disk of the local endpoint is full"


class Outcome(NamedTuple):
    """How it ended: the exit code; ``Exited``, ``Stopped`` or ``MaxRuntimeExceeded``; and who failed."""

    code: int
    end: str
    culprit: HostProcess


class StoppedError(Exception):
    """The job was asked to stop before its process started."""


class Attempt:
    """Runs a job once.

    Args:
        home: the local endpoint's home.
        folder: the job's folder.
        sandbox: how its hosts get their ``/opt/ml``.
        number: 1, or more when earlier supervisors were killed.
    """

    def __init__(self, home: Home, folder: JobFolder, sandbox: Sandbox, number: int) -> None:
        self._home = home
        self._folder = folder
        self._sandbox = sandbox
        self._spec = folder.read_spec()
        self._state: dict[str, Any] = {
            "final": False,
            "status": "InProgress",
            "secondary": "Starting",
            "created": Path(folder.spec).stat().st_mtime,
            "attempt": number,
            "transitions": [],
            "outputs": {},
        }
        self._store: Any = None
        self._signalled, self._wake = os.pipe()
        self._processes = [
            HostProcess(folder.host(place), folder.path, self._spec["python"], sandbox)
            for place in range(len(self._spec["hosts"]))
        ]
        self._continuous: list[ContinuousUpload] = []
        self._next_sync = math.inf
        self._latest = float(self._state["created"])
        self._running_since = 0.0

    def run(self) -> None:
        """Run the job and write its result.

        Raises:
            OSError: not even the result can be written; the next attempt may.
        """
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, _wake_only)
        try:
            self._run()
        except StoppedError:
            self._finish("Stopped", "Stopped", None)
        except TransferError as error:
            self._fail(str(error))
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                self._kill_all()
                raise
            self.fail(f"InternalServerError: {DISK_FULL}: {error}")

    def fail(self, reason: str) -> None:
        """End the job as ``Failed`` with a reason that is not the user's doing."""
        self._kill_all()
        self._folder.give_up_room()
        self._fail(reason)

    # Phases

    def _run(self) -> None:
        self._folder.keep_room()
        self._enter("Starting")
        for process, host in zip(self._processes, self._spec["hosts"], strict=True):
            process.clear()
            process.prepare(host["files"], self._folders())
        self._say_first()
        if self._spec["inputs"] or self._spec["script"]:
            self._enter("Downloading")
            self._download()
        self._watch_outputs()
        self._enter("Training", write=False)
        self._state["started"] = self._now()
        self._running_since = time.monotonic()
        self._write()
        self._collect(self._execute())

    def _folders(self) -> list[str]:
        places = [each["path"] for each in (*self._spec["inputs"], *self._spec["outputs"])]
        return [*places, self._spec["working_directory"], "/opt/ml/output"]

    def _say_first(self) -> None:
        lines = list(self._spec["notes"])
        if self._state["attempt"] > 1:
            lines.append(
                f"The job's supervisor was killed; the job starts again, attempt {self._state['attempt']}."
            )
        for process in self._processes:
            if self._sandbox.kind == "rewrite":
                process.say(NOTICE.format(alias=process.folder.alias))
            for line in lines:
                process.say(line)

    def _download(self) -> None:
        hosts = [process.folder for process in self._processes]
        for place, host in enumerate(hosts):
            for source in self._spec["inputs"]:
                self._check_stop()
                download(self._objects(), source, host, place, len(hosts))
            if self._spec["script"]:
                self._check_stop()
                self._fetch_script(host)
            if self._sandbox.kind == "rewrite":
                rewrite_code(host, self._code_folders())

    def _fetch_script(self, host: HostFolder) -> None:
        script = self._spec["script"]
        if not script["archive"]:
            return
        target = host.inside(script["path"])
        make_folders(host.root, target)
        archive = host.inside(f"{PRIVATE}/sourcedir.tar.gz")
        fetch_object(self._objects(), script["archive"], archive)
        extract(archive, target)

    def _code_folders(self) -> list[str]:
        """Return the inputs that hold code: named so by the SDK, or named by the command."""
        words = [self._spec["working_directory"], *self._spec["command"]]
        folders = [
            each["path"]
            for each in self._spec["inputs"]
            if each["name"] in {"code", "entrypoint"}
            or any(word.startswith(each["path"] + "/") for word in words)
        ]
        return [*folders, self._spec["script"]["path"]] if self._spec["script"] else folders

    def _watch_outputs(self) -> None:
        for output in self._spec["outputs"]:
            if output["upload_mode"] == "Continuous" and not output["archive"]:
                self._continuous += [
                    ContinuousUpload(self._objects(), output, process.folder) for process in self._processes
                ]
                self._next_sync = time.monotonic() + SYNC_SECONDS

    # The processes

    def _execute(self) -> Outcome:
        """Run every host to its end."""
        self._check_stop()
        protect = [str(self._home.objects_folder)]
        for process, host in zip(self._processes, self._spec["hosts"], strict=True):
            argv, directory = self._command(process.folder)
            try:
                process.start(argv, host["environment"], directory, protect)
            except OSError as error:
                process.say(f"{argv[0]} cannot be started: {error.strerror}")
                self._kill_all()
                return Outcome(127, "Exited", process)
        limit = self._spec["max_runtime_seconds"]
        deadline = time.monotonic() + limit if limit else math.inf
        return self._supervise(deadline)

    def _command(self, folder: HostFolder) -> tuple[list[str], str]:
        script = self._spec["script"]
        if script:
            return script_command(self._spec["python"], script, folder.inside(script["path"])), script["path"]
        return list(self._spec["command"]), self._spec["working_directory"]

    def _supervise(self, deadline: float) -> Outcome:
        tick, end = TICK_SECONDS, "Exited"
        told, kill_at = False, math.inf
        while True:
            codes = [process.poll() for process in self._processes]
            grew = [process.index() for process in self._processes]
            if None not in codes or any(codes):
                self._kill_all()
                return self._outcome(codes, end)
            now = time.monotonic()
            if end == "Exited" and (os.path.exists(self._folder.stop) or now >= deadline):
                end = "Stopped" if now < deadline else "MaxRuntimeExceeded"
                kill_at = now + self._spec["grace_seconds"]
                self._enter("Stopping")
            if end != "Exited" and not told:
                # A sandbox takes some milliseconds until the job is in it: tell it when it is there.
                told = all([process.terminate() for process in self._processes])  # noqa: C419 - every one
            if now >= kill_at:
                self._kill_all()
                return self._outcome([process.poll() for process in self._processes], end)
            if now >= self._next_sync:
                self._sync()
                self._next_sync = time.monotonic() + SYNC_SECONDS
            tick = TICK_SECONDS if any(grew) else min(tick * 1.2, SLOWEST_TICK_SECONDS)
            wake_at = min(deadline if end == "Exited" else math.inf, kill_at, self._next_sync)
            self._sleep(min(tick if told or end == "Exited" else 0.01, max(0.0, wake_at - now)))

    def _outcome(self, codes: list[int | None], end: str) -> Outcome:
        place = next((place for place, code in enumerate(codes) if code), 0)
        return Outcome(codes[place] or 0, end, self._processes[place])

    def _sleep(self, seconds: float) -> None:
        ready, _, _ = select.select([self._signalled], [], [], seconds)
        if ready:
            os.read(self._signalled, 4096)

    def _sync(self, *, last: bool = False) -> None:
        for upload_ in self._continuous:
            upload_.sync(last=last)

    def _kill_all(self) -> None:
        for process in self._processes:
            process.kill()
        end_strays(self._folder.path, everywhere=False)

    # The end

    def _collect(self, outcome: Outcome) -> None:
        code, end, _ = outcome
        for process in self._processes:
            process.index()
        first = self._processes[0].folder
        self._state["exit_code"] = code
        self._state["exit_message"] = _read_text(first.inside("/opt/ml/output/message"))
        status = "Stopped" if end != "Exited" else "Completed" if code == 0 else "Failed"
        reason = self._reason(outcome) if status == "Failed" else None
        if self._spec["outputs"]:
            self._enter("Uploading")
            try:
                self._upload(status)
            except TransferError as error:
                status, reason = "Failed", reason or str(error)
        self._state["metrics"] = final_metrics(self._spec["metrics"], first.log, first.index)
        self._finish(status, end if end == "MaxRuntimeExceeded" else status, reason)

    def _upload(self, status: str) -> None:
        folders = [process.folder for process in self._processes]
        self._sync(last=True)
        for output in self._spec["outputs"]:
            if status not in output["upload_on"]:
                continue
            skipped: list[str] = []
            if output["upload_mode"] != "Continuous" or output["archive"]:
                count, skipped = upload(
                    self._objects(), output, folders, f"{self._folder.path}/upload.tar.gz"
                )
                if not count and output["archive"]:
                    continue
            self._state["outputs"][output["name"]] = output["uri"]
            for path in skipped[:10]:
                self._processes[0].say(
                    f"{path} of {output['path']} is no file of this job and was not uploaded."
                )

    def _reason(self, outcome: Outcome) -> str:
        culprit = outcome.culprit
        script = self._spec["script"]
        command = shlex.join(self._command(culprit.folder)[0]) if script else ""
        reason = failure_reason(
            self._spec["failure_style"],
            outcome.code,
            last_lines(culprit.folder.log, _LAST_LINES),
            written=_read_text(culprit.folder.inside("/opt/ml/output/failure")) or "",
            command=command,
        )
        # The job's own words about it could not be written down.
        return f"{reason}\n{DISK_FULL}" if self._folder.is_on_a_full_disk() else reason

    def _fail(self, reason: str) -> None:
        self._processes[0].say(reason)
        self._processes[0].index()
        self._finish("Failed", "Failed", reason[:MAX_CHARACTERS])

    def _finish(self, status: str, secondary: str, reason: str | None) -> None:
        self._enter(secondary, reason, write=False)
        now = self._now()
        self._state["transitions"][-1]["ended"] = now
        # Of a clock that nobody sets, and that stands still while the machine sleeps.
        ran = math.ceil(time.monotonic() - self._running_since) if self._running_since else 0
        self._state |= {
            "final": True,
            "status": status,
            "ended": now,
            "failure_reason": reason,
            "billable_seconds": ran * len(self._processes),
        }
        if self._sandbox.kind == "rewrite":
            for process in self._processes:
                remove_alias(process.folder)
        self._write_result()

    def _write_result(self) -> None:
        try:
            write_json(self._folder.state, self._state, durable=True)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            self._folder.give_up_room()
            write_json(self._folder.state, self._state, durable=True)
        self._folder.give_up_room()

    # State

    def _now(self) -> float:
        """Return the time, epoch seconds; never earlier than what was noted, wherever the clock was set."""
        self._latest = max(self._latest, time.time())
        return self._latest

    def _enter(self, secondary: str, reason: str | None = None, *, write: bool = True) -> None:
        now = self._now()
        message = reason or MESSAGES[secondary]
        transitions = self._state["transitions"]
        if transitions:
            transitions[-1]["ended"] = now
        transitions.append({"status": secondary, "started": now, "ended": None, "message": message})
        self._state["secondary"] = secondary
        if write:
            self._write()

    def _write(self) -> None:
        write_json(self._folder.state, self._state)

    def _check_stop(self) -> None:
        if os.path.exists(self._folder.stop):
            raise StoppedError

    def _objects(self) -> Any:
        if self._store is None:
            from pipecell.local.objects import ObjectStore

            self._store = ObjectStore(self._home)
        return self._store


def _wake_only(number: int, frame: object) -> None:
    """Do nothing: the signal has woken the loop through its pipe."""


def _read_text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_CHARACTERS)
    except (FileNotFoundError, IsADirectoryError):
        return None
