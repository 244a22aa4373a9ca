"""S3 under load and under attack of kill -9, with real clients in real processes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from pipecell.local.objects import ObjectStore
from tests.local.conftest import Clients
from tests.local.waiting import PATIENCE, wait_until

PART = 5 * 1024 * 1024
IMPATIENT = Config(retries={"total_max_attempts": 1}, connect_timeout=PATIENCE, read_timeout=PATIENCE)


def kilobytes(pid: int, field: str = "VmRSS") -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field))


def content_of(number: int, size: int) -> bytes:
    """Return content that names itself, so that a mixture of two is noticed."""
    seed = hashlib.sha256(str(number).encode()).digest()
    return seed + bytes([number % 256]) * (size - len(seed))


@pytest.fixture
def rising(home: Home) -> Iterator[Any]:
    """Return a function that (re)starts the endpoint and gives an impatient S3 client."""
    made: list[Clients] = []

    def start() -> tuple[EndpointInfo, Any]:
        info = daemon.start(home)
        clients = Clients(info)
        made.append(clients)
        return info, clients("s3", config=IMPATIENT)

    yield start
    for clients in made:
        clients.close()
    daemon.stop(home)


def test_what_was_acknowledged_survives_kills_during_uploads(home: Home, rising: Any) -> None:
    """Writers put versions of their own keys while the server is killed again and again."""
    info, s3 = rising()
    s3.create_bucket(Bucket="data")
    acknowledged: dict[int, int] = {}
    attempted: dict[int, int] = {}
    stop = threading.Event()

    def write(writer: int) -> None:
        version = 0
        clients = Clients(info)
        mine = clients("s3", config=IMPATIENT)
        while not stop.is_set():
            version += 1
            attempted[writer] = version
            try:
                mine.put_object(
                    Bucket="data",
                    Key=f"k{writer}",
                    Body=content_of(version, 300_000),
                    Metadata={"v": str(version)},
                )
                acknowledged[writer] = version
            except (BotoCoreError, ClientError):
                stop.wait(0.02)
        clients.close()

    def are_acknowledged(number: int) -> bool:
        return sum(acknowledged.values()) >= number

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(4):
        goal = sum(acknowledged.values()) + 5
        wait_until(partial(are_acknowledged, goal), "puts are acknowledged")
        os.kill(info.pid, signal.SIGKILL)
        info, s3 = rising()
    stop.set()
    for writer in writers:
        writer.join()
    for number, version in acknowledged.items():
        got = s3.get_object(Bucket="data", Key=f"k{number}")
        found = int(got["Metadata"]["v"])
        assert version <= found <= attempted[number]
        assert got["Body"].read() == content_of(found, 300_000)
    daemon.stop(home)
    store = ObjectStore(home)
    store.sweep()
    kept = [path for path in home.objects_folder.rglob("*") if path.is_file()]
    assert len([path for path in kept if not path.name.startswith(".")]) == 3
    store.close()


def test_a_multipart_upload_goes_on_after_a_kill(home: Home, rising: Any) -> None:
    info, s3 = rising()
    s3.create_bucket(Bucket="data")
    upload = s3.create_multipart_upload(Bucket="data", Key="k")["UploadId"]
    first = s3.upload_part(Bucket="data", Key="k", UploadId=upload, PartNumber=1, Body=b"a" * PART)["ETag"]
    half = send_half_a_part(info, upload)
    os.kill(info.pid, signal.SIGKILL)
    half.kill()
    half.communicate()
    _, s3 = rising()
    assert [
        part["PartNumber"] for part in s3.list_parts(Bucket="data", Key="k", UploadId=upload)["Parts"]
    ] == [1]
    second = s3.upload_part(Bucket="data", Key="k", UploadId=upload, PartNumber=2, Body=b"b" * PART)["ETag"]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    s3.complete_multipart_upload(Bucket="data", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"a" * PART + b"b" * PART


HALF_A_PART = """
import sys, time, boto3
from botocore.config import Config
port, access_key, secret_key, upload = sys.argv[1:]

class Slow:
    def __init__(self): self.at = 0
    def seek(self, at, whence=0): self.at = at if whence == 0 else 5 * 1024 * 1024 + at
    def tell(self): return self.at
    def read(self, size=-1):
        if self.at >= 5 * 1024 * 1024: return b""
        if self.at == 4 * 1024 * 1024 and self.sent:
            print("half", flush=True); time.sleep(60)
        size = 1024 * 1024; self.at += size
        return b"x" * size
    sent = False

body = Slow()
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id=access_key,
    aws_secret_access_key=secret_key, region_name="us-east-1",
    config=Config(s3={"payload_signing_enabled": False}, request_checksum_calculation="when_required"))
s3.meta.events.register("before-send.s3", lambda **_: setattr(body, "sent", True))
s3.upload_part(Bucket="data", Key="k", UploadId=upload, PartNumber=2, Body=body)
"""


def send_half_a_part(info: EndpointInfo, upload: str) -> subprocess.Popen[str]:
    """Return a client that has sent half of a part, and sends no more."""
    half = subprocess.Popen(
        [sys.executable, "-c", HALF_A_PART, str(info.port), info.access_key, info.secret_key, upload],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert half.stdout is not None
    assert half.stdout.readline() == "half\n"
    return half


def test_a_client_that_hangs_up_stores_nothing(home: Home, rising: Any) -> None:
    info, s3 = rising()
    s3.create_bucket(Bucket="data")
    upload = s3.create_multipart_upload(Bucket="data", Key="k")["UploadId"]
    half = send_half_a_part(info, upload)
    half.kill()
    half.communicate()
    assert "Parts" not in s3.list_parts(Bucket="data", Key="k", UploadId=upload)
    part = s3.upload_part(Bucket="data", Key="k", UploadId=upload, PartNumber=1, Body=b"whole")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket="data", Key="k", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"whole"


def test_a_reader_across_a_replacement_reads_one_version(s3: Any, bucket: str) -> None:
    size = 3_000_000
    s3.put_object(Bucket=bucket, Key="k", Body=content_of(1, size))
    stream = s3.get_object(Bucket=bucket, Key="k")["Body"]
    start = stream.read(100_000)
    s3.put_object(Bucket=bucket, Key="k", Body=content_of(2, size))
    assert start + stream.read() == content_of(1, size)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == content_of(2, size)


def test_many_writers_and_readers_of_one_key(s3: Any, bucket: str, client: Clients) -> None:
    versions = {number: content_of(number, 200_000) for number in range(6)}
    s3.put_object(Bucket=bucket, Key="k", Body=versions[0])
    torn: list[str] = []

    def write(number: int) -> None:
        mine = client("s3")
        for _ in range(5):
            mine.put_object(Bucket=bucket, Key="k", Body=versions[number])

    def read() -> None:
        mine = client("s3")
        for _ in range(15):
            got = mine.get_object(Bucket=bucket, Key="k")
            body = got["Body"].read()
            if (
                body not in versions.values()
                or hashlib.md5(body, usedforsecurity=False).hexdigest() not in got["ETag"]
            ):
                torn.append(got["ETag"])

    threads = [threading.Thread(target=write, args=(number,)) for number in (1, 2)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torn == []


def test_large_objects_in_constant_memory(
    own_endpoint: EndpointInfo, own_client: Clients, tmp_path: Path
) -> None:
    s3 = own_client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="warm", Body=b"x" * 1_000_000)
    before = kilobytes(own_endpoint.pid)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(300_000_000)
    with large.open("rb") as file:
        s3.put_object(Bucket="data", Key="large", Body=file)
    stream = s3.get_object(Bucket="data", Key="large")["Body"]
    assert sum(len(chunk) for chunk in stream.iter_chunks(1024 * 1024)) == 300_000_000
    assert kilobytes(own_endpoint.pid, "VmHWM") - before < 60_000


def test_many_keys_are_listed_by_pages(own_endpoint: EndpointInfo, own_client: Clients, home: Home) -> None:
    s3 = own_client("s3")
    s3.create_bucket(Bucket="data")
    keys = [f"{folder:03}/{number:04}" for folder in range(100) for number in range(300)]
    rows = [("data", key.encode(), "0" * 32, 1, "etag", time.time(), "text/plain", "{}") for key in keys]
    store = ObjectStore(home)
    with store.database.transaction() as connection:
        connection.executemany("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    store.close()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="data")
    assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    folders = s3.list_objects_v2(Bucket="data", Delimiter="/")["CommonPrefixes"]
    assert [item["Prefix"] for item in folders] == [f"{folder:03}/" for folder in range(100)]
