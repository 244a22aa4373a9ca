"""What AWS's service model and price list say, as files written by ``scripts/make_instances.py``."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=8)
def load(name: str) -> Any:
    """Return the content of one data file, for example ``instances.json``; not to be changed."""
    return json.loads(files(__name__).joinpath(name).read_text(encoding="utf-8"))
