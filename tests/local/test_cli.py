"""The shell command as a process: definitions and notebooks, checked, run, watched and stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pipecell.local import daemon
from pipecell.local.home import Home
from tests.local.test_execution import WAIT_FOR_FILE, definition, step
from tests.local.test_magics import NO_CREDENTIALS, body

SECONDS = 300


class Shell:
    """Runs ``pipecell`` with a home of its own and no AWS account in reach."""

    def __init__(self, home: Home, folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {**kept, **NO_CREDENTIALS, "PIPECELL_HOME": str(home.root)}
        self.folder = folder

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "pipecell.cli", *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command with ``--json`` and return what it printed."""
        done = self(*words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def definition(self, name: str, *steps: dict[str, Any]) -> str:
        """Write a definition file."""
        (self.folder / f"{name}.json").write_text(json.dumps(definition(*steps)))
        return f"{name}.json"

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook."""
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(made, self.folder / f"{name}.ipynb")
        return f"{name}.ipynb"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home for the commands of this module."""
    found = Home(tmp_path_factory.mktemp("cli") / "home")
    yield found
    daemon.stop(found)


@pytest.fixture
def shell(place: Home, tmp_path: Path) -> Shell:
    return Shell(place, tmp_path)


def test_a_definition_runs_and_waits(shell: Shell) -> None:
    file = shell.definition("CliRun", step("A", "print('hello')"), step("B", "print('b')", "A"))
    found = shell.json("run", file, "--wait", "--set", "Rounds=7")
    assert (found["pipeline"], found["engine"], found["target"]) == ("CliRun", "sagemaker", "local")
    assert (found["status"], found["failure_reason"]) == ("Succeeded", None)
    assert found["parameters"] == {"Rounds": 7}
    assert [entry["name"] for entry in found["steps"]] == ["A", "B"]
    arn = found["execution_arn"]
    assert shell.json("watch", arn)["status"] == "Succeeded"
    assert shell.json("watch", arn, "--once") == shell.json("watch", arn)
    assert shell("logs", arn, "A").stdout == "hello\n"
    line = json.loads(shell("logs", arn, "A", "--json").stdout)
    assert (line["message"], set(line)) == ("hello", {"time", "stream", "message"})
    rows = shell.json("list", "--pipeline", "CliRun")["executions"]
    assert [row["execution_arn"] for row in rows] == [arn]
    wrong = shell("logs", arn, "AA")
    assert (wrong.returncode, wrong.stderr) == (2, 'PC924 — CliRun has no step "AA". Did you mean "A"?\n')


def test_changes_are_lines_where_nothing_can_be_drawn_over(shell: Shell) -> None:
    file = shell.definition("CliLines", step("A", "print('a')"))
    done = shell("run", file, "--wait")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("CliLines  Succeeded")
    assert any(line.startswith("  A  Succeeded") for line in lines)
    assert "\x1b" not in done.stdout
    assert "CliLines: profile smoke, on this machine." in done.stderr


def test_a_failed_run_is_exit_code_1_with_its_reason(shell: Shell) -> None:
    file = shell.definition("CliFails", step("Bad", "import sys; print('oh no'); sys.exit(4)"))
    done = shell("run", file, "--wait", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["status"] == "Failed"
    assert "oh no" in found["steps"][0]["failure_reason"]
    plain = shell("watch", found["execution_arn"])
    assert plain.returncode == 1
    assert "PC701 · step Bad — CliFails ended Failed" in plain.stderr
    assert shell("watch", "last", "--once").returncode == 1


def test_without_wait_it_returns_at_once_and_stop_stops_it(shell: Shell, tmp_path: Path) -> None:
    file = shell.definition("CliStop", step("A", WAIT_FOR_FILE.format(str(tmp_path / "never"))))
    done = shell("run", file)
    assert done.returncode == 0
    assert "CliStop  ● Executing" in done.stdout
    arn = done.stderr.splitlines()[-1].split("`")[1].split()[-1]
    assert shell.json("stop", arn)["status"] in ("Stopping", "Stopped")
    ended = shell("watch", arn, "--json")
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (1, "Stopped")
    assert (
        shell("retry", "arn:aws:sagemaker:us-east-1:000000000000:pipeline/CliStop/execution/none").returncode
        == 2
    )


def test_an_image_with_no_runtime_is_refused_before_anything_runs(shell: Shell) -> None:
    one, two = step("A", "print(1)"), step("B", "print(1)", "A")
    two["Arguments"]["AppSpecification"]["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"
    file = shell.definition("CliImage", one, two)
    done = shell("run", file, "--wait")
    assert done.returncode == 2
    assert "B" in done.stderr
    assert "local map" in done.stderr
    assert shell.json("list", "--pipeline", "CliImage") == {"executions": []}
    assert "*/own:*  python" in shell("local", "map", "*/own:*", "python").stdout
    assert shell("run", file, "--wait").returncode == 0
    assert shell.json("local", "map", "*/own:*", "--remove") == {"mappings": []}


def test_check_gives_a_diagnostic_for_what_is_no_definition(shell: Shell) -> None:
    (shell.folder / "broken.json").write_text('{"Version": "2020-12-01"')
    found = shell.json("check", "broken.json", code=1)["diagnostics"]
    assert [(entry["code"], entry["severity"]) for entry in found] == [("PC001", "error")]
    assert found[0]["path"].startswith("line 1")


def test_check_finds_problems_and_run_refuses_them(shell: Shell) -> None:
    file = shell.definition("CliCheck", step("A", "print(1)", "Missing"))
    found = shell.json("check", file, code=1)["diagnostics"]
    assert all(
        set(entry) == {"code", "severity", "step", "path", "message", "hint", "cell"} for entry in found
    )
    assert any(entry["severity"] == "error" and entry["step"] == "A" for entry in found)
    done = shell("run", file)
    assert done.returncode == 1
    assert done.stderr.startswith("PC700 — CliCheck has an error and was not started.\n  PC")
    assert shell.json("list", "--pipeline", "CliCheck") == {"executions": []}


def test_local_start_status_env_stop(tmp_path: Path) -> None:
    home = Home(tmp_path / "own-home")
    shell = Shell(home, tmp_path)
    try:
        assert shell.json("local", "status")["running"] is False
        started = shell.json("local", "start")
        assert started == shell.json("local", "status")
        assert set(started) == {"running", "endpoint", "pid", "home", "version"}
        lines = shell("local", "env", AWS_PROFILE="mine").stdout
        assert f"export AWS_ENDPOINT_URL={started['endpoint']}" in lines
        assert "unset AWS_PROFILE" in lines
        code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
        command = f'eval "$({sys.executable} -m pipecell.cli local env)"; {sys.executable} -c "{code}"'
        done = subprocess.run(
            ["bash", "-c", command],
            env={**shell.environment, "AWS_PROFILE": "not-there"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == "000000000000", done.stderr
        assert shell.json("local", "stop")["running"] is False
        assert shell("local", "reset").returncode == 0
    finally:
        daemon.stop(home)


def test_a_notebook_is_read_with_its_launches_left_out(shell: Shell) -> None:
    (shell.folder / "script.txt").write_text("read from the notebook's folder")
    file = shell.notebook(
        "book",
        "%load_ext pipecell",
        "text = open('script.txt').read()",
        body("FromBook"),
        "done = %pipeline run --wait\n%pipeline list",
        "raise SystemExit if done is not None else RuntimeError('there is no run to look at')",
        "print('the last cell runs too'); open('last.txt', 'w').write('x')",
    )
    found = shell.json("preview", file)
    assert (found["pipeline"], found["engine"]) == ("FromBook", "sagemaker")
    assert [(node["name"], node["type"], node["cell"]) for node in found["nodes"]] == [
        ("First", "Processing", 3),
        ("Second", "Processing", 3),
    ]
    assert {"source": "First", "target": "Second", "kind": "control", "label": ""} in found["edges"]
    assert (shell.folder / "last.txt").exists()
    assert shell.json("list", "--pipeline", "FromBook") == {"executions": []}
    done = shell("run", file, "--wait", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "Succeeded"
    assert "Cell 5 was left out" in done.stderr


def test_one_of_several_pipelines_is_chosen(shell: Shell) -> None:
    file = shell.notebook("two", "%load_ext pipecell", body("BookOne"), body("BookTwo"))
    done = shell("preview", file)
    assert done.returncode == 2
    assert "The notebook declares 2 pipelines. Choose with --pipeline: BookOne, BookTwo." in done.stderr
    assert shell.json("preview", file, "--pipeline", "BookTwo")["pipeline"] == "BookTwo"


def test_a_cell_that_fails_is_the_users_traceback_and_exit_code_1(shell: Shell) -> None:
    file = shell.notebook("failing", "%load_ext pipecell", "def f():\n    return 1 / 0\nf()", body("Never"))
    done = shell("check", file)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Cell 2 failed:" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "return 1 / 0" in done.stderr
    assert "nbclient" not in done.stderr


def test_a_wrong_magic_in_a_notebook_is_its_one_line(shell: Shell) -> None:
    file = shell.notebook("wrong", "%load_ext pipecell", "%pipeline prview")
    done = shell("preview", file)
    assert done.returncode == 1
    assert 'PC909 — "prview" is not a verb. Did you mean "preview"?' in done.stderr


def test_a_notebook_that_declares_nothing(shell: Shell) -> None:
    assert (
        "PC919 — The notebook never loads pipecell."
        in shell("preview", shell.notebook("plain", "x = 1")).stderr
    )
    empty = shell("preview", shell.notebook("empty", "%load_ext pipecell"))
    assert empty.returncode == 2
    assert "no pipeline" in empty.stderr.lower()


def test_where_credentials_are_a_read_notebook_still_cannot_reach_aws(shell: Shell) -> None:
    file = shell.notebook(
        "creds",
        "import os; assert os.environ['AWS_ENDPOINT_URL'].startswith('http://127.0.0.1:')",
        "assert 'AWS_PROFILE' not in os.environ",
        "%load_ext pipecell",
    )
    done = shell("preview", file, AWS_ACCESS_KEY_ID="AKIAREAL", AWS_SECRET_ACCESS_KEY="x", AWS_PROFILE="work")
    assert "no pipeline" in done.stderr.lower(), done.stderr
