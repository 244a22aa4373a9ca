"""``diff`` in a shell: files, git revisions and what is none of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipecell.cli import main


def definition(count: int) -> str:
    step = {"Name": "A", "Type": "Processing", "Arguments": {"N": count}}
    return json.dumps({"Version": "2020-12-01", "Steps": [step]})


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two revisions of a definition in a folder of its own, and this process there."""
    folder = tmp_path / "pipelines"
    folder.mkdir()

    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for count in (1, 2):
        (folder / "a.json").write_text(definition(count))
        git("add", "-A")
        git("commit", "-q", "-m", str(count))
    monkeypatch.chdir(folder)
    return folder


def changes(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main(["diff", *words, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["changes"]
    return found


def test_a_file_is_compared_with_a_revision_of_itself(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = {"kind": "changed", "step": "A", "path": "Arguments.N", "before": 1, "after": 2}
    assert changes(capsys, "HEAD~1:a.json", "a.json") == [expected]
    assert changes(capsys, "HEAD~1:a.json", "HEAD:a.json") == [expected]
    assert changes(capsys, "HEAD:a.json", "a.json") == []


def test_people_read_lines(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "HEAD~1:a.json", "a.json"]) == 0
    assert capsys.readouterr().out == "HEAD~1:a.json → a.json: 1 change.\n  ~ A Arguments.N 1 → 2\n"


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("nothing.json", "cannot be read"),
        ("HEAD:nothing.json", "HEAD has no file nothing.json"),
        ("no-such-revision:a.json", "no-such-revision cannot be read"),
        ("arn:aws:nonsense", "is not the ARN of an execution"),
    ],
)
def test_what_is_not_there_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str], word: str, words: str
) -> None:
    assert main(["diff", word, "a.json"]) == 2
    assert words in capsys.readouterr().err
