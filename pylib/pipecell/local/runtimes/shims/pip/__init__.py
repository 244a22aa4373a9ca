"""Stands before the user's pip in a job, so that a job changes only itself.

``python -m pip`` and ``pip`` come here (see `__main__`). Everything else of pip is the
real one: its folder follows this one on the package's path.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

SHIMS = str(Path(__file__).resolve().parent.parent)

__path__ = [str(Path(__file__).resolve().parent)]

_real = PathFinder.find_spec("pip", [folder for folder in sys.path if folder != SHIMS])
if _real is not None:
    __path__ += list(_real.submodule_search_locations or ())
