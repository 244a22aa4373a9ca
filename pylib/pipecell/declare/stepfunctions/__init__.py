"""The Step Functions Data Science SDK: the only room of ours that imports it, and only while it works.

Its states become a definition by its own ``Graph``. A cell may also hold a whole machine as Amazon
States Language; no SDK is needed for that.
"""

from __future__ import annotations

from pipecell.declare.stepfunctions.compilation import compile  # noqa: A004 - the engine's verb
from pipecell.declare.stepfunctions.hooks import offline_cell, root_level_kept
from pipecell.declare.stepfunctions.machine_text import is_machine, machine_runner, read_machine

__all__ = ["compile", "is_machine", "machine_runner", "offline_cell", "read_machine", "root_level_kept"]
