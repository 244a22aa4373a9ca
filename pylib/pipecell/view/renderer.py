"""Where the built renderer is; a checkout in which nobody built it draws static pictures only."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""Its JavaScript and CSS; ``make labextension`` builds them."""


def available() -> bool:
    """Tell whether the renderer was built."""
    return (STATIC / "dag.js").is_file()
