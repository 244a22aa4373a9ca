"""Builds of the wheel and the source distribution, from a copy: nothing is written into the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ["setup.py", "pyproject.toml", "package.json", "package-lock.json", "MANIFEST.in", ".npmrc"]
NEEDED += ["README.md", "LICENSE", "CHANGELOG.md", "pylib", "jupyter_ext"]
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "lib")


def copy_sources(target: Path) -> None:
    """Copy what a build reads."""
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=IGNORED)
        else:
            shutil.copy(source, target / name)


def run_build(sources: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Build copied sources with the tools that are here."""
    command = [sys.executable, "-W", "ignore", "-m", "build", "--no-isolation", *arguments, str(sources)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
