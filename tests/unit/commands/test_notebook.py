"""How the kernel of a notebook that is only read is reached."""

from __future__ import annotations

from pathlib import Path

from pipecell.commands.notebook import _place


def test_a_kernel_is_reached_by_sockets_in_its_folder() -> None:
    assert _place(Path("/tmp/x")) == {"transport": "ipc", "connection_file": "/tmp/x/kernel.json"}


def test_names_too_long_for_sockets_leave_it_to_ports() -> None:
    assert _place(Path("/tmp") / ("x" * 90)) == {}
