"""Write ``definition/data/prices.json``: what SageMaker's instances cost an hour, on demand.

``python scripts/make_prices.py`` writes the prices below, which were copied by hand, each region with
its date and source. ``python scripts/make_prices.py us-east-1 eu-west-1 …`` asks the AWS Price List
API for these regions instead, as ``pipecell plan --refresh-prices`` does, and keeps the others.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pipecell.definition.cost.prices import PriceTable, RegionPrices, read_table
from pipecell.engines.prices import fetch

FILE = Path(__file__).parent.parent / "pylib" / "pipecell" / "definition" / "data" / "prices.json"

# USD an hour, the same for processing, training, transform and hosting.
NORTH_AMERICA = {
    "t3": {"medium": 0.05, "large": 0.10, "xlarge": 0.20, "2xlarge": 0.399},
    "m5": {
        "large": 0.115,
        "xlarge": 0.23,
        "2xlarge": 0.461,
        "4xlarge": 0.922,
        "12xlarge": 2.765,
        "24xlarge": 5.53,
    },
    "c5": {
        "large": 0.102,
        "xlarge": 0.204,
        "2xlarge": 0.408,
        "4xlarge": 0.816,
        "9xlarge": 1.836,
        "18xlarge": 3.672,
    },
    "r5": {
        "large": 0.151,
        "xlarge": 0.302,
        "2xlarge": 0.605,
        "4xlarge": 1.21,
        "12xlarge": 3.629,
        "24xlarge": 7.258,
    },
    "p3": {"2xlarge": 3.825, "8xlarge": 14.688, "16xlarge": 28.152},
    "g4dn": {
        "xlarge": 0.736,
        "2xlarge": 0.94,
        "4xlarge": 1.505,
        "8xlarge": 2.72,
        "12xlarge": 4.89,
        "16xlarge": 5.44,
    },
    "g5": {
        "xlarge": 1.408,
        "2xlarge": 1.515,
        "4xlarge": 2.03,
        "8xlarge": 3.06,
        "12xlarge": 7.09,
        "16xlarge": 5.12,
        "24xlarge": 10.18,
        "48xlarge": 20.36,
    },
}
VIRGINIA_ONLY = {
    "t2": {"medium": 0.056, "large": 0.111, "xlarge": 0.223, "2xlarge": 0.445},
    "m4": {"xlarge": 0.24, "2xlarge": 0.48, "4xlarge": 0.96, "10xlarge": 2.4, "16xlarge": 3.84},
    "c4": {"large": 0.119, "xlarge": 0.239, "2xlarge": 0.478, "4xlarge": 0.955, "8xlarge": 1.909},
}
IRELAND = {
    "t3": {"medium": 0.055},
    "m5": {"large": 0.128, "xlarge": 0.257},
    "p3": {"2xlarge": 4.131},
    "g4dn": {"xlarge": 0.822, "4xlarge": 1.678, "12xlarge": 5.453},
    "g5": {"xlarge": 1.57, "12xlarge": 7.91},
}

PAGE = "AWS's pricing page of SageMaker, copied by hand"
BILL = "an AWS bill of December 2023 that AWS published with sagemaker-ssh-helper, copied by hand"

BY_HAND = {
    "us-east-1": ("2024-06", PAGE, {**NORTH_AMERICA, **VIRGINIA_ONLY}),
    "us-east-2": ("2024-06", PAGE, NORTH_AMERICA),
    "us-west-2": ("2024-06", PAGE, NORTH_AMERICA),
    "eu-west-1": ("2023-12", BILL, IRELAND),
}


def by_hand() -> PriceTable:
    """Return the prices above."""
    return PriceTable(
        {
            region: RegionPrices(
                region,
                as_of,
                source,
                {f"ml.{family}.{size}": usd for family, sizes in of.items() for size, usd in sizes.items()},
            )
            for region, (as_of, source, of) in BY_HAND.items()
        }
    )


def main(regions: list[str]) -> None:
    """Write the file."""
    table = by_hand()
    if regions:
        table = read_table(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.exists() else table
        for region in regions:
            table = table.with_region(fetch(region))
    FILE.write_text(json.dumps(table.to_json(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
