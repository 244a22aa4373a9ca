"""Comm messages that arrive while a cell runs.

JupyterLab sends a comm's messages to a subshell of the kernel, a thread beside the one that runs cells.
ipykernel 7.4 puts them back into whichever shell last *sent* on that comm; what is sent from a thread
counts as the main shell, which a running cell holds. Our comms never block where they are answered, so
they take each message where its sender wanted it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any


def answer_where_asked(comm: Any) -> None:
    """Have the messages of a comm handled in the shell that they were sent to."""
    if hasattr(comm, "_reply_subshell_for"):
        # A comm that takes no attributes keeps ipykernel's way: answers come after the cell.
        with contextlib.suppress(AttributeError):
            comm._reply_subshell_for = _as_sent


def _as_sent(data: Any, subshell: str | None) -> str | None:
    # A page that says good-bye ends its subshell too, maybe before this is read there.
    return None if isinstance(data, Mapping) and data.get("bye") else subshell
