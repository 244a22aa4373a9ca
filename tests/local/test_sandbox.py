"""Every kind of sandbox that this machine can do: a private /opt/ml, many at once, the host as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecell.errors import EndpointError
from pipecell.local.work.jobs import Host, S3Input, S3Output
from pipecell.local.work.namespaces import CANNOT_START
from pipecell.local.work.sandbox import Sandbox, available, candidates, choose, replace_ml, works
from tests.local.waiting import wait_until
from tests.local.workshop import BUCKET, SANDBOXES, Workshop, workshop


@pytest.fixture(params=SANDBOXES)
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home", request.param) as made:
        yield made


def names_in_opt() -> list[str]:
    return sorted(path.name for path in Path("/opt").glob("*"))


WORKING = [sandbox for sandbox in candidates(None) if works(sandbox)]


def test_the_machine_of_the_tests_can_do_something_real() -> None:
    assert SANDBOXES, "not even rewriting works"


def test_opt_ml_is_the_jobs_own(work: Workshop) -> None:
    host_before = names_in_opt()
    # A failed job's folder stays to be looked into.
    code = "open('/opt/ml/output/x', 'w').write('1'); exit(int(open('/opt/ml/output/x').read()))"
    assert work.run_code("own", code).exit_code == 1, work.log("own")
    assert (work.jobs.folder_path("processing", "own") / "root/output/x").read_text() == "1"
    assert names_in_opt() == host_before


def test_the_hosts_opt_is_kept(work: Workshop) -> None:
    status = work.run_code("opt", "import os; print(sorted(os.listdir('/opt')))")
    assert status.status == "Completed"
    inside = work.log("opt").splitlines()[-1]
    assert all(repr(name) in inside for name in names_in_opt())


def test_sixteen_at_once_do_not_mix(work: Workshop) -> None:
    code = (
        "import os, time\n"
        "name = os.environ['PIPECELL_JOB'].rpartition('/')[2]\n"
        "open('/opt/ml/output/name', 'w').write(name)\n"
        "time.sleep(0.3)\n"
        "assert open('/opt/ml/output/name').read() == name\n"
        "assert os.listdir('/opt/ml/output') == ['name']\n"
        "print('mine:', name)"
    )
    for number in range(16):
        work.jobs.launch(work.spec(f"job-{number}", code))
    for _ in range(16):
        _, name = work.ends.get(timeout=60)
        assert work.jobs.status("processing", name).status == "Completed", work.log(name)
        assert work.log(name).splitlines()[-1] == f"mine: {name}"


def test_working_directory(work: Workshop) -> None:
    work.run_code("where", "import os; print(os.getcwd())", working_directory="/opt/ml/code")
    directory = work.log("where").splitlines()[-1]
    assert directory == "/opt/ml/code" if work.sandbox != "rewrite" else directory.endswith("/code")


def test_temporary_files_go_into_the_job(work: Workshop) -> None:
    code = "import tempfile, pathlib; print(pathlib.Path(tempfile.mkdtemp()).resolve())"
    work.run_code("temporary", code)
    inside = work.log("temporary").splitlines()[-1]
    root = work.jobs.folder_path("processing", "temporary") / "root"
    where = inside.replace("/opt/ml", str(root))
    assert where.startswith(f"{root}/.pipecell/tmp")
    assert Path(where).is_dir()


def test_sockets_fit_into_the_temporary_folder(work: Workshop) -> None:
    """AF_UNIX paths end at 108 bytes; multiprocessing puts its sockets into TMPDIR."""
    code = (
        "import socket, tempfile\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "s.bind(tempfile.mkdtemp(prefix='pymp-') + '/listener-abcdefgh')\nprint('bound')"
    )
    name = "a" * 63
    assert work.run_code(name, code).status == "Completed", work.log(name)


def test_the_hosts_tmp_can_be_read(work: Workshop, tmp_path: Path) -> None:
    there = tmp_path / "data.txt"
    there.write_text("from the host")
    work.run_code("tmp", f"print(open({str(there)!r}).read())")
    assert work.log("tmp").splitlines()[-1] == "from the host"


def test_stop_reaches_the_job(work: Workshop) -> None:
    code = (
        "import signal, time\nsignal.signal(15, lambda *_: (print('asked'), exit()))\n"
        "print('up', flush=True)\ntime.sleep(600)"
    )
    work.jobs.launch(work.spec("stopped", code))
    work.wait_for_line("stopped", "up")
    work.jobs.stop("processing", "stopped")
    assert work.wait("stopped").status == "Stopped"
    assert "asked" in work.log("stopped")


def test_a_job_that_does_not_listen_ends_by_sigterm(work: Workshop) -> None:
    work.jobs.launch(
        work.spec("plain", "import time\nprint('up', flush=True)\ntime.sleep(600)", grace_seconds=30)
    )
    work.wait_for_line("plain", "up")
    work.jobs.stop("processing", "plain")
    status = work.wait("plain")
    assert (status.status, status.exit_code) == ("Stopped", 143)


def test_exit_codes_pass_through(work: Workshop) -> None:
    assert work.run_code("seven", "raise SystemExit(7)").exit_code == 7
    assert work.run_code("nine", "import os; os.kill(os.getpid(), 9)").exit_code == 137


def test_the_log_holds_only_what_the_job_said(work: Workshop) -> None:
    work.run_code("quiet", "import os; print('last'); os.kill(os.getpid(), 15)")
    lines = [line for line in work.log("quiet").splitlines() if not line.startswith("pipecell: ")]
    assert lines == ["last"]


def test_killed_supervisor_leaves_no_process(work: Workshop, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        f"first = not os.path.exists({str(pids)!r})\n"
        f"open({str(pids)!r}, 'a').write('x')\n"
        "print('up', flush=True)\n"
        "time.sleep(600 if first else 0)"
    )
    work.jobs.launch(work.spec("orphans", code))
    work.wait_for_line("orphans", "up")
    os.kill(work.supervisor("orphans"), 9)
    assert work.wait("orphans").attempt == 2
    folder = str(work.jobs.folder_path("processing", "orphans"))
    from pipecell.local.work.processes import of_job

    wait_until(lambda: not of_job(folder), "every process of the job ends")


def test_objects_cannot_be_changed_through_an_input(work: Workshop) -> None:
    uri = work.put("in/data.txt", "original")
    code = "f = open('/opt/ml/input/data/train/data.txt', 'r+'); f.write('CHANGED!'); f.close()"
    inputs = (S3Input("train", uri, "/opt/ml/input/data/train"),)
    assert work.run_code("writer", code, inputs=inputs).status == "Completed", work.log("writer")
    assert work.get(uri) == b"original"


@pytest.mark.skipif("unshare" not in SANDBOXES, reason="this machine allows no namespaces")
def test_the_store_itself_cannot_be_written_to(tmp_path: Path) -> None:
    with workshop(tmp_path / "home", "unshare") as work:
        uri = work.put("in/data.txt", "original")
        objects = work.home.objects_folder
        code = (
            f"import pathlib; [p.write_text('CHANGED!') for p in pathlib.Path({str(objects)!r}).glob('??/*')]"
        )
        assert work.run_code("vandal", code).status == "Failed"
        assert "Read-only file system" in work.log("vandal")
        assert work.get(uri) == b"original"


@pytest.mark.skipif("unshare" not in SANDBOXES, reason="this machine allows no namespaces")
def test_a_sandbox_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    sandbox = choose(str(tmp_path / "cache"), "unshare")
    nowhere = str(tmp_path / "nowhere")
    done = subprocess.run(
        sandbox.command(["true"], nowhere, "/opt/ml"),
        preexec_fn=sandbox.entry(nowhere, "/opt/ml", [nowhere]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == CANNOT_START
    assert "/opt/ml cannot be made" in done.stderr


def test_outputs_through_links_of_the_job(work: Workshop) -> None:
    code = (
        "import os\n"
        "os.makedirs('/opt/ml/output/o/sub', exist_ok=True)\n"
        "open('/opt/ml/output/real', 'w').write('real')\n"
        "os.symlink('/opt/ml/output/real', '/opt/ml/output/o/absolute')\n"
        "os.symlink('../../real', '/opt/ml/output/o/sub/relative')\n"
        "os.symlink('/etc/passwd', '/opt/ml/output/o/outside')\n"
        "os.symlink('../../../../../../../../etc/passwd', '/opt/ml/output/o/climbing')\n"
        "os.symlink('/opt/ml/output/o', '/opt/ml/output/o/circle')\n"
        "os.symlink('nothing', '/opt/ml/output/o/dangling')\n"
        "os.mkfifo('/opt/ml/output/o/pipe')"
    )
    outputs = (S3Output("o", "/opt/ml/output/o", f"s3://{BUCKET}/out"),)
    assert work.run_code("links", code, outputs=outputs).status == "Completed", work.log("links")
    assert work.keys("out") == ["out/absolute", "out/sub/relative"]
    assert work.get(f"s3://{BUCKET}/out/absolute") == b"real"
    assert "outside of /opt/ml/output/o is no file of this job" in work.log("links")


def test_code_and_configuration_see_one_opt_ml(work: Workshop) -> None:
    """What a script and its configuration name is the same place, in every kind of sandbox."""
    script = (
        "import json, os, sys\n"
        "config = json.load(open('/opt/ml/config/paths.json'))\n"
        "assert os.path.samefile(config['here'], '/opt/ml/config'), config\n"
        "assert os.path.samefile(os.environ['HERE'], '/opt/ml/config')\n"
        "assert os.path.samefile(sys.argv[1], '/opt/ml/config')\n"
        "print('one place')\n"
    )
    uri = work.put("code/run.py", script)
    status = work.run(
        work.spec(
            "paths",
            "",
            command=(sys.executable, "/opt/ml/processing/input/code/run.py", "/opt/ml/config"),
            inputs=(S3Input("code", uri, "/opt/ml/processing/input/code"),),
            hosts=(
                Host(
                    "algo-1",
                    {"HERE": "/opt/ml/config"},
                    {"/opt/ml/config/paths.json": {"here": "/opt/ml/config"}},
                ),
            ),
        )
    )
    assert status.status == "Completed", work.log("paths")


def test_rewriting_says_so_and_leaves_data_alone(tmp_path: Path) -> None:
    with workshop(tmp_path / "home", "rewrite") as work:
        code = work.put("code/run.py", "print(open('/opt/ml/processing/input/data/note.py').read())")
        data = work.put("data/note.py", "/opt/ml stays")
        status = work.run(
            work.spec(
                "honest",
                "",
                command=(sys.executable, "/opt/ml/processing/input/code/run.py"),
                inputs=(
                    S3Input("code", code, "/opt/ml/processing/input/code"),
                    S3Input("data", data, "/opt/ml/processing/input/data"),
                ),
            )
        )
        assert status.status == "Completed", work.log("honest")
        lines = work.log("honest").splitlines()
        assert "allows no mount namespaces" in lines[0]
        assert lines[-1] == "/opt/ml stays"


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("/opt/ml", "/R"),
        ("/opt/ml/model", "/R/model"),
        ("--data=/opt/ml/input:/opt/ml/output", "--data=/R/input:/R/output"),
        ("'/opt/ml'", "'/R'"),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/opt/ml-data", "/opt/ml-data"),
        ("/srv/opt/ml", "/srv/opt/ml"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_replace_ml(text: str, replaced: str) -> None:
    assert replace_ml(text, "/R") == replaced


def test_choosing_is_remembered(tmp_path: Path) -> None:
    first = choose(str(tmp_path / "cache"))
    remembered = json.loads((tmp_path / "cache/sandbox-best.json").read_text())
    assert remembered["sandbox"]["kind"] == first.kind == SANDBOXES[0]
    # What is remembered is believed: no second probe.
    remembered["sandbox"]["kind"] = "rewrite"
    (tmp_path / "cache/sandbox-best.json").write_text(json.dumps(remembered))
    assert choose(str(tmp_path / "cache")).kind == "rewrite"
    # After a reboot, or with another PATH, it is probed again.
    remembered["mark"] = "another boot"
    (tmp_path / "cache/sandbox-best.json").write_text(json.dumps(remembered))
    assert choose(str(tmp_path / "cache")).kind == first.kind


def test_asking_for_nonsense(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="PC823"):
        choose(str(tmp_path), "docker")


def test_a_kind_that_does_not_work_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EndpointError, match="does not work"):
        choose(str(tmp_path), "bwrap")
    assert choose(str(tmp_path)).kind == "rewrite"


def test_available(tmp_path: Path) -> None:
    assert available(str(tmp_path)) == SANDBOXES


@pytest.mark.parametrize("sandbox", WORKING, ids=lambda each: str(each.to_json()))
def test_every_way_that_works(sandbox: Sandbox, tmp_path: Path) -> None:
    """Also the ways that this machine does not choose: without process namespaces, with a user namespace."""
    with workshop(tmp_path / "home", sandbox.kind) as work:
        cache = work.home.cache_folder / f"sandbox-{sandbox.kind}.json"
        choose(str(work.home.cache_folder), sandbox.kind)
        document = json.loads(cache.read_text())
        cache.write_text(json.dumps(document | {"sandbox": sandbox.to_json()}))
        assert work.run_code("fine", "open('/opt/ml/output/x', 'w')").status == "Completed"
        work.jobs.launch(work.spec("long", "import time\nprint('up', flush=True)\ntime.sleep(600)"))
        work.wait_for_line("long", "up")
        work.jobs.stop("processing", "long")
        assert work.wait("long").exit_code == 143
