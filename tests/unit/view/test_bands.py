"""Folding levels into rows."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipecell.graph import Edge
from pipecell.view.bands import fold


def chain(count: int) -> tuple[dict[str, int], dict[str, float], list[Edge]]:
    names = [f"s{i}" for i in range(count)]
    edges = [Edge(a, b, "data") for a, b in itertools.pairwise(names)]
    return {n: i for i, n in enumerate(names)}, dict.fromkeys(names, 200.0), edges


def test_what_fits_stays_in_one_row() -> None:
    level_of, width_of, edges = chain(4)
    assert set(fold(level_of, width_of, edges, {}, 1000).values()) == {0}


def test_rows_are_of_like_length() -> None:
    level_of, width_of, edges = chain(8)
    bands = list(fold(level_of, width_of, edges, {}, 1500).values())
    assert bands == [0, 0, 0, 0, 1, 1, 1, 1]


def test_the_cut_avoids_lines() -> None:
    level_of, width_of, edges = chain(7)
    more = [Edge(f"s{i}", "s3", "data") for i in range(3)]  # a cut before s3 would cross them all
    bands = fold(level_of, width_of, edges + more, {}, 1100)
    assert bands["s3"] == bands["s0"] or bands["s3"] == bands["s2"]


@given(st.integers(1, 40), st.floats(100, 2000))
def test_bands_never_go_back(count: int, limit: float) -> None:
    level_of, width_of, edges = chain(count)
    bands = list(fold(level_of, width_of, edges, {}, limit).values())
    assert bands == sorted(bands)
    assert sorted(set(bands)) == list(range(max(bands) + 1))
