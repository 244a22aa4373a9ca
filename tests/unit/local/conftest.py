"""A bench with the parts of the endpoint on it, and a world in which its jobs complete at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.local.bench_top import Bench, World, open_bench, status_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.decide = lambda job: status_of("Completed")
    return world


@pytest.fixture
def bench(world: World) -> Iterator[Bench]:
    with open_bench(world) as opened:
        yield opened
