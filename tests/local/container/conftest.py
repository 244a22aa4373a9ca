"""A home with jobs in it, in the fastest sandbox there is or in each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.workshop import SANDBOXES, Workshop, workshop


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home") as made:
        yield made


@pytest.fixture(params=SANDBOXES)
def each_sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home", request.param) as made:
        yield made
