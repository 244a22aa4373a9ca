"""The log groups of Lambda functions: what each printed, one stream a function.

On AWS each environment of a function has a stream of its own; here all of a function's processes share one.
"""

from __future__ import annotations

from pathlib import Path

from pipecell.local.work.joblog import LogStream

PREFIX = "/aws/lambda/"
STREAM = "local/[$LATEST]"
"""The name of a function's only stream."""


class FunctionLogs:
    """Logs of functions, by their log group.

    Args:
        folder: where the runner of functions keeps them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def groups(self) -> dict[str, float]:
        """Return the groups of the functions that have run, with the epoch seconds of their logs."""
        if not self._folder.is_dir():
            return {}
        found = sorted(self._folder.glob("*.log"))
        return {f"{PREFIX}{path.stem}": path.stat().st_ctime for path in found}

    def log(self, group: str) -> LogStream | None:
        """Return the log of a group; None where no such function has run."""
        path = self._folder / f"{group.removeprefix(PREFIX)}.log"
        if not group.startswith(PREFIX) or path.parent != self._folder or not path.is_file():
            return None
        return LogStream("local", path, path.with_suffix(".index"))
