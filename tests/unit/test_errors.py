"""The hints that errors share."""

from __future__ import annotations

from pipecell.errors import MOST_LETTERS, MOST_NAMES, did_you_mean


def test_names_that_exist_are_listed_in_bounds() -> None:
    names = [f"{number:03d}{'N' * 10_000}" for number in range(MOST_NAMES + 1)]
    hint = did_you_mean("elsewhere", names)
    assert hint.startswith("Known: 000N")
    assert hint.endswith("…….")  # the last name goes on, and so does the list
    assert len(hint) < MOST_NAMES * (MOST_LETTERS + 5)
