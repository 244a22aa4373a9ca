"""Write ``definition/data``: what AWS's own service model says about instance types, properties and limits.

Run it when botocore has moved on: ``python scripts/make_instances.py``. Prices are ``make_prices.py``'s.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
import botocore.session

DATA = Path(__file__).parent.parent / "pylib" / "pipecell" / "definition" / "data"

KINDS = {
    "processing": "ProcessingInstanceType",
    "training": "TrainingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


def main() -> None:
    """Write the file."""
    model = botocore.session.Session().get_service_model("sagemaker")
    known = {shape: enumeration(model.shape_for(shape)) for shape in KINDS.values()}
    write(
        "instances.json",
        {
            "source": f"botocore {botocore.__version__}, sagemaker",
            "kinds": {kind: sorted(known[shape], key=by_size) for kind, shape in KINDS.items()},
        },
    )


def enumeration(shape: Any) -> list[str]:
    """Return the values of a string shape."""
    return list(shape.enum)


def by_size(name: str) -> tuple[str, int, str]:
    """Sort a family's sizes as people do: large before xlarge before 2xlarge."""
    _, family, size = name.split(".", 2)
    digits = size.removesuffix("xlarge")
    order = {"medium": -2, "large": -1, "xlarge": 1}.get(size, int(digits) if digits.isdecimal() else 999)
    return family, order, name


def write(name: str, content: dict[str, Any]) -> None:
    """Write one file, short lists on one line."""
    DATA.mkdir(exist_ok=True)
    (DATA / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
