"""The cell that runs: which one it is, and whether anybody looks at it."""

from __future__ import annotations

from typing import Any


def cell_id(shell: Any) -> str | None:
    """Return the front end's id of the running cell, where it gives one."""
    kernel = getattr(shell, "kernel", None)
    found = kernel.get_parent().get("metadata", {}).get("cellId") if kernel is not None else None
    return str(found) if found else None


def running_cell() -> object:
    """Return what tells one run of one cell from another; None outside IPython."""
    shell = _shell()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return getattr(shell, "execution_count", None)
    return kernel.get_parent().get("header", {}).get("msg_id")


def is_watched() -> bool:
    """Tell whether people watch: JupyterLab sends the id of the cell that it runs, nbclient does not."""
    return cell_id(_shell()) is not None


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()
