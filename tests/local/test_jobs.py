"""Jobs as the server sees them: launched once, stopped, timed out, taken up again after any death."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipecell.errors import EndpointError
from pipecell.local.work import jobs
from pipecell.local.work.folder import JobFolder, write_json
from pipecell.local.work.jobs import MAX_ATTEMPTS, Jobs, S3Output
from pipecell.local.work.spawn import Spawner
from tests.local.waiting import PATIENCE, wait_until
from tests.local.workshop import BUCKET, Workshop, is_running, processes_of, reason_of, workshop


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home") as made:
        yield made


def waiting_for(path: Path, line: str = "") -> str:
    """Return code that prints a line and waits until a file is there."""
    wait = f"while not os.path.exists({str(path)!r}): time.sleep(0.01)"
    return f"import os, time\nprint({line!r}, flush=True)\n{wait}"


def test_success(work: Workshop) -> None:
    status = work.run_code("fine", "print('hello')")
    assert (status.status, status.secondary, status.exit_code) == ("Completed", "Completed", 0)
    assert status.failure_reason is None
    assert work.log("fine") == "hello\n"
    assert status.started is not None
    assert status.ended is not None
    assert status.created <= status.started <= status.ended
    assert [each.status for each in status.transitions] == ["Starting", "Training", "Completed"]
    assert all(each.ended is not None and each.ended >= each.started for each in status.transitions)
    assert status.billable_seconds == 1


def test_failing_script(work: Workshop) -> None:
    code = "import sys\nprint('starting')\nprint('the reason is here', file=sys.stderr)\nsys.exit(3)"
    status = work.run_code("bad", code)
    assert (status.status, status.exit_code) == ("Failed", 3)
    assert reason_of(status).startswith("AlgorithmError: See job logs for more information, exit code: 3")
    assert reason_of(status).endswith("starting\nthe reason is here")


def test_traceback_is_the_reason(work: Workshop) -> None:
    status = work.run_code("raises", "print('x' * 5000)\nraise ValueError('no such column: age')")
    assert reason_of(status).endswith("ValueError: no such column: age")
    assert len(reason_of(status)) <= 1024


def test_a_signal_is_an_exit_code(work: Workshop) -> None:
    status = work.run_code("killed", "import os; os.kill(os.getpid(), 9)")
    assert (status.status, status.exit_code) == ("Failed", 137)


def test_a_program_that_is_not_there(work: Workshop) -> None:
    status = work.run_code("missing", "", command=("/nowhere/program",))
    assert status.status == "Failed"
    assert status.exit_code != 0


def test_launching_twice_runs_once(work: Workshop, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    spec = work.spec("once", f"open({str(mark)!r}, 'a').write('x')")
    work.run(spec)
    work.jobs.launch(spec)
    work.wait_until_put_away()
    work.restart()
    work.jobs.launch(spec)
    assert work.jobs.wait_until_idle(PATIENCE)
    assert mark.read_text() == "x"
    assert work.ends.empty()


def test_racing_launches_run_once(work: Workshop, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    spec = work.spec("race", f"import time; open({str(mark)!r}, 'a').write('x'); time.sleep(0.2)")
    ends: list[str] = []
    servers = [Jobs(work.home, lambda kind, name: ends.append(f"{kind}/{name}")) for _ in range(4)]
    threads = [threading.Thread(target=server.launch, args=(spec,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(server.wait_until_idle(PATIENCE) for server in servers)
    for server in servers:
        server.close()
    assert mark.read_text() == "x"
    assert work.jobs.status("processing", "race").attempt == 1


def test_stop_tells_the_whole_group(work: Workshop) -> None:
    # One write for each line: two processes share the log, and `print` writes a line and its end apart.
    child = """
import os, signal, time
signal.signal(15, lambda *_: (os.write(1, b"child stops\\n"), exit()))
os.write(1, b"child ready\\n")
time.sleep(600)
"""
    code = f"""
import os, signal, subprocess, sys
signal.signal(15, lambda *_: os.write(1, b"parent stops\\n"))
# Its end is the end of all: the child says its word first.
subprocess.Popen([sys.executable, "-c", {child!r}]).wait()
"""
    work.jobs.launch(work.spec("stopped", code))
    work.wait_for_line("stopped", "child ready")
    assert work.jobs.status("processing", "stopped").status == "InProgress"
    work.jobs.stop("processing", "stopped")
    assert work.jobs.status("processing", "stopped").status in {"Stopping", "Stopped"}
    status = work.wait("stopped")
    assert (status.status, status.secondary) == ("Stopped", "Stopped")
    assert {"child stops", "parent stops"} <= set(work.log("stopped").splitlines())


def test_stop_kills_after_the_grace(work: Workshop) -> None:
    code = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    work.jobs.launch(work.spec("deaf", code, grace_seconds=0.2))
    work.wait_for_line("deaf", "deaf")
    work.jobs.stop("processing", "deaf")
    status = work.wait("deaf")
    assert (status.status, status.exit_code) == ("Stopped", 137)


def test_stop_before_the_start(work: Workshop, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    spec = work.spec("early", f"open({str(mark)!r}, 'w')")
    folder = work.jobs.folder_path("processing", "early")
    folder.mkdir(parents=True)
    (folder / "stop").touch()
    assert work.run(spec).status == "Stopped"
    assert not mark.exists()


def test_stopping_an_ended_job_changes_nothing(work: Workshop) -> None:
    work.run_code("done", "pass")
    work.jobs.stop("processing", "done")
    assert work.jobs.status("processing", "done").status == "Completed"


def test_max_runtime(work: Workshop) -> None:
    status = work.run_code("slow", "import time; time.sleep(600)", max_runtime_seconds=1)
    assert (status.status, status.secondary) == ("Stopped", "MaxRuntimeExceeded")


def test_a_clock_that_is_set_back_and_forth_times_nothing_out(work: Workshop) -> None:
    spec = work.spec("timeless", "import time; time.sleep(0.3)", max_runtime_seconds=3600)
    folder = JobFolder(str(work.jobs.folder_path("processing", "timeless")))
    Path(folder.path).mkdir(parents=True)
    write_json(folder.spec, spec.to_json())
    supervisor = (
        "import itertools, sys, time\nfrom pathlib import Path\n"
        "real, days = time.time, itertools.cycle([0, 2, -2])\n"
        "time.time = lambda: real() + 86400 * next(days)\n"
        "from pipecell.local.home import Home\n"
        "from pipecell.local.work.supervisor import supervise\n"
        "supervise(Home(Path(sys.argv[1])), sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", supervisor, str(work.home.root), folder.path], check=True)
    status = work.jobs.status("processing", "timeless")
    assert status.status == "Completed"
    assert status.billable_seconds is not None
    assert 1 <= status.billable_seconds < 600
    times = [each.started for each in status.transitions]
    assert times == sorted(times)
    assert status.ended is not None
    assert status.ended >= times[-1]


def test_no_process_outlives_its_job(work: Workshop) -> None:
    mark = uuid.uuid4().hex
    child = f"import time; time.sleep(600) # {mark}"
    code = (
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)"
    )
    assert work.run_code("parent", code).status == "Completed"
    wait_until(lambda: not processes_of(mark), "the detached process ends")


def test_killed_supervisor_runs_again_from_a_clean_folder(work: Workshop, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        "import os, time\n"
        f"runs = open({str(mark)!r}, 'a'); runs.write('x'); runs.close()\n"
        "print('left over:', os.path.exists('/opt/ml/output/junk'), flush=True)\n"
        "open('/opt/ml/output/junk', 'w').write('junk')\n"
        f"time.sleep(600 if os.path.getsize({str(mark)!r}) == 1 else 0)"
    )
    work.jobs.launch(work.spec("again", code))
    work.wait_for_line("again", "left over: False")
    first = work.supervisor("again")
    os.kill(first, signal.SIGKILL)
    status = work.wait("again")
    assert (status.status, status.attempt) == ("Completed", 2)
    assert mark.read_text() == "xx"
    assert work.log("again").count("left over: False") == 2
    assert "attempt 2" in work.log("again")


def test_killed_supervisor_takes_its_job_with_it(work: Workshop, tmp_path: Path) -> None:
    mark, release = uuid.uuid4().hex, tmp_path / "release"
    code = waiting_for(release, "up") + f" # {mark}"
    work.jobs.launch(work.spec("orphan", code))
    work.wait_for_line("orphan", "up")
    before = processes_of(mark)
    assert before
    os.kill(work.supervisor("orphan"), signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, before)), "the first attempt's processes end")
    release.touch()
    assert work.wait("orphan").attempt == 2


def test_a_job_that_loses_every_supervisor_is_given_up(work: Workshop) -> None:
    spec = work.spec("unlucky", "pass")
    folder = JobFolder(str(work.jobs.folder_path("processing", "unlucky")))
    Path(folder.path).mkdir(parents=True)
    Path(folder.claim).write_text(f"{MAX_ATTEMPTS}\n")
    # The sandbox named here does not exist: every supervisor ends before it has a result.
    work.jobs.close()
    work.environment = {"PIPECELL_SANDBOX": "nonsense"}
    work.jobs = work.new_jobs()
    status = work.run(spec)
    assert status.status == "Failed"
    assert reason_of(status).startswith("InternalServerError")


def test_a_long_queue_for_the_lock_is_no_loss(work: Workshop, tmp_path: Path) -> None:
    """Somebody holds the lock and has not said who: that is waited for, and costs no attempt."""
    release = tmp_path / "release"
    spec = work.spec("queued", waiting_for(release, "up"))
    folder = JobFolder(str(work.jobs.folder_path("processing", "queued")))
    Path(folder.path).mkdir(parents=True)
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    with Path(folder.lock).open("w") as lock:
        # The pid of a predecessor that is dead, and a holder who has not replaced it yet.
        lock.write(f"{ended.pid}\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        work.jobs.launch(spec)
        time.sleep(0.3)
        assert folder.attempts() == 0
    work.wait_for_line("queued", "up")
    os.kill(work.supervisor("queued"), signal.SIGKILL)
    wait_until(lambda: work.log("queued").count("up\n") == 2, "the second attempt")
    release.touch()
    status = work.wait("queued")
    assert (status.status, status.attempt) == ("Completed", 2)


def test_server_dies_while_a_job_runs(work: Workshop, tmp_path: Path) -> None:
    release = tmp_path / "release"
    code = waiting_for(release)
    work.jobs.launch(work.spec("lasting", code))
    supervisor = work.supervisor("lasting")
    work.restart()
    assert work.supervisor("lasting") == supervisor
    release.touch()
    status = work.wait("lasting")
    assert (status.status, status.attempt) == ("Completed", 1)


def test_end_while_no_server_is_there_is_reported_once(work: Workshop, tmp_path: Path) -> None:
    release = tmp_path / "release"
    code = waiting_for(release)
    work.jobs.launch(work.spec("unseen", code))
    supervisor = work.supervisor("unseen")
    work.jobs.close()
    release.touch()
    wait_until(lambda: not is_running(supervisor), "the supervisor ends")
    work.restart()
    assert work.wait("unseen").status == "Completed"
    work.wait_until_put_away()
    work.restart()
    assert work.ends.empty()


def test_crash_between_record_and_claim(work: Workshop, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    spec = work.spec("recorded", f"open({str(mark)!r}, 'a').write('x')")
    folder = work.home.jobs_folder / "processing" / "recorded"
    active = work.home.jobs_folder / "active" / "processing"
    folder.mkdir(parents=True)
    active.mkdir(parents=True)
    (active / "recorded").touch()
    write_json(str(folder / "spec.json"), spec.to_json())
    work.restart()
    assert work.wait("recorded").status == "Completed"
    work.restart()
    assert mark.read_text() == "x"


def test_crash_between_marker_and_record(work: Workshop) -> None:
    active = work.home.jobs_folder / "active" / "processing"
    active.mkdir(parents=True)
    (active / "unrecorded").touch()
    work.restart()
    assert not work.jobs.exists("processing", "unrecorded")
    assert work.run_code("unrecorded", "pass").status == "Completed"


def test_an_end_that_could_not_be_handled_is_reported_again(
    work: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RETELL_SECONDS", 0.01)
    told: list[str] = []

    def refuse_twice(kind: str, name: str) -> None:
        told.append(name)
        if len(told) <= 2:
            raise OSError("the disk is full")

    first = Jobs(work.home, refuse_twice)
    first.launch(work.spec("retold", "pass"))
    assert first.wait_until_idle(PATIENCE)
    first.close()
    assert told == ["retold"] * 3


def test_an_end_that_was_never_handled_is_reported_by_the_next_server(work: Workshop) -> None:
    told = threading.Event()

    def refuse(kind: str, name: str) -> None:
        told.set()
        raise OSError("the disk is full")

    first = Jobs(work.home, refuse)
    first.launch(work.spec("retold", "pass"))
    assert told.wait(PATIENCE)
    first.close()
    work.restart()
    assert work.wait("retold").status == "Completed"


def test_a_process_that_cannot_be_had_is_asked_for_again(
    work: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RETELL_SECONDS", 0.01)
    spawn = Spawner.spawn
    refused: list[str] = []

    def refuse_once(self: Spawner, folder: str, environment: Mapping[str, str]) -> int:
        if not refused:
            refused.append(folder)
            raise OSError("no more processes")
        return spawn(self, folder, environment)

    monkeypatch.setattr(Spawner, "spawn", refuse_once)
    assert work.run_code("later", "pass").status == "Completed"
    assert refused


def test_the_data_of_a_completed_job_go_and_those_of_a_failed_one_stay(work: Workshop) -> None:
    work.keep = False
    work.restart()
    closed = "import os; os.makedirs('/opt/ml/output/x/y'); os.chmod('/opt/ml/output/x', 0)"
    assert work.run_code("good", closed).status == "Completed"
    assert work.run_code("bad", "raise SystemExit(1)").status == "Failed"
    good, bad = (work.jobs.folder_path("processing", name) for name in ("good", "bad"))
    wait_until(lambda: not (good / "root").exists(), "the data go")
    assert work.jobs.wait_until_idle(PATIENCE)
    work.wait_until_put_away()
    assert (bad / "root").exists()
    assert work.jobs.status("processing", "good").status == "Completed"


def test_a_finished_job_leaves_nothing_to_look_at(work: Workshop) -> None:
    work.run_code("gone", "pass")
    assert work.jobs.wait_until_idle(PATIENCE)
    work.wait_until_put_away()


def test_a_server_that_is_killed(work: Workshop, tmp_path: Path) -> None:
    """The whole story with a real server process and kill -9."""
    release = tmp_path / "release"
    job = waiting_for(release, "on")
    server = (
        "import sys, time\nfrom pathlib import Path\n"
        "from pipecell.local.home import Home\nfrom pipecell.local.work.jobs import *\n"
        f"jobs = Jobs(Home(Path({str(work.home.root)!r})), print)\njobs.resume()\n"
        f"command = (sys.executable, '-c', {job!r})\n"
        "jobs.launch(JobSpec('processing', 'kept', sys.executable, command=command))\n"
        "time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", server])
    wait_until((work.home.jobs_folder / "processing/kept/spec.json").exists, "the launch")
    work.wait_for_line("kept", "on")
    process.kill()
    process.wait()
    work.restart()
    release.touch()
    status = work.wait("kept")
    assert (status.status, status.attempt) == ("Completed", 1)


@pytest.mark.parametrize("name", ["..", "../up", "a/b", "", "-a", "a" * 64, "a\n", "a b", ".hidden"])
def test_names_that_are_no_names(work: Workshop, name: str) -> None:
    with pytest.raises(EndpointError, match="PC820"):
        work.jobs.launch(work.spec(name, "pass"))
    with pytest.raises(EndpointError, match="PC820"):
        work.jobs.status("processing", name)


@pytest.mark.parametrize("kind", ["..", "Training", "active", "a/b", ""])
def test_kinds_that_are_no_kinds(work: Workshop, kind: str) -> None:
    with pytest.raises(EndpointError, match="PC820"):
        work.jobs.launch(replace(work.spec("fine", "pass"), kind=kind))


def test_unknown_jobs(work: Workshop) -> None:
    for ask in (work.jobs.status, work.jobs.stop, work.jobs.streams, work.jobs.spec):
        with pytest.raises(EndpointError, match="PC822"):
            ask("processing", "nobody")


def test_spec_survives_its_folder(work: Workshop) -> None:
    spec = work.spec("kept", "pass", outputs=(S3Output("o", "/opt/ml/output/o", f"s3://{BUCKET}/o"),))
    work.run(spec)
    assert work.jobs.spec("processing", "kept") == spec


def test_a_folder_that_cannot_be_written(work: Workshop) -> None:
    shutil.rmtree(work.home.jobs_folder)
    work.home.jobs_folder.write_text("in the way")
    with pytest.raises(EndpointError, match="PC821"):
        work.jobs.launch(work.spec("blocked", "pass"))


def test_many_at_once(work: Workshop) -> None:
    for number in range(16):
        work.jobs.launch(work.spec(f"job-{number}", f"print({number})"))
    ended = {work.ends.get(timeout=PATIENCE)[1] for _ in range(16)}
    assert len(ended) == 16
    assert all(work.log(f"job-{number}") == f"{number}\n" for number in range(16))
