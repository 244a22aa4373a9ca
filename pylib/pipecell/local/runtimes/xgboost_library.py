"""The xgboost package, loaded for this algorithm alone.

xgboost imports scikit-learn and pandas when it finds them, for interfaces that are not
used here, and that takes three quarters of a small job's time. They are kept from it
while it is imported; the algorithm itself may import them afterwards.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

_NOT_NEEDED = ("sklearn", "pandas")


@lru_cache(maxsize=1)
def xgboost_library() -> Any:
    """Return the xgboost module."""
    hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
    for name in hidden:
        # Python's own way to say that a module does not exist.
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import xgboost
    finally:
        for name in hidden:
            del sys.modules[name]
    return xgboost
