"""IPython's display: what a cell shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MIME = "application/vnd.pipecell.view+json"
"""What the JupyterLab extension draws; any other front end shows the picture beside it."""


def display(bundle: Mapping[str, Any], display_id: str, *, update: bool = False) -> None:
    """Show a bundle as a new output of the running cell, or in place of an earlier one."""
    from IPython import display as ipython

    if update:
        ipython.update_display(dict(bundle), raw=True, display_id=display_id)  # type: ignore[no-untyped-call]
    else:
        ipython.display(dict(bundle), raw=True, display_id=display_id)  # type: ignore[no-untyped-call]
