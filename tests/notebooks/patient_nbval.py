"""Runs pytest with its own arguments, on a machine that may be busy: what a cell shows may come late.

Usage: ``python patient_nbval.py PYTEST_ARGUMENTS``. nbval has no option for how long it waits, once a cell
has been answered, for the rest of its outputs.
"""

from __future__ import annotations

import sys

import pytest

SECONDS = 300


class Patience:
    """Has each cell wait for its outputs."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        from nbval.plugin import IPyNbCell  # pytest wants to be the first to import it

        for item in items:
            if isinstance(item, IPyNbCell):
                item.output_timeout = SECONDS


if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:], plugins=[Patience()]))
