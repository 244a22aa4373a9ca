"""The census sample: what its README says of it, and how it was made."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from scripts import make_census_sample

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "notebooks" / "data" / "census.csv.gz"


@cache
def rows() -> list[dict[str, str]]:
    with gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def answers(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(value for name, value in row.items() if name not in {"instance_weight", "year", "income"})


def write_original(path: Path, lines: int) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for number in range(lines):
            file.write(", ".join([str(number), *(["x"] * 40), "- 50000."]) + "\n")


def test_it_is_large_enough_and_small_enough() -> None:
    assert len(rows()) == 120_000
    assert SAMPLE.stat().st_size < 5_000_000


def test_it_has_a_header_and_clean_values() -> None:
    assert tuple(rows()[0]) == make_census_sample.COLUMNS
    assert all(value == value.strip() for row in rows()[:1000] for value in row.values())


def test_what_its_readme_says_holds() -> None:
    text = (SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    labels = Counter(row["income"] for row in rows())
    assert set(labels) == {"- 50000.", "50000+."}
    assert f"{labels['50000+.'] / len(rows()):.1%}".replace("%", " %") in text
    by_answers: dict[tuple[str, ...], set[str]] = {}
    for row in rows():
        by_answers.setdefault(answers(row), set()).add(row["income"])
    assert f"{len(rows()) - len(by_answers):,} rows repeat" in text
    assert f"{sum(len(found) > 1 for found in by_answers.values())} sets of equal answers" in text
    weights = [float(row["instance_weight"]) for row in rows()]
    assert f"({min(weights):.0f} to {max(weights):,.0f})" in text
    assert "CC BY 4.0" in text
    assert "CC BY 4.0" in (SAMPLE.parent / "LICENSE").read_text(encoding="utf-8")


def test_the_same_original_gives_the_same_sample(tmp_path: Path) -> None:
    write_original(tmp_path / "original.csv.gz", 500)
    for name in ("a.gz", "b.gz"):
        assert make_census_sample.make_sample(tmp_path / "original.csv.gz", tmp_path / name, 100) == 100
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    lines = gzip.decompress((tmp_path / "a.gz").read_bytes()).decode().splitlines()
    kept = [int(line.split(",")[0]) for line in lines[1:]]
    assert len(set(kept)) == 100
    assert kept == sorted(kept)
    assert kept != list(range(100))


def test_a_row_of_another_shape_is_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "original.csv.gz", "wt", encoding="utf-8") as file:
        file.write("1, 2, 3\n")
    with pytest.raises(ValueError, match="line 1 has 3 values, not 42"):
        make_census_sample.make_sample(tmp_path / "original.csv.gz", tmp_path / "sample.gz")
