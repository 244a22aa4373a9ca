"""A folder with the files that cells read, and a notebook in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.declare.conftest import let_sdks_warn
from tests.unit.declare.jobs.conftest import Cells
from tests.unit.declare.sagemaker_v2.kinds import FILES

MORE_FILES = {
    "own.py": "print(1)\n",
    "package/run.py": "print(2)\n",
    "util.py": "A = 1\n",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    let_sdks_warn(items, Path(__file__).parent)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {**FILES, **MORE_FILES, "data.csv": "y,x\n1,2\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return tmp_path


@pytest.fixture
def cells() -> Cells:
    return Cells()
