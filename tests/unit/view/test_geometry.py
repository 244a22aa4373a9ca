"""Boxes and curves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.view.geometry import Box, height_at, overlap, straight, swing

COORDINATES = st.floats(-1000, 1000)


@given(COORDINATES, COORDINATES, st.floats(1, 500))
def test_a_swing_passes_its_ends_and_its_middle(y0: float, y1: float, length: float) -> None:
    curve = swing((0, y0), (length, y1))
    assert height_at(curve, 0) == pytest.approx(y0, abs=0.1)
    assert height_at(curve, length) == pytest.approx(y1, abs=0.1)
    assert height_at(curve, length / 2) == pytest.approx((y0 + y1) / 2, abs=0.1)


def test_a_straight_piece_has_four_points_in_line() -> None:
    assert straight((0, 0), (3, 6)) == [(0, 0), (1, 2), (2, 4), (3, 6)]


def test_touching_is_not_overlapping() -> None:
    assert not overlap(Box(0, 0, 2, 2), Box(2, 0, 2, 2))
    assert overlap(Box(0, 0, 2, 2), Box(1, 1, 2, 2))
