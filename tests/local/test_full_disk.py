"""A disk that is full: all stays readable, results are written, and work goes on when there is room."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o size="$2" tmpfs "$1"'
INSIDE = f"""
set -e
{MOUNT}
shift 2
exec "$@"
"""


def on_a_small_disk(folder: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run Python code, given the folder, with a file system of that size on the folder."""
    if shutil.which("unshare") is None:
        pytest.skip("this host has no unshare")
    private = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run(
        [*private, MOUNT, "sh", str(folder), size], capture_output=True, check=False
    ).returncode:
        pytest.skip("this host allows no mount namespace")
    command = [*private, INSIDE, "sh", str(folder), size, sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def fill(folder: Path) -> Path:
    """Fill the disk of a folder to its last byte, and return the file that does."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


STORES = """
import sys
from pathlib import Path
from pipecell.errors import EndpointError
from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from pipecell.local.store import Store
from tests.local.test_full_disk import fill

home = Home(Path(sys.argv[1]) / "home").create()
objects, store = ObjectStore(home), Store(home)
store.register("t", "CREATE TABLE t (x BLOB)")
objects.create_bucket("data")
objects.put("data", "kept", b"kept" * 1000)
with store.transaction() as c: c.execute("INSERT INTO t VALUES ('kept')")
codes = []
try:
    objects.put("data", "large", b"x" * 20_000_000)
except EndpointError as error:
    codes.append(error.code)
filler = fill(Path(sys.argv[1]))
try:
    objects.put("data", "kept", b"y" * 100_000)
except EndpointError as error:
    codes.append(error.code)
try:
    with store.transaction() as c: c.execute("INSERT INTO t VALUES (?)", (b"x" * 1_000_000,))
except EndpointError as error:
    codes.append(error.code)
kept = objects.read("data", "kept") == b"kept" * 1000
rows = [row["x"] for row in store.query("SELECT x FROM t")]
filler.unlink()
objects.put("data", "again", b"z")
with store.transaction() as c: c.execute("INSERT INTO t VALUES ('again')")
print(codes, kept, rows, [i.key for i in objects.list("data").objects])
"""


def test_the_stores_keep_what_is_there_and_go_on_when_there_is_room(tmp_path: Path) -> None:
    done = on_a_small_disk(tmp_path, "12m", STORES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['PC806', 'PC806', 'PC806'] True ['kept'] ['again', 'kept']"


JOB = """
import sys
from pathlib import Path
from tests.local.test_full_disk import fill
from tests.local.workshop import Workshop

work = Workshop(Path(sys.argv[1]) / "home")
code = "f = open('/opt/ml/output/x', 'wb', buffering=0)\\nwhile True: f.write(bytes(65536))"
status = work.run_code("greedy", code)
fill(Path(sys.argv[1]))
print(status.status, status.attempt, status.failure_reason.splitlines()[-1])
print(work.jobs.status("processing", "greedy").status)
work.close()
"""


def test_a_job_that_fills_the_disk_has_failed_once_and_says_why(tmp_path: Path) -> None:
    done = on_a_small_disk(tmp_path, "12m", JOB)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Failed 1 The disk of the local endpoint is full", "Failed"]


ENDPOINT = """
import os, sys
from pathlib import Path
from pipecell.local import daemon
from pipecell.local.home import Home
from tests.local.conftest import Clients
from tests.local.test_full_disk import fill

home = Home(Path(sys.argv[1]) / "home")
first = Clients(daemon.start(home))
first("s3").create_bucket(Bucket="data")
first("s3").put_object(Bucket="data", Key="kept", Body=b"kept")
filler = fill(Path(sys.argv[1]))
os.kill(first.info.pid, 9)
first.close()
second = Clients(daemon.start(home))
print(second("s3").get_object(Bucket="data", Key="kept")["Body"].read().decode())
fill(Path(sys.argv[1]))
try:
    second("s3").put_object(Bucket="data", Key="more", Body=bytes(1_000_000))
except second("s3").exceptions.ClientError as error:
    print(error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
filler.unlink()
second("s3").put_object(Bucket="data", Key="more", Body=bytes(1_000_000))
print([each["Key"] for each in second("s3").list_objects_v2(Bucket="data")["Contents"]])
second.close()
daemon.stop(home)
"""


def test_an_endpoint_starts_on_a_full_disk_and_can_be_read(tmp_path: Path) -> None:
    done = on_a_small_disk(tmp_path, "12m", ENDPOINT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["kept", "InsufficientStorage 507", "['kept', 'more']"]
