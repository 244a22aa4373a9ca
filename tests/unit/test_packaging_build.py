"""The wheel and the source distribution, really built, and the wheel really installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.distributions import copy_sources, run_build

ROOT = Path(__file__).resolve().parents[2]
LABEXTENSION = ROOT / "pylib" / "pipecell" / "labextension"
VERSION = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert (LABEXTENSION / "package.json").is_file(), "run `make labextension` first"
    sources = tmp_path_factory.mktemp("sources")
    copy_sources(sources)
    output = tmp_path_factory.mktemp("dist")
    built = run_build(sources, "--outdir", str(output))
    assert built.returncode == 0, built.stdout + built.stderr
    return output


def built_files() -> set[str]:
    return {path.relative_to(LABEXTENSION).as_posix() for path in LABEXTENSION.rglob("*") if path.is_file()}


def test_the_wheel_ships_the_labextension_where_jupyterlab_looks(distributions: Path) -> None:
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    shared = f"pipecell-{VERSION}.data/data/share/jupyter/labextensions/pipecell-labextension/"
    assert {name.removeprefix(shared) for name in names if name.startswith(shared)} == {
        "install.json",
        *built_files(),
    }
    assert {"pipecell/py.typed", "pipecell/view/static/dag.js", "pipecell/view/static/dag.css"} <= names
    assert f"pipecell-{VERSION}.dist-info/licenses/LICENSE" in names


def test_the_sdist_ships_the_labextension_built_and_as_source(distributions: Path) -> None:
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"pylib/pipecell/labextension/{name}" for name in built_files()} <= names
    assert "pylib/pipecell/view/static/dag.js" in names
    assert {"jupyter_ext/src/index.ts", "jupyter_ext/install.json", "package.json", "LICENSE"} <= names


def test_jupyterlab_finds_the_extension_of_an_installed_wheel(distributions: Path, tmp_path: Path) -> None:
    wheel = next(distributions.glob("*.whl"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(tmp_path / "site"), str(wheel)], check=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    env |= {"JUPYTER_PATH": str(tmp_path / "site" / "share" / "jupyter"), "HOME": str(tmp_path)}
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in listed.stderr.splitlines() if "pipecell-labextension" in line)
    assert f"v{VERSION}" in line
    assert "enabled" in line
    assert "(python, pipecell)" in line


def test_a_build_without_the_labextension_stops_and_says_how_to_go_on(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    shutil.rmtree(tmp_path / "pylib" / "pipecell" / "labextension")
    built = run_build(tmp_path, "--wheel")
    assert built.returncode != 0
    assert "make labextension" in built.stdout + built.stderr
