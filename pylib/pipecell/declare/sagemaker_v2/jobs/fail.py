"""Fail: the execution ends as failed, with the cell as its message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making


def make_fail(making: Making) -> Any:
    """Return a FailStep."""
    from sagemaker.workflow.fail_step import FailStep

    return FailStep(
        name=making.cell.name,
        error_message=making.text(making.cell.message),
        depends_on=making.depends() or None,
    )
