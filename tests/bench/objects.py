"""Large objects into local S3 and out again, beside moto's server, all through boto3's own transfers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import peers
from tests.bench.endpoint import Endpoint, megabytes_of, running
from tests.bench.row import Row, median_seconds

SIZE = 100 * 1000 * 1000
LARGE = 1000 * 1000 * 1000


@contextmanager
def moto() -> Iterator[Endpoint]:
    """Run moto's own server in a process of its own, as its users do."""
    command = [peers.python() or sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                found = re.search(r"http://127\.0\.0\.1:\d+", line)
                if found:
                    yield Endpoint(found[0], "testing", "testing")
                    break
            else:
                raise RuntimeError("moto's server did not start")
        finally:
            process.kill()


def transfer(endpoint: Endpoint, source: Path) -> tuple[float, float]:
    """Return the median seconds of an upload and of a download."""
    client = endpoint.client("s3")
    client.create_bucket(Bucket="bench")
    target = source.with_suffix(".back")
    upload = median_seconds(lambda: client.upload_file(str(source), "bench", "large"), 3)
    download = median_seconds(lambda: client.download_file("bench", "large", str(target)), 3)
    if target.stat().st_size != SIZE:
        raise RuntimeError("the object came back with another size")
    return upload, download


def growth(endpoint: Endpoint, source: Path) -> float:
    """Return by how many megabytes the endpoint's process grows at most, while 1 GB comes in and goes out."""
    client = endpoint.client("s3")
    before = megabytes_of(endpoint.pid, peak=True)
    with source.open("wb") as file:
        file.truncate(LARGE)
    client.upload_file(str(source), "bench", "larger")
    client.download_file("bench", "larger", str(source))
    return megabytes_of(endpoint.pid, peak=True) - before


def measure() -> list[Row]:
    """Upload and download, ours then moto's."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "large"
        source.write_bytes(os.urandom(SIZE))
        with running() as endpoint:
            up, down = transfer(endpoint, source)
            more = growth(endpoint, Path(folder) / "larger")
        with moto() as endpoint:
            moto_up, moto_down = transfer(endpoint, source)
    return [
        Row("100 MB into local S3", up, 0.4, "moto's server", moto_up),
        Row("100 MB out of local S3", down, 0.4, "moto's server", moto_down),
        Row("memory, more for 1 GB in and out than for 100 MB", more, 32, unit="MB"),
    ]
