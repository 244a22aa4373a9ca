"""Make ``notebooks/data/census.csv.gz`` from UCI's Census-Income (KDD) training file.

    python scripts/make_census_sample.py census-income.csv.gz [notebooks/data/census.csv.gz]

The original has no header and a blank after each comma. This keeps a fixed set of rows, in the
original's order, adds the header and strips the blanks; values are otherwise untouched. Which rows
are kept depends on their line numbers alone, so every machine makes the same sample.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROWS = 120_000
OUTPUT = Path(__file__).resolve().parent.parent / "notebooks" / "data" / "census.csv.gz"

# UCI's names (census-income.names), in the file's order, spelled as Python identifiers.
COLUMNS = (
    "age",
    "class_of_worker",
    "detailed_industry_recode",
    "detailed_occupation_recode",
    "education",
    "wage_per_hour",
    "enroll_in_edu_inst_last_wk",
    "marital_stat",
    "major_industry_code",
    "major_occupation_code",
    "race",
    "hispanic_origin",
    "sex",
    "member_of_a_labor_union",
    "reason_for_unemployment",
    "full_or_part_time_employment_stat",
    "capital_gains",
    "capital_losses",
    "dividends_from_stocks",
    "tax_filer_stat",
    "region_of_previous_residence",
    "state_of_previous_residence",
    "detailed_household_and_family_stat",
    "detailed_household_summary_in_household",
    "instance_weight",
    "migration_code_change_in_msa",
    "migration_code_change_in_reg",
    "migration_code_move_within_reg",
    "live_in_this_house_1_year_ago",
    "migration_prev_res_in_sunbelt",
    "num_persons_worked_for_employer",
    "family_members_under_18",
    "country_of_birth_father",
    "country_of_birth_mother",
    "country_of_birth_self",
    "citizenship",
    "own_business_or_self_employed",
    "fill_inc_questionnaire_for_veterans_admin",
    "veterans_benefits",
    "weeks_worked_in_year",
    "year",
    "income",
)


def chosen_lines(total: int, wanted: int) -> frozenset[int]:
    """Return ``wanted`` of the line numbers ``0 … total - 1``, as if drawn at random, always the same."""

    def rank(line: int) -> bytes:
        return hashlib.blake2b(str(line).encode(), digest_size=16).digest()

    return frozenset(sorted(range(total), key=rank)[:wanted])


def clean(rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """Yield each row with the blanks around its values gone.

    Raises:
        ValueError: a row has not the 42 values of the original.
    """
    for number, row in enumerate(rows, start=1):
        if len(row) != len(COLUMNS):
            raise ValueError(f"line {number} has {len(row)} values, not {len(COLUMNS)}")
        yield [value.strip() for value in row]


def make_sample(source: Path, target: Path, wanted: int = ROWS) -> int:
    """Write the sample to ``target`` and return its number of rows, header not counted."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = list(clean(csv.reader(file)))
    keep = chosen_lines(len(rows), wanted)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row for line, row in enumerate(rows) if line in keep)
    # No time stamp in the gzip header: the same rows give the same file.
    target.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))
    return len(keep)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the census sample of notebooks/data.")
    parser.add_argument("source", type=Path, help="UCI's census-income.csv.gz (199,523 rows, no header)")
    parser.add_argument("target", type=Path, nargs="?", default=OUTPUT)
    options = parser.parse_args(arguments)
    kept = make_sample(options.source, options.target)
    sys.stdout.write(f"{options.target}: {kept:,} rows, {options.target.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
