"""The shell face: what goes to which stream, which exit code, and one line for every mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pipecell
from pipecell import cli
from pipecell.cli import main
from pipecell.errors import (
    CheckFailedError,
    DeclarationError,
    DefinitionError,
    EndpointError,
    ExecutionError,
    MissingDependencyError,
    PipecellError,
    UsageError,
)
from tests.unit.engines.fakes import DEFINITION


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "census.json"
    path.write_text(json.dumps(DEFINITION))
    return path


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    path = tmp_path / "machine.asl.json"
    body = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}}
    path.write_text(json.dumps(body))
    return path


def test_preview_prints_a_tree(definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(definition)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("census")
    assert "Prepare" in out
    assert "Train" in out
    assert err == ""


def test_check_says_its_findings_on_standard_error(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = machine.with_name("broken.asl.json")
    broken.write_text(machine.read_text().replace('"Next": "B"', '"Next": "C"'))
    assert main(["check", str(broken)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert 'There is no state "C".' in err
    assert main(["check", str(machine)]) == 0
    assert capsys.readouterr() == ("No problems found.\n", "")


def test_check_writes_sarif(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write_text(machine.read_text().replace('"Next": "B"', '"Next": "C"'))
    assert main(["check", str(machine), "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    written = machine.with_suffix(".sarif")
    assert main(["check", str(machine), "-o", str(written)]) == 1
    assert json.loads(written.read_text()) == log


def test_preview_json_is_the_designed_object(definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(definition), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "pipeline": "census",
        "engine": "sagemaker",
        "nodes": [
            {"id": name, "name": name, "type": kind, "parent": None, "cell": None}
            for name, kind in (("Prepare", "Processing"), ("Train", "Training"))
        ],
        "edges": [{"source": "Prepare", "target": "Train", "kind": "control", "label": ""}],
    }


def test_preview_of_a_state_machine(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(machine), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pipeline"], found["engine"]) == ("machine", "stepfunctions")
    assert [node["name"] for node in found["nodes"]] == ["A", "B"]


@pytest.mark.parametrize(
    ("written_as", "begins"),
    [("dot", "digraph"), ("mermaid", "flowchart"), ("json", "{"), ("text", "census")],
)
def test_preview_formats(
    definition: Path, written_as: str, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(definition), "--format", written_as]) == 0
    assert capsys.readouterr().out.startswith(begins)


@pytest.mark.parametrize(
    ("name", "begins"), [("out.dot", "digraph"), ("out.mmd", "flowchart"), ("out", "census")]
)
def test_preview_writes_a_file_in_the_format_of_its_name(
    definition: Path, tmp_path: Path, name: str, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(definition), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_text().startswith(begins)
    assert name in capsys.readouterr().out


def test_export_gives_the_definition_back(definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(definition)]) == 0
    assert json.loads(capsys.readouterr().out) == DEFINITION


def test_a_pipeline_may_be_named(definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(definition), "--pipeline", "Other", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pipeline"] == "Other"


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["-h"], ["run", "-h"], ["local"], ["local", "start", "--help"]):
        assert main(words) == 0
        assert "usage: pipecell" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pipecell {pipecell.__version__}\n"


def one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command that is wrong; return its exit code and the one line that it says."""
    code = main(words)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return code, err.strip()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["prevew", "x.json"], 'PC909 — "prevew" is not a verb. Did you mean "preview"?'),
        (["target", "local"], 'PC909 — "target" is not a verb.'),
        (["preview"], "PC911 — Missing: FILE. Usage: pipecell preview"),
        (
            ["preview", "x.json", "--fromat", "svg"],
            'PC910 — preview has no option --fromat. Did you mean "--format"?',
        ),
        (["run", "x.json", "--on", "awss"], 'PC911 — --on cannot be "awss". Did you mean "aws"?'),
        (["watch", "arn:nonsense"], 'PC915 — "arn:nonsense" is not the ARN of an execution.'),
        (
            ["watch", "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/x"],
            "PC916 — This execution is on AWS. Add --on aws to look there.",
        ),
        (["preview", "x.json"], "PC917 — x.json cannot be read: No such file or directory."),
        (["list", "--limit", "0"], 'PC911 — --limit takes a number from 1, not "0".'),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_2(
    words: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = one_line(words, capsys)
    assert code == 2
    assert said.startswith(line)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"{", "PC001 · line 1, column 2 — The definition is not JSON"),
        (b"\xff\xfe\x00", "PC001 · byte 0 — The definition is not UTF-8 text."),
        (b"[]", "PC003 — A definition is a JSON object"),
        (b'{"Version": "2020-12-01"}', "PC003 · Steps — "),
        (
            b'{"Version": "2020-12-01", "Steps": [{"Type": "Fail"}]}',
            "PC003 · Steps[0].Name — Name is missing.",
        ),
    ],
)
def test_a_wrong_definition_is_one_line_with_its_path_and_exit_code_1(
    content: bytes, line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(content)
    code, said = one_line(["preview", str(path)], capsys)
    assert code == 1
    assert said.startswith(line)


def test_a_definition_that_is_too_big(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps({**DEFINITION, "Metadata": {"filler": "x" * 1024 * 1024}}))
    code, said = one_line(["preview", str(path)], capsys)
    assert (code, said[:5]) == (1, "PC002")


def test_a_file_that_is_no_notebook(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, endpointless: None
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text("not a notebook")
    code, said = one_line(["preview", str(path)], capsys)
    assert code == 1
    assert said.startswith("PC005 — n.ipynb is not a notebook")


@pytest.fixture
def endpointless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read notebooks without starting an endpoint; these never get as far as a kernel."""
    monkeypatch.setattr(cli.ShellContext, "_kernel_environment", lambda self, on: {})


def test_a_file_that_cannot_be_written(definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = one_line(["export", str(definition), "-o", "/nowhere/x.json"], capsys)
    assert code == 2
    assert said.startswith("PC921 — /nowhere/x.json cannot be written")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CheckFailedError("p has an error."), 1),
        (DefinitionError("d"), 1),
        (DeclarationError("d"), 1),
        (ExecutionError("p ended Failed."), 1),
        (ExecutionError("AWS refused.", code="PC702"), 2),
        (UsageError("u"), 2),
        (EndpointError("e"), 2),
        (MissingDependencyError("m"), 2),
    ],
)
def test_exit_codes_say_who_is_at_fault(
    error: PipecellError, code: int, definition: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(cli.ShellContext, "pipeline", fails)
    assert main(["preview", str(definition)]) == code


def test_an_interrupt_is_exit_code_130(definition: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.ShellContext, "pipeline", interrupted)
    assert main(["preview", str(definition)]) == 130


@pytest.mark.parametrize("words", [["--help"], ["export", "census.json"]])
def test_a_reader_that_goes_away_ends_it_quietly(definition: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as unread:
        ended = subprocess.run(
            [sys.executable, "-m", "pipecell.cli", *words],
            cwd=definition.parent,
            stdout=unread,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_signals_stay_as_they_were(definition: Path) -> None:
    """A process whose sockets and pipes break must see an error, not end."""
    before = signal.getsignal(signal.SIGPIPE)
    assert main(["preview", str(definition)]) == 0
    assert signal.getsignal(signal.SIGPIPE) is before
