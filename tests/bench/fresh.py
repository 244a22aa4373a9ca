"""Running a piece of Python in a fresh process that prints one number."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

# Without these, importing an AWS SDK asks the network who we are, or reports that it was used.
OFFLINE = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return this environment without the user's AWS settings, and with a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **OFFLINE, **nowhere, "PIPECELL_HOME": str(home), **more}


def measure(code: str, env: dict[str, str], times: int = 5) -> float:
    """Return the median of what ``code`` prints last, a number of seconds, over fresh processes."""
    answers = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr or done.stdout)
        answers.append(float(done.stdout.split()[-1]))
    return statistics.median(answers)
