"""``%%step … --try``: run the cell's job now, and its log below the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipecell.commands import handoff
from pipecell.errors import ExecutionError

if TYPE_CHECKING:
    from pipecell.commands.context import Context


def try_step(context: Context, pipeline: str, step: str) -> None:
    """Run one step's job on this machine and print its log as it comes.

    Raises:
        CheckFailedError: the step has errors.
        ExecutionError: the job failed, in its own words.
    """
    if handoff.reading():
        context.say(f"Left out: --try {step}, because this notebook is only read.")
        return
    execution = context.workspace.pipeline(pipeline).try_job(step, say=context.say, progress=context.progress)
    try:
        for line in execution.follow(step):
            context.row(line.message, line.to_json())
    except ExecutionError:
        execution.wait()  # the reason why it has no log is why it failed
        raise
    except KeyboardInterrupt:
        execution.stop()
        raise
    execution.wait()
    seen = execution.snapshot.step(step)
    if seen is not None and seen.started is not None and seen.ended is not None:
        context.say(f"{step}: {seen.status} in {seen.ended - seen.started:.1f} s.")
