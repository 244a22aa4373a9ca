"""IPython's display: what a cell shows, and whether anybody looks at it."""

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


def cell() -> object:
    """Return what tells one run of one cell from another; None outside IPython."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return getattr(shell, "execution_count", None)
    return kernel.get_parent().get("header", {}).get("msg_id")


def watched() -> bool:
    """Tell whether people watch: JupyterLab sends the id of the cell that it runs, nbclient does not."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and bool(kernel.get_parent().get("metadata", {}).get("cellId"))
