"""Scripts: real files, which run alone, format cleanly and know only what they import or define."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipecell.errors import DeclarationError
from tests.unit.declare.jobs.conftest import Cells

BODY = """
import pandas as pd

table = pd.read_csv(inputs["raw"] / "data.csv")
table.to_csv(outputs["clean"] / "clean.csv", index=False)
print(len(table), params)
"""


def test_it_is_the_body_below_two_lines(cells: Cells, tmp_path: Path) -> None:
    cells.step("processing Clean -i raw=data.csv -o clean", BODY)
    first, second, blank, *rest = (tmp_path / "steps/Pipeline/Clean.py").read_text().splitlines()
    assert first.startswith("import os, pathlib;")
    assert second.startswith("inputs, outputs, params = ")
    assert '"/opt/ml/processing/input/raw"' in second
    assert '"/opt/ml/processing/output/clean"' in second
    assert [blank, *rest] == ["", *BODY.strip().splitlines()]


def test_formatters_leave_it_as_it_is(cells: Cells, tmp_path: Path) -> None:
    many = " ".join(f"-o output_of_some_length_{number} --param value_{number}=1" for number in range(9))
    cells.step(f"processing Clean -i raw=data.csv -o clean {many}", BODY)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "steps"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_runs_alone_from_any_folder(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "utils.py").write_text("def twice(x):\n    return 2 * x\n")
    cells.namespace["flag"] = True
    cells.step(
        "processing First -i raw=data.csv -o part --with utils.py"
        " --param n=3 --param rate=0.5 --param on=$flag",
        "from utils import twice\n"
        "words = [twice(params['n']), params['rate'], params['on']]\n"
        "(outputs['part'] / 'a.txt').write_text(' '.join(map(str, words)))",
    )
    cells.step("processing Next -i part=First.part", "print((inputs['part'] / 'a.txt').read_text())")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("First", "Next"):
        command = [sys.executable, "-I", str(tmp_path / f"steps/Pipeline/{name}.py")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "6 0.5 True\n"


@pytest.mark.parametrize(
    ("body", "place", "hint"),
    [
        ("print(threshold)", "line 2, column 7", "--param threshold=$threshold"),
        ("x = 1\nprint(x, math.pi)", "line 3, column 10", "import math"),
        ("print(helper(1))", "line 2, column 7", "--with FILE.py"),
        ("def f():\n    return nothing", "line 3, column 12", "--param nothing="),
    ],
)
def test_a_name_of_the_notebook_is_an_error_at_its_place(
    cells: Cells, body: str, place: str, hint: str
) -> None:
    import math

    cells.namespace.update(threshold=1, math=math, helper=lambda x: x)
    with pytest.raises(DeclarationError) as caught:
        cells.step("processing Clean -o out", body)
    assert (caught.value.code, caught.value.path, caught.value.step) == ("PC643", place, "Clean")
    assert hint in caught.value.hint


@pytest.mark.parametrize("body", ["!pip install x", "%matplotlib inline\nx = 1", "def f(:\n    pass"])
def test_a_script_is_plain_python(cells: Cells, body: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        cells.step("processing Clean -o out", body)
    assert caught.value.code == "PC644"


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("def f(:", "`def f(:` is not Python: invalid syntax", "."),
        ("print 'x'", "`print 'x'` is not Python: Missing parentheses", "?"),
        (f"x = ({'1, ' * 99}", f"`x = ({'1, ' * 25}…` is not Python: '(' was never closed", "."),
    ],
)
def test_a_line_that_is_no_python_is_set_apart_in_a_sentence_that_ends(
    cells: Cells, line: str, start: str, end: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        cells.step("processing Clean -o out", line)
    assert caught.value.message.startswith(start)
    assert caught.value.message.endswith(end)
    assert caught.value.message[-2].isalnum() or caught.value.message[-2] == ")"


def test_a_cell_that_fails_changes_nothing(cells: Cells) -> None:
    cells.step("processing Clean -o out", "print(1)", cell_id="a")
    before = cells.text()
    with pytest.raises(DeclarationError):
        cells.step("processing Clean -o out", "print(undefined)", cell_id="a")
    assert cells.text() == before
