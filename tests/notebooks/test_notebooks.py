"""Every tutorial, executed cell by cell and compared with its stored outputs: strict nbval.

What differs from run to run (times, ids, places in a picture) is named in notebooks/sanitize.cfg and nowhere
else, so a new output that varies fails here until somebody has said why it may.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
TUTORIALS = sorted(NOTEBOOKS.glob("*.ipynb"))
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=1200", "--nbval-kernel-startup-timeout=300"]
RUNNER = str(Path(__file__).with_name("patient_nbval.py"))
# The cells' order is the notebook's, and this process alone runs them.
PLAIN = ["-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "--quiet"]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.name)
def test_the_tutorial_does_again_what_it_shows(path: Path, env: dict[str, str]) -> None:
    sanitize = ["--nbval-sanitize-with", str(NOTEBOOKS / "sanitize.cfg")]
    command = [sys.executable, RUNNER, *PLAIN, *NBVAL, *sanitize, str(path)]
    done = subprocess.run(command, cwd=NOTEBOOKS, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.name)
def test_the_tutorial_is_stored_as_it_ran_from_top_to_bottom(path: Path) -> None:
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert [
        cell.source for cell in code if any(output.output_type == "error" for output in cell.outputs)
    ] == []


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.name)
def test_every_code_cell_is_introduced(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    lonely = [
        cell.source.partition("\n")[0]
        for before, cell in pairwise(cells)
        if cell.cell_type == "code" and before.cell_type != "markdown"
    ]
    assert cells[0].cell_type == "markdown"
    assert lonely == []
