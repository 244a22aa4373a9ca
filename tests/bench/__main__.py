"""Measure and print: ``python -m tests.bench [MODULE ...] [--json]``.

Exit code 1 if a measurement could not be made; a budget that was not kept is shown, not punished, because
it depends on the machine and on what else that runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from dataclasses import asdict

from tests.bench.row import Row, render

MODULES = (
    *(
        "loading",
        "declaring",
        "jobs",
        "reading",
        "drawing",
        "widget",
        "steps",
        "objects",
        "past",
        "states",
        "endurance",
    ),
    "census",
)


def main() -> int:
    """Run the chosen measurements one after another and print one table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure the budgets of speed."
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; all by default"
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    unknown = set(options.modules) - set(MODULES)
    if unknown:
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    failed = []
    for name in options.modules or MODULES:
        sys.stderr.write(f"measuring {name} …\n")
        try:
            rows += importlib.import_module(f"tests.bench.{name}").measure()
        except Exception:
            traceback.print_exc()
            failed.append(name)
    text = json.dumps([asdict(row) for row in rows], indent=1) if options.json else render(rows)
    sys.stdout.write(text + "\n")
    if failed:
        sys.stderr.write(f"not measured: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
