"""Servers, supervisors and jobs killed at random instants: every job ends, once, with its outputs whole."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from pipecell.local.work.jobs import JobSpec, S3Input, S3Output
from pipecell.local.work.processes import of_job
from tests.local.waiting import PATIENCE, wait_until
from tests.local.workshop import BUCKET, SANDBOXES, Workshop, is_running, workshop

JOBS = 4
KILLS = 12

CODE = """
import pathlib, time
out = pathlib.Path('/opt/ml/processing/output')
assert not list(out.iterdir()), 'an earlier attempt left something'
for number in range(20):
    print('line', number, flush=True)
    (out / f'{number}.txt').write_text('x' * 1000)
    time.sleep(0.01)
data = pathlib.Path('/opt/ml/processing/input/in.txt').read_text()
(out / 'done.txt').write_text(data)
"""


def job(work: Workshop, name: str, mark: Path) -> JobSpec:
    """Return a job with input and output that leaves a mark at its end."""
    return work.spec(
        name,
        "",
        command=(sys.executable, "-c", CODE + f"\nopen({str(mark)!r}, 'a').write('x')"),
        inputs=(S3Input("in", f"s3://{BUCKET}/in.txt", "/opt/ml/processing/input"),),
        outputs=(S3Output("out", "/opt/ml/processing/output", f"s3://{BUCKET}/{name}"),),
    )


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_kills(tmp_path: Path, sandbox: str, seed: int) -> None:
    chance = random.Random(seed)
    with workshop(tmp_path / "home", sandbox) as work:
        work.put("in.txt", "from the input")
        names = [f"job-{number}" for number in range(JOBS)]
        for name in names:
            work.jobs.launch(job(work, name, tmp_path / name))
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.08))
            kill_one(work, chance, names)
        wait_until(lambda: all(work.jobs.status("processing", name).is_final for name in names), "every end")
        assert work.jobs.wait_until_idle(PATIENCE)
        for name in names:
            status = work.jobs.status("processing", name)
            assert status.status == "Completed", (status, work.log(name), supervisor_log(work, name))
            assert sorted(work.keys(f"{name}/")) == sorted(
                f"{name}/{file}.txt" for file in [*map(str, range(20)), "done"]
            )
            assert work.get(f"s3://{BUCKET}/{name}/done.txt") == b"from the input"
            assert work.log(name).rstrip().endswith("line 19")
            assert not of_job(str(work.jobs.folder_path("processing", name)))
        work.wait_until_put_away()


def kill_one(work: Workshop, chance: random.Random, names: list[str]) -> None:
    """Restart the server, or kill the nursery, or a supervisor that runs."""
    what = chance.choice(["server", "nursery", "supervisor", "supervisor"])
    if what == "server":
        work.restart()
    elif what == "nursery":
        nursery = work.jobs._spawner._nursery
        if nursery is not None:
            nursery.kill()
    else:
        name = chance.choice(names)
        lock = work.jobs.folder_path("processing", name) / "lock"
        content = lock.read_text().strip() if lock.exists() else ""
        running = content and not work.jobs.status("processing", name).is_final and is_running(int(content))
        if running and work.jobs.status("processing", name).attempt < 5:
            os.kill(int(content), signal.SIGKILL)


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_killed_job_is_a_failed_job(tmp_path: Path, sandbox: str) -> None:
    """Not a killed supervisor: the job's own process had its chance, as on AWS."""
    with workshop(tmp_path / "home", sandbox) as work:
        code = "import time\nprint('up', flush=True)\ntime.sleep(600)"
        work.jobs.launch(work.spec("shot", code))
        work.wait_for_line("shot", "up")
        folder = str(work.jobs.folder_path("processing", "shot"))
        for pid in of_job(folder):
            with contextlib.suppress(OSError):  # it ended meanwhile
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if any(b"time.sleep" in word for word in words[2:3]):
                    os.kill(pid, signal.SIGKILL)
        status = work.wait("shot")
        assert (status.status, status.exit_code, status.attempt) == ("Failed", 137, 1)


def supervisor_log(work: Workshop, name: str) -> str:
    return (work.jobs.folder_path("processing", name) / "supervisor.log").read_text()
