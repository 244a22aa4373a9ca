"""The background process, with real processes: one for each home, found again, ended cleanly."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecell.errors import EndpointError
from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from tests.local.conftest import Clients
from tests.local.waiting import PATIENCE, wait_until


@pytest.fixture(autouse=True)
def _nothing_is_left_running(home: Home) -> Iterator[None]:
    yield
    daemon.stop(home)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), f"process {pid} ends")


def test_start_find_stop(home: Home) -> None:
    assert daemon.find(home) is None
    assert daemon.status(home).to_json() == {
        "running": False,
        "endpoint": None,
        "pid": None,
        "home": str(home.root),
        "version": None,
    }
    info = daemon.start(home)
    assert is_alive(info.pid)
    assert daemon.find(home) == info
    assert daemon.status(home).to_json()["endpoint"] == info.endpoint
    assert info.secret_key not in repr(info)
    assert daemon.stop(home) is True
    wait_until(lambda: not is_alive(info.pid), "the process ends")
    assert daemon.stop(home) is False


def test_starting_again_finds_the_same(home: Home) -> None:
    assert daemon.start(home) == daemon.start(home)


def test_starters_that_race_share_one(home: Home) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom pipecell.local import daemon\n"
        "from pipecell.local.home import Home\n"
        "info = daemon.start(Home(Path(sys.argv[1])))\nprint(info.pid, info.endpoint)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", program, str(home.root)], stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    answers = {starter.communicate(timeout=2 * PATIENCE)[0] for starter in starters}
    assert len(answers) == 1
    assert [starter.returncode for starter in starters] == [0] * 5


def test_threads_that_race_share_one(home: Home) -> None:
    found: list[EndpointInfo] = []
    threads = [threading.Thread(target=lambda: found.append(daemon.start(home))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({info.pid for info in found}) == 1


def test_it_outlives_its_starter_and_its_terminal(home: Home) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom pipecell.local import daemon\n"
        "from pipecell.local.home import Home\n"
        "print(daemon.start(Home(Path(sys.argv[1]))).pid, flush=True)\n"
        "os.killpg(0, signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(home.root)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    info = daemon.find(home)
    assert info is not None
    assert info.pid == int(done.stdout)
    assert os.getsid(info.pid) not in {os.getsid(0), 0}
    assert Path(f"/proc/{info.pid}/stat").read_text().rpartition(")")[2].split()[1] != str(os.getpid())


def test_after_kill_9_it_starts_again_with_all_and_where_it_was(home: Home) -> None:
    first = daemon.start(home)
    clients = Clients(first)
    s3 = clients("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="key", Body=b"kept")
    kill(first.pid)
    assert daemon.status(home).running is False
    second = daemon.start(home)
    assert (second.port, second.access_key, second.secret_key) == (
        first.port,
        first.access_key,
        first.secret_key,
    )
    assert second.pid != first.pid
    # The client of the first one goes on.
    assert s3.get_object(Bucket="data", Key="key")["Body"].read() == b"kept"
    clients.close()


def test_another_program_on_the_last_port_moves_it(home: Home) -> None:
    first = daemon.start(home)
    daemon.stop(home)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        assert daemon.start(home).port != first.port


def test_a_taken_port_that_was_asked_for_is_an_error(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(EndpointError, match="another program uses the port") as caught:
            daemon.start(home, port=other.getsockname()[1])
    assert caught.value.code == "PC804"
    assert daemon.find(home) is None
    daemon.start(home)


def test_a_running_one_is_not_moved(home: Home) -> None:
    info = daemon.start(home)
    assert daemon.start(home, port=info.port) == info
    with pytest.raises(EndpointError, match=f"on port {info.port}") as caught:
        daemon.start(home, port=info.port + 1)
    assert caught.value.code == "PC809"


def test_a_second_server_by_hand_is_refused(home: Home) -> None:
    info = daemon.start(home)
    second = subprocess.run(
        [sys.executable, "-m", "pipecell.local.daemon", "--home", str(home.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {info.pid}" in second.stderr
    assert daemon.find(home) == info


def test_a_stale_process_id_harms_nobody(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        info = daemon.start(home)
        daemon.stop(home)
        document = json.loads(home.endpoint_file.read_text())
        home.endpoint_file.write_text(json.dumps({**document, "pid": bystander.pid}))
        home.lock_file.write_text(str(bystander.pid))
        assert daemon.find(home) is None
        assert daemon.stop(home) is False
        assert daemon.start(home).pid not in {bystander.pid, info.pid}
        daemon.stop(home)
        assert bystander.poll() is None
        bystander.communicate(b"\n")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_endpoint_file_is_written_anew(home: Home, content: str) -> None:
    home.endpoint_file.write_text(content)
    assert daemon.find(home) is None
    assert daemon.start(home) == daemon.find(home)


def test_another_version_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    info = daemon.start(home)
    monkeypatch.setattr(daemon, "installed_version", lambda: "99.0")
    with pytest.raises(EndpointError, match=rf"{info.version}; this is 99\.0") as caught:
        daemon.start(home)
    assert caught.value.code == "PC803"
    assert "local stop" in caught.value.hint
    assert daemon.status(home).running
    assert daemon.stop(home)


def test_a_home_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(EndpointError) as caught:
            daemon.start(Home(root))
        assert caught.value.code == "PC801"


def test_a_damaged_database_is_reported_by_the_starter(home: Home) -> None:
    home.state_database.write_bytes(b"not a database" * 1000)
    with pytest.raises(EndpointError, match=r"state\.db is damaged") as caught:
        daemon.start(home)
    assert caught.value.code == "PC807"
    assert "state.db" in home.server_log.read_text()


@pytest.mark.parametrize("name", ["state.db", "objects.db"])
def test_a_database_that_was_emptied_is_no_new_one(home: Home, name: str) -> None:
    daemon.start(home)
    daemon.stop(home)
    os.truncate(home.root / name, 0)
    with pytest.raises(EndpointError, match=rf"{name} is damaged .it is empty.") as caught:
        daemon.start(home)
    assert caught.value.code == "PC807"
    assert (home.root / name).stat().st_size == 0


def test_one_that_does_not_answer_is_named_and_can_be_stopped(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_HEALTH_SECONDS", 0.3)
    info = daemon.start(home)
    os.kill(info.pid, signal.SIGSTOP)
    try:
        with pytest.raises(EndpointError, match="does not answer") as caught:
            daemon.find(home)
        assert caught.value.code == "PC810"
        monkeypatch.setattr(daemon, "STOP_SECONDS", 0.3)
        # SIGTERM waits for it to wake up; SIGKILL does not.
        assert daemon.stop(home) is True
    finally:
        if is_alive(info.pid):
            os.kill(info.pid, signal.SIGCONT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(home: Home, number: signal.Signals) -> None:
    info = daemon.start(home)
    os.kill(info.pid, number)
    wait_until(lambda: not is_alive(info.pid), "the process ends")
    assert home.server_log.read_text().rstrip().endswith("Stopped")


def test_a_request_in_progress_does_not_hold_it_up(home: Home) -> None:
    info = daemon.start(home)
    with socket.create_connection(("127.0.0.1", info.port), timeout=PATIENCE) as connection:
        connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf")
        os.kill(info.pid, signal.SIGTERM)
        wait_until(lambda: not is_alive(info.pid), "the process ends")


def test_the_starters_own_aws_settings_stay_outside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-users-own")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    info = daemon.start(home)
    environment = Path(f"/proc/{info.pid}/environ").read_bytes()
    assert b"the-users-own" not in environment
    assert b"MPLBACKEND" not in environment


def test_the_secret_is_not_on_the_command_line(home: Home) -> None:
    info = daemon.start(home)
    assert info.secret_key.encode() not in Path(f"/proc/{info.pid}/cmdline").read_bytes()
    assert info.secret_key.encode() not in Path(f"/proc/{info.pid}/environ").read_bytes()


def test_reset_removes_only_what_is_ours(home: Home) -> None:
    info = daemon.start(home)
    (home.root / "notes.txt").write_text("mine")
    daemon.reset(home)
    wait_until(lambda: not is_alive(info.pid), "the process ends")
    assert [path.name for path in home.root.iterdir()] == ["notes.txt"]


def test_reset_can_be_followed_by_a_start(home: Home) -> None:
    first = daemon.start(home)
    daemon.reset(home)
    second = daemon.start(home)
    assert second.secret_key != first.secret_key


def test_reset_refuses_a_folder_that_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "thesis.tex").write_text("years of work")
    with pytest.raises(EndpointError, match="nothing was removed") as caught:
        daemon.reset(Home(tmp_path))
    assert caught.value.code == "PC802"
    assert (tmp_path / "objects" / "thesis.tex").exists()
    daemon.reset(Home(tmp_path / "missing"))


def test_reset_removes_folders_that_a_job_has_closed(home: Home) -> None:
    closed = home.jobs_folder / "training" / "job" / "root"
    closed.mkdir(parents=True)
    (closed / "file").write_text("")
    closed.chmod(0o000)
    daemon.reset(home)
    assert not home.jobs_folder.exists()


def test_a_long_log_is_put_aside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.server_log.write_bytes(b"x" * (6 * 1024 * 1024))
    daemon.start(home)
    assert home.server_log.stat().st_size < 100_000
    assert home.server_log.with_name("server.log-1").exists()


def test_the_lock_is_let_go_by_the_system(home: Home) -> None:
    info = daemon.start(home)
    with home.lock_file.open() as file:

        def is_free() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        assert not is_free()
        os.kill(info.pid, signal.SIGKILL)
        wait_until(is_free, "the lock is free")


def test_idle_memory_is_small(home: Home) -> None:
    info = daemon.start(home)
    clients = Clients(info)
    clients("s3").list_buckets()
    clients("sts").get_caller_identity()
    clients("sagemaker").list_pipelines()
    clients.close()
    status = Path(f"/proc/{info.pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert kilobytes < 120_000
