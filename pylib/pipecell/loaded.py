"""What ``%load_ext pipecell`` left in this kernel: its magics, its workspace, its pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pipecell.errors import UsageError

if TYPE_CHECKING:
    from pipecell.activation import Activation
    from pipecell.pipelines import Pipeline
    from pipecell.workspace import Workspace

MAGICS = "PipelineMagics"
"""Name that IPython keeps the magics under: that of their class."""


class Magics(Protocol):
    """What others need of the magics.

    Attributes:
        activation: the target that is being chosen, until it is.
    """

    activation: Activation | None

    @property
    def workspace(self) -> Workspace:
        """The kernel's pipelines and executions."""


def loaded(shell: Any) -> Magics | None:
    """Return the magics that were loaded into a shell, if they were."""
    found: Magics | None = shell.magics_manager.registry.get(MAGICS) if shell is not None else None
    return found


def workspace_of_this_kernel() -> Workspace:
    """Return what the magics of this kernel work on.

    Raises:
        UsageError: pipecell is not loaded here (``PC919``).
    """
    from IPython.core.getipython import get_ipython

    magics = loaded(get_ipython())
    if magics is None:
        raise UsageError(
            "No notebook has loaded pipecell here.",
            code="PC919",
            hint="Run %load_ext pipecell, or read a file with pipecell.Pipeline.read.",
        )
    return magics.workspace


def pipeline(name: str | None = None) -> Pipeline:
    """Return a pipeline of this notebook; without a name the only one, or the one declared last.

    Raises:
        UsageError: pipecell is not loaded here (``PC919``), or there is no such pipeline.
    """
    return workspace_of_this_kernel().pipeline(name)
