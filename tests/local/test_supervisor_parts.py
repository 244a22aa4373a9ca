"""The parts of a supervisor that need no job: reasons, logs, metrics, watching, the toolkit's arguments."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pipecell.local.work import watcher as watching
from pipecell.local.work.failure import MAX_CHARACTERS, failure_reason
from pipecell.local.work.folder import HostFolder, JobFolder, read_json, write_json
from pipecell.local.work.joblog import ENTRY, LogStream, last_lines
from pipecell.local.work.metrics import final_metrics
from pipecell.local.work.processes import descendants
from pipecell.local.work.scripts import script_command
from pipecell.local.work.spawn import Spawner
from pipecell.local.work.toolkit import arguments, decode, environment
from pipecell.local.work.watcher import Watcher
from tests.local.waiting import PATIENCE, wait_until


class TestReasons:
    def test_processing(self) -> None:
        reason = failure_reason("processing", 2, ["pipecell: a note", "one", "two"])
        assert reason == "AlgorithmError: See job logs for more information, exit code: 2\none\ntwo"

    def test_nothing_was_said(self) -> None:
        reason = failure_reason("processing", 1, [])
        assert reason == "AlgorithmError: See job logs for more information, exit code: 1"

    def test_script(self) -> None:
        reason = failure_reason("script", 1, ["KeyError: 'a'"], command="python train.py")
        assert reason == (
            "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"KeyError: 'a'\"\n"
            'Command "python train.py", exit code: 1'
        )

    @pytest.mark.parametrize("style", ["processing", "algorithm", "script"])
    def test_as_many_last_lines_as_fit(self, style: str) -> None:
        lines = [f"line {number} " + "x" * 90 for number in range(100)]
        reason = failure_reason(style, 1, lines, command="c" * 5000)
        assert len(reason) <= MAX_CHARACTERS
        assert lines[-1] in reason
        assert lines[0] not in reason

    def test_one_line_that_is_too_long_keeps_its_end(self) -> None:
        reason = failure_reason("processing", 1, ["x" * 5000 + "the end"])
        assert len(reason) <= MAX_CHARACTERS
        assert reason.endswith("the end")

    def test_what_the_job_wrote_goes_first(self) -> None:
        reason = failure_reason("algorithm", 3, ["noise"], written="m" * 5000)
        assert len(reason) <= MAX_CHARACTERS
        assert reason.startswith("AlgorithmError: mmm")
        assert reason.endswith(", exit code: 3")


class TestLogs:
    @pytest.fixture
    def stream(self, tmp_path: Path) -> LogStream:
        (tmp_path / "log").write_bytes(b"one\ntwo \xff\r\n\nfour")
        (tmp_path / "index").write_bytes(ENTRY.pack(4, 1000) + ENTRY.pack(12, 2000) + b"torn")
        return LogStream("algo-1", tmp_path / "log", tmp_path / "index")

    def test_lines_with_their_times(self, stream: LogStream) -> None:
        events = stream.events()
        assert [(event.message, event.timestamp) for event in events[:2]] == [
            ("one", 1000),
            ("two \ufffd", 2000),
        ]
        assert [event.message for event in events] == ["one", "two \ufffd", ""]
        assert [event.message for event in stream.events(finished=True)][-1] == "four"

    def test_times_never_go_back(self, stream: LogStream) -> None:
        times = [event.timestamp for event in stream.events(finished=True)]
        assert times == sorted(times)

    def test_paging(self, stream: LogStream) -> None:
        first = stream.events(limit=2)
        assert [event.message for event in stream.events(first[-1].end)] == [""]

    def test_no_log_yet(self, tmp_path: Path) -> None:
        stream = LogStream("algo-1", tmp_path / "log", tmp_path / "index")
        assert (stream.events(), stream.size, stream.last_lines(3)) == ([], 0, [])

    def test_escaped(self, tmp_path: Path) -> None:
        (tmp_path / "log").write_text("[0]\ttrain\x1b[0m\n")
        stream = LogStream("algo-1", tmp_path / "log", tmp_path / "none", escaped=True)
        assert stream.events()[0].message == "[0]#011train#033[0m"

    def test_last_lines_read_only_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        path.write_text("".join(f"line {number}\n" for number in range(100_000)))
        assert last_lines(str(path), 2) == ["line 99998", "line 99999"]
        assert len(last_lines(str(path), 10**6, at_most=1000)) < 100

    def test_metrics(self, tmp_path: Path) -> None:
        (tmp_path / "log").write_text(
            "loss=1;\nloss=nan;\nloss=0.5; loss=0.25;\nloss=x;\n[3]\tv-auc:0.9\tv-err:1\n"
        )
        definitions = [
            {"name": "loss", "regex": "loss=(.*?);"},
            {"name": "auc", "regex": r".*#011v-auc:(\S+)"},
            {"name": "none", "regex": "none=(.*)"},
        ]
        found = final_metrics(definitions, str(tmp_path / "log"), str(tmp_path / "index"))
        assert [(each["name"], each["value"]) for each in found] == [("loss", 0.25), ("auc", 0.9)]


class TestFolders:
    def test_inside(self, tmp_path: Path) -> None:
        host = HostFolder(str(tmp_path))
        assert host.inside("/opt/ml") == f"{tmp_path}/root"
        assert host.inside("/opt/ml/input/../model") == f"{tmp_path}/root/model"
        for path in ("/etc", "/opt/mlflow", "/opt/ml/../x", "relative"):
            with pytest.raises(ValueError, match="not below"):
                host.inside(path)

    def test_json_is_whole_or_not_there(self, tmp_path: Path) -> None:
        path = str(tmp_path / "x.json")
        assert read_json(path) is None
        write_json(path, {"a": 1}, durable=True)
        with pytest.raises(TypeError):
            write_json(path, {"a": object()})
        assert read_json(path) == {"a": 1}
        assert [each.name for each in tmp_path.iterdir()] == ["x.json"]

    def test_nobody_holds_a_job(self, tmp_path: Path) -> None:
        folder = JobFolder(str(tmp_path))
        assert folder.holder() is None
        Path(folder.lock).write_text("1\n")
        assert folder.holder() is None
        assert folder.attempts() == 0


class TestWatcher:
    @pytest.fixture(params=["pidfd", "polling"])
    def watcher(
        self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[tuple[Watcher, queue.Queue[object]]]:
        if request.param == "polling":
            monkeypatch.setattr(watching, "open_pidfd", lambda pid: None)
        ended: queue.Queue[object] = queue.Queue()
        made = Watcher(ended.put)
        yield made, ended
        made.close()

    def test_end(self, watcher: tuple[Watcher, queue.Queue[object]]) -> None:
        process = subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE)
        watcher[0].watch("job", process.pid)
        time.sleep(0.1)
        assert watcher[1].empty()
        process.communicate(b"\n")
        assert watcher[1].get(timeout=PATIENCE) == "job"

    def test_gone_already(self, watcher: tuple[Watcher, queue.Queue[object]]) -> None:
        process = subprocess.Popen(["/bin/true"])
        process.wait()
        watcher[0].watch("job", process.pid)
        assert watcher[1].get(timeout=PATIENCE) == "job"

    def test_later_in_order(self, watcher: tuple[Watcher, queue.Queue[object]]) -> None:
        watcher[0].call_later(3600.0, partial(watcher[1].put, "much later"))
        watcher[0].call_later(0.0, partial(watcher[1].put, "first"))
        assert watcher[1].get(timeout=PATIENCE) == "first"
        watcher[0].call_later(0.05, partial(watcher[1].put, "second"))
        assert watcher[1].get(timeout=PATIENCE) == "second"
        assert watcher[1].empty()

    def test_closing_while_its_thread_comes_by(self) -> None:
        """The thread may see the end before it is woken; then nothing is written to a closed pipe."""

        class Slow(Watcher):
            def _write(self) -> None:
                if self._closed:
                    self._thread.join(0.2)
                super()._write()

        made = Slow(lambda _key: None)
        made.call_later(0.02, lambda: None)
        made.close()
        made.close()

    def test_an_error_does_not_end_the_watch(
        self, watcher: tuple[Watcher, queue.Queue[object]], caplog: pytest.LogCaptureFixture
    ) -> None:
        watcher[0].call_soon(lambda: divmod(1, 0))
        watcher[0].call_soon(partial(watcher[1].put, "alive"))
        assert watcher[1].get(timeout=PATIENCE) == "alive"
        assert "ZeroDivisionError" in caplog.text


def test_descendants() -> None:
    script = "sleep 60 & sleep 60 & echo ready; wait"
    process = subprocess.Popen(["/bin/sh", "-c", f"/bin/sh -c '{script}'; true"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        below = descendants(process.pid)
        assert len(below) == 3
        assert below[0] not in descendants(process.pid, deeper_than=1)
        assert process.pid in descendants(os.getpid())
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            os.kill(pid, 9)
        process.communicate()


class TestSpawner:
    def test_a_dead_nursery_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "job").mkdir()
        spawner = Spawner(str(tmp_path))
        try:
            spawner.warm_up()
            assert spawner._nursery is not None
            first = spawner._nursery.pid
            os.kill(first, 9)
            pid = spawner.spawn(str(tmp_path / "job"), {})
            assert pid > 0
            assert spawner._nursery.pid != first
        finally:
            spawner.close()

    def test_without_a_nursery(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "job").mkdir()
        monkeypatch.setattr(Spawner, "_ask", staticmethod(lambda nursery, request: None))
        spawner = Spawner(str(tmp_path))
        pid = spawner.spawn(str(tmp_path / "job"), dict(os.environ))
        spawner.close()
        # Without a specification it ends with an error in its own log, not ours.
        wait_until((tmp_path / "job/claim").exists, "the supervisor claims the job")
        os.waitpid(pid, 0)

    def test_the_nursery_ends_with_its_server(self, tmp_path: Path) -> None:
        spawner = Spawner(str(tmp_path))
        spawner.warm_up()
        nursery = spawner._nursery
        assert nursery is not None
        spawner.close()
        assert nursery.returncode == 0


class TestToolkit:
    def test_arguments(self) -> None:
        own = {"b": 1, "alpha": 0.5, "flag": True, "none": None, "map": {"y": 2, "x": 1}, "text": "a b"}
        assert arguments(own) == (
            *(
                "--alpha",
                "0.5",
                "-b",
                "1",
                "--flag",
                "True",
                "--map",
                "x=1,y=2",
                "--none",
                "",
                "--text",
                "a b",
            ),
        )

    def test_decode(self) -> None:
        assert decode({"a": '"text"', "b": "5", "c": "plain", "d": "[1]"}) == {
            "a": "text",
            "b": 5,
            "c": "plain",
            "d": [1],
        }

    def test_environment(self) -> None:
        resources = {
            "current_host": "algo-2",
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1", "algo-2"],
            "instance_groups": [],
            "network_interface_name": "lo",
        }
        made = environment(
            hyperparameters={"epochs": 3, "sagemaker_program": "a/b.py", "sagemaker_x": 1},
            channels={"train": {}, "my-data": {}},
            resources=resources,
            job_name="job",
        )
        assert made["SM_HPS"] == '{"epochs":3}'
        assert made["SM_HP_EPOCHS"] == "3"
        assert made["SM_CHANNELS"] == '["my-data","train"]'
        assert made["SM_CHANNEL_MY-DATA"] == "/opt/ml/input/data/my-data"
        assert made["SM_MODULE_NAME"] == "a.b"
        assert made["SM_FRAMEWORK_PARAMS"] == '{"sagemaker_x":1}'
        assert made["SM_FRAMEWORK_MODULE"] == ""
        training = json.loads(made["SM_TRAINING_ENV"])
        assert (training["is_master"], training["master_hostname"]) == (False, "algo-1")
        assert all(isinstance(value, str) for value in made.values())

    def test_script_commands(self, tmp_path: Path) -> None:
        script = {"program": "train.py", "arguments": ["-n", "a b"]}
        assert script_command("py", script, str(tmp_path)) == ["py", "train.py", "-n", "a b"]
        (tmp_path / "requirements.txt").touch()
        assert script_command("py", script, str(tmp_path))[-4:] == ["py", "train.py", "-n", "a b"]
        assert "pip install -r requirements.txt" in script_command("py", script, str(tmp_path))[2]
        (tmp_path / "setup.py").touch()
        assert "-m" in script_command("py", script, str(tmp_path))
        shell = {"program": "go.sh", "arguments": ["a b"]}
        assert "./go.sh 'a b'" in script_command("py", shell, str(tmp_path))


def test_supervisors_import_the_standard_library_only() -> None:
    """A supervisor runs without site-packages: -S."""
    package = Path(watching.__file__).parents[3]
    code = (
        f"import sys; sys.path.insert(0, {str(package)!r}); import pipecell.local.work.supervisor\n"
        "import pipecell.local.objects, pipecell.local.listing\n"
        "print(sorted(name for name in ('botocore', 'numpy', 'platformdirs', 'moto') if name in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
