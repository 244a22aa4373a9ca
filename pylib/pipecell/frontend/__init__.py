"""What a kernel tells the JupyterLab extension, over one comm, and what it does for it.

The extension opens a comm on the target `TARGET`. From then on the kernel tells it of every pipeline
that a cell declares and of every execution that changes, and answers its requests. JupyterLab runs
comms on a subshell of the kernel, so requests are answered while a cell runs; a kernel that has no
subshells answers them after the cell, and still tells of changes during it.

``channel`` carries messages, ``board`` is what there is to tell, ``requests`` is what can be asked;
``refusals`` keeps what was wrong with cells that declared nothing; ``pipelines`` and ``executions``
put values into JSON, ``places`` finds problems in the text of a cell.
Everything that a message holds is data: the extension never makes markup or code of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.frontend.refusals import Refusals
from pipecell.kernel.cells import cell_id

if TYPE_CHECKING:
    from pipecell.workspace import Workspace

TARGET = "pipecell"
"""Name of the comm target."""

__all__ = ["TARGET", "Frontends"]


class Frontends:
    """The front ends of one kernel; costs nothing until the first one opens its comm.

    Args:
        shell: the IPython shell.
        workspace: what it works on, made when it is first used.
    """

    def __init__(self, shell: Any, workspace: Any) -> None:
        self._shell = shell
        self._workspace = workspace
        self._hub: Any = None
        self._refusals = Refusals()

    def listen(self) -> None:
        """Let front ends connect, where this shell is a kernel's."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is not None:
            kernel.comm_manager.register_target(TARGET, self._opened)
            self._shell.events.register("post_run_cell", self._ran)

    def close(self) -> None:
        """Send every front end away."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is not None and kernel.comm_manager.targets.pop(TARGET, None) is not None:
            self._shell.events.unregister("post_run_cell", self._ran)
        if self._hub is not None:
            self._hub.close()

    def _opened(self, comm: Any, message: Any) -> None:
        from pipecell.frontend.channel import Hub

        if self._hub is None:
            workspace: Workspace = self._workspace()
            self._hub = Hub(self._shell, workspace, self._refusals)
        self._hub.connect(comm)

    def _ran(self, result: Any) -> None:
        """Take in what a cell left behind, in the kernel's own thread."""
        cell = cell_id(self._shell)
        if cell is not None:
            source = str(getattr(getattr(result, "info", None), "raw_cell", "") or "")
            error = getattr(result, "error_in_exec", None)
            self._refusals.ran(cell, source, error, getattr(result, "execution_count", None))
        if self._hub is not None:
            self._hub.cell_ran(cell)
