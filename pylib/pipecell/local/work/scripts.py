"""Script mode: what the framework images' training toolkit makes of a user's entry point."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

REQUIREMENTS = "requirements.txt"


def script_command(python: str, script: Mapping[str, Any], folder: str) -> list[str]:
    """Return the command that runs a script, as sagemaker-training-toolkit chooses it.

    Args:
        python: the user's interpreter.
        script: a `Script` as JSON.
        folder: where it was extracted, on the host.

    Returns:
        a shell command for ``.sh`` and other programs, ``python -m`` where the code is a package with
        ``setup.py``, else the script; requirements are seen to first.
    """
    program, arguments = script["program"], list(script["arguments"])
    names = os.listdir(folder)
    if program.endswith(".sh") or not (program.endswith(".py") or "setup.py" in names):
        command = ["/bin/sh", "-c", shlex.join([f"./{program}", *arguments])]
        _make_executable(f"{folder}/{program}")
    elif "setup.py" in names:
        command = [python, "-m", program.removesuffix(".py").replace("/", "."), *arguments]
    else:
        command = [python, program, *arguments]
    if REQUIREMENTS in names:
        # Through the shim: it installs nothing that is there, and nothing into the user's environment.
        return ["/bin/sh", "-c", f'pip install -r {REQUIREMENTS} && exec "$@"', "sh", *command]
    return command


def _make_executable(path: str) -> None:
    if os.path.isfile(path):
        os.chmod(path, 0o755)  # noqa: S103 - it is the user's program
