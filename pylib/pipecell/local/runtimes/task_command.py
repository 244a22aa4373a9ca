"""Runs a command that stands in for a task of a state machine: input on stdin, output from stdout.

Started as ``python task_command.py INPUT OUTPUT COMMAND …`` by a job's supervisor. What the command prints
goes into the job's log at once; the end of it is kept in OUTPUT, where `pipecell` reads the task's result.
Standard library only: any interpreter may run it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

#: Bytes of stdout that are kept; a task's result has at most 256 KiB.
KEPT = 1024 * 1024
_CHUNK = 65536


def main(source: str, target: str, command: list[str]) -> int:
    """Run the command and return its exit code: 128 + N for signal N."""
    # The command gets the signals that stop the job, too; this process only waits for its end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    kept = b""
    with Path(source).open("rb") as stdin:
        try:
            process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE)
        except OSError as error:
            sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
            return 127
    assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
    while chunk := os.read(process.stdout.fileno(), _CHUNK):
        os.write(1, chunk)
        kept = (kept + chunk)[-KEPT:]
    code = process.wait()
    Path(target).write_bytes(kept)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
