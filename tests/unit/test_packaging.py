"""What the package says of itself, read without building it."""

from __future__ import annotations

import json
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
EXTRAS = {"v2", "local", "lab", "draw", "demo", "all", "dev"}


def test_python_and_javascript_have_one_version() -> None:
    assert metadata.version("pipecell") == PACKAGE["version"]


def test_extras_are_the_designed_ones() -> None:
    assert set(metadata.metadata("pipecell").get_all("Provides-Extra") or []) >= EXTRAS


def test_all_contains_every_extra_of_users_and_none_of_developers() -> None:
    requirements: dict[str, set[str]] = {extra: set() for extra in EXTRAS}
    for line in metadata.requires("pipecell") or []:
        match = re.fullmatch(r"(.+?); extra == ['\"](\w+)['\"]", line)
        if match:
            requirements[match[2]].add(match[1])
    parts = requirements["v2"] | requirements["local"] | requirements["lab"] | requirements["demo"]
    assert parts
    assert parts | requirements["draw"] == requirements["all"]
    assert requirements["all"] < requirements["dev"]


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def test_the_lock_file_belongs_to_package_json() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    locked = lock["packages"][""]
    assert locked["version"] == PACKAGE["version"]
    assert locked["dependencies"] == PACKAGE["dependencies"]
    assert locked["devDependencies"] == PACKAGE["devDependencies"]


def test_the_extension_takes_every_jupyterlab_that_it_supports() -> None:
    # Left alone, the builder asks for the JupyterLab that it comes from.
    needed = {
        name: range_ for name, range_ in PACKAGE["dependencies"].items() if name.startswith("@jupyterlab/")
    }
    asked = {name: told["requiredVersion"] for name, told in PACKAGE["jupyterlab"]["sharedPackages"].items()}
    assert asked == needed


def test_the_package_is_typed() -> None:
    assert (ROOT / "pylib" / "pipecell" / "py.typed").is_file()


@pytest.mark.parametrize(
    "target", ["demo", "test", "lab", "lab-oldest", "lint", "bench", "clean", "labextension", "format"]
)
def test_make_has_the_target_and_says_what_it_does(target: str) -> None:
    text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^ +make {target} +\w", text, re.MULTILINE)
