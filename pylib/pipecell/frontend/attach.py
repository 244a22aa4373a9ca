"""What the extension has a kernel do for one click on a saved run: show that run again."""

from __future__ import annotations

from typing import Any


def attach(arn: str, on: str) -> None:
    """Show an execution, live, as an output of the request that the extension made.

    Args:
        arn: the execution's ARN.
        on: ``local`` or ``aws``, as it was recorded.

    Raises:
        UsageError: not an execution's ARN.
        ExecutionError: there is no such execution, or AWS refused.
        EndpointError: the local endpoint does not answer.
    """
    from IPython.core.getipython import get_ipython

    from pipecell import load_ipython_extension
    from pipecell.live import output
    from pipecell.loaded import workspace_of_this_kernel

    shell: Any = get_ipython()
    load_ipython_extension(shell)
    workspace = workspace_of_this_kernel()
    execution = workspace.execution(arn, on=on)
    stage = workspace.screen.stage(execution)
    output.display(stage.bundle(execution.bundle()), f"pipecell-attached-{stage.widget.model_id}")
