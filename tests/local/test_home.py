"""The home folder: whose it is, what it holds, and when it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipecell.errors import EndpointError
from pipecell.local.home import HOME_FORMAT, Home, unusable, write_atomically

needs_unprivileged = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def test_environment_chooses_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIPECELL_HOME", str(tmp_path / "chosen"))
    assert Home.default().root == tmp_path / "chosen"


def test_without_choice_the_home_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PIPECELL_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Home.default().root.name == "pipecell"


def test_create_is_private_and_repeatable(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "home")
    assert home.create() is home
    assert home.root.stat().st_mode & 0o777 == 0o700
    assert home.is_home()
    home.create()


def test_create_closes_a_home_that_others_could_read(home: Home) -> None:
    home.root.chmod(0o755)
    home.create()
    assert home.root.stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_becomes_a_home(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert Home(tmp_path / "empty").create().is_home()


def test_a_folder_with_other_things_does_not(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(EndpointError, match=r"thesis\.tex") as caught:
        Home(tmp_path).create()
    assert caught.value.code == "PC802"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_newer_home_is_refused(home: Home) -> None:
    home.marker.write_text(json.dumps({"format": HOME_FORMAT + 1}))
    with pytest.raises(EndpointError, match="newer pipecell") as caught:
        home.create()
    assert caught.value.code == "PC802"


@pytest.mark.parametrize("content", ["", "[]", '{"form": 1}', "\x00"])
def test_a_damaged_marker_is_named(home: Home, content: str) -> None:
    home.marker.write_text(content)
    with pytest.raises(EndpointError, match=r"pipecell-home\.json") as caught:
        home.create()
    assert caught.value.code == "PC803"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(EndpointError, match="home") as caught:
        Home(tmp_path / "home").create()
    assert caught.value.code == "PC801"


@needs_unprivileged
def test_a_home_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EndpointError, match="PIPECELL_HOME") as caught:
        Home(tmp_path / "home").create()
    assert caught.value.code == "PC801"


def test_contents_are_only_ours(home: Home) -> None:
    (home.root / "mine.txt").write_text("")
    (home.root / "state.db-wal").write_text("")
    names = {path.name for path in home.contents()}
    assert "mine.txt" not in names
    assert {"state.db-wal", "objects", "jobs", "pipecell-home.json"} <= names


def test_write_atomically_leaves_the_old_file_when_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"old")
    with pytest.raises(TypeError):
        write_atomically(target, "not bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_called_so() -> None:
    assert unusable(Path("/home"), OSError(28, "No space left on device")).code == "PC806"


def test_job_supervisors_load_little() -> None:
    program = (
        "import sys, pipecell.local.objects\n"
        "heavy = {'botocore', 'boto3', 'cheroot', 'moto', 'platformdirs', 'xml', 'http', 'IPython'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
