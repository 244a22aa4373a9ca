"""Where this package is installed: what a process of the user's Python adds to its path to import it."""

from __future__ import annotations

from pathlib import Path

PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2])
