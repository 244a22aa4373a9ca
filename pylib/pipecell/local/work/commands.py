"""Jobs of other services than SageMaker: Glue's Python shell, and commands that stand in for tasks.

They are jobs like all others — a supervisor each, taken up again after a crash — but nobody is told of
their ends: whoever wants to know asks.
"""

from __future__ import annotations

import threading

from pipecell.local.home import Home
from pipecell.local.work.jobs import Jobs
from pipecell.local.work.lifecycle.processes import endpoint_environment

KINDS = ("glue", "command")


class Commands:
    """Supervises them.

    Args:
        home: where jobs are.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._made: Jobs | None = None
        self._lock = threading.Lock()

    @property
    def jobs(self) -> Jobs:
        """What supervises them; made at the first use, when the endpoint's address is known."""
        with self._lock:
            if self._made is None:
                environment = endpoint_environment(self._home)
                # Kept, because whoever asks reads the result from the job's own folder.
                self._made = Jobs(self._home, _nobody, environment=environment, kinds=KINDS, keep=True)
            return self._made

    def resume(self) -> None:
        """Take up every job that still needs attention; without one nothing is made yet."""
        active = self._home.jobs_folder / "active"
        if any(True for kind in KINDS for _ in (active / kind).glob("*")):
            self.jobs.resume()

    def close(self) -> None:
        """Stop watching; jobs that run go on."""
        with self._lock:
            if self._made is not None:
                self._made.close()


def _nobody(kind: str, name: str) -> None:
    """Tell nobody of an end."""
