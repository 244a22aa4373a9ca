"""Shared fixture: an environment in which a notebook runs as on a machine of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment with a local endpoint of its own, and no AWS account in reach."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    own = {
        "PIPECELL_HOME": str(tmp_path / "home"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    environment = {**kept, **own}
    yield environment
    subprocess.run([sys.executable, "-m", "pipecell.cli", "local", "stop"], env=environment, check=True)
