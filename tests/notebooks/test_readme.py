"""The README's example works as it stands there, and what it names exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

PASTE = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.stdin.read().split("\\0"):
    shell.run_cell(cell).raise_error()
shell.run_cell("%pipeline check").raise_error()
"""


def paste(cells: list[str], folder: Path) -> str:
    """Run cells and a check of what they declare, in a folder; return what was printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # Credentials of nobody: nothing is started, and nothing needs to be.
    own = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "PIPECELL_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PASTE],
        input="\0".join(cells),
        env={**kept, **own, "AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": "100"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_shows_its_dag_and_checks_clean(tmp_path: Path) -> None:
    cells = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(cells) == 2
    (tmp_path / "clean.py").write_text("print('clean')\n", encoding="utf-8")
    said = paste(cells, tmp_path)
    assert "Clean" in said
    assert "scikit-learn 1.2-1 · ml.m5.xlarge" in said
    assert "No problems found." in said
    assert not (tmp_path / "home").exists()


def test_the_cells_that_are_jobs_check_clean(tmp_path: Path) -> None:
    cells = re.findall(r"```\n(%%step .*?)```", README, re.DOTALL)
    assert [cell.split()[1] for cell in cells] == [
        *("processing", "training", "processing", "condition", "register", "fail"),
    ]
    (tmp_path / "data.csv").write_text("1,2\n0,1\n", encoding="utf-8")
    said = paste(["%load_ext pipecell", *cells], tmp_path)
    assert "GoodEnough" in said


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", README)
    assert "docs/images/run.svg" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_targets_that_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) - {"says"}
    assert {"demo", "test"} <= named
    assert {target for target in named if f"\n{target}:" not in makefile} == set()


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"`pipecell ([a-z]+)", README))))
def test_the_verbs_that_it_names_exist(verb: str) -> None:
    from pipecell.commands.table import VERBS

    assert verb in {known.name for known in VERBS}
